"""Many clients at once: what they ask an index for, and what they were answered."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections import Counter, defaultdict
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from servers import Running, opened
from zigbuild_backend.core.base.store import default_store
from zigbuild_backend.index import eviction as evict


@dataclass(frozen=True)
class Release:
    """Wheels and their sdist in ``folder``; one more wheel, ``spare``; and the repository ``data`` without the spare.

    Every wheel in it counts as proven. ``hashes`` are those of the wheels there, by their names.
    """

    folder: Path
    spare: Path
    data: Path
    hashes: Mapping[str, str]


def share_caches(data: Path) -> None:
    """Let the repository in *data* have all of the user's caches but for what was compiled of projects."""
    cache = data / "cache"
    cache.unlink()
    cache.mkdir()
    for path in default_store(os.environ).root.iterdir():
        if path.name not in ("work", "zig-local"):
            (cache / path.name).symlink_to(path)


def drop_altogether(data: Path, *names: str) -> None:
    """Drop the bytes of wheels that count as proven, members and all."""
    with opened(data) as repository:
        files = [repository.ledger.find(name) for name in names]
        report = evict.evict(repository, files, is_purge=True)
        assert not report.refused, report.refused
        assert {repository.presence(file) for file in files} == {"dropped"}


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def count_ways(server: Running) -> Mapping[str, Counter[str]]:
    """By what way files were brought back, and how often each was, by the log."""
    ways: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for line in server.read_log():
        if line["event"] == "recreation":
            ways[line["way"]][line["file"]] += 1
    return ways


class CountedBuilds:
    """A folder for PATH in which bubblewrap notes each build of what is in a repository before it begins."""

    def __init__(self, folder: Path) -> None:
        self._noted = folder / "builds"
        bwrap = folder / "bin" / "bwrap"
        bwrap.parent.mkdir(parents=True)
        noting = f'case "$*" in */blobs/*) echo >>"{self._noted}" ;; esac'
        bwrap.write_text(f'#!/bin/sh\n{noting}\nexec {shutil.which("bwrap")} "$@"\n')
        bwrap.chmod(0o755)
        self.environ = {"PATH": f"{bwrap.parent}{os.pathsep}{os.environ['PATH']}"}

    def __len__(self) -> int:
        return len(self._noted.read_bytes()) if self._noted.exists() else 0


def find_processes(data: Path) -> list[str]:
    """Return the command lines of the processes that are at work on the repository in *data*."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            line = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
            if str(data) in line and path.parent.name != str(os.getpid()):
                found.append(line)
    return found


def find_leftovers(data: Path) -> list[Path]:
    """Return what processes left half done in the repository in *data*, or put aside, except shared caches."""
    patterns = ("quarantine/builds/*/lock", "*/.incoming/*/*", "cache/work/*/.new-*", "cache/work/*/*/artifacts/*")
    patterns += ("cache/work/*/cache/tmp/*", "cache/work/*/cache/apart/*/tmp/*")
    patterns += ("cache/zig-local/.new-*", "cache/zig-local/tmp/*")
    found = [path for path in (data / "quarantine").glob("*") if path.name != "builds"]
    return [*found, *data.glob(".new-*"), *(path for pattern in patterns for path in data.glob(pattern))]
