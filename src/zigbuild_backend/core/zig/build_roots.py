"""Build roots: folders of the store into which a project is staged, so that zig sees its files and nothing else.

A project of the same name gets the same folder each time, wherever its own folder is: paths are part of zig's cache
keys, so an isolated build of a fresh copy finds what was compiled before. Builds that run at once get one folder each.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import count
from pathlib import Path

from ..base import store_folders
from ..base.frozen import dataclass
from ..base.store import Store, hold_lock

_PAUSE = 0.05  # seconds
_MADE = ("cache", "generated")
"""Folders of what is kept of a project from one build to the next."""


@dataclass(frozen=True)
class Workspace:
    """A build root that one build has to itself, and the folder that artifacts are installed into.

    ``cache`` is zig's local cache for the project. zig keeps one compiled build.zig in a cache, so that projects that
    shared one would compile theirs again, for seconds, whenever they take turns.
    """

    root: Path
    artifacts: Path
    cache: Path

    def apart(self, found: Iterable[str]) -> Workspace:
        """Return the workspace with a cache for what is *found* on search paths: names of headers, digests of folders.

        zig looks again at the files that it has read: not at one that stands before them by now, or is asked for by
        ``__has_include``, nor at the libraries that a library of an SDK stands for.
        """
        name = hashlib.sha256("\0".join(found).encode("utf-8", "surrogateescape")).hexdigest()
        return replace(self, cache=self.cache / "apart" / name)

    def stage(self, files: Mapping[str, bytes], links: Mapping[str, Path]) -> None:
        """Make the build root hold exactly *files* (path → content) and *links* (path → folder on this machine).

        What is right already is left alone, so that zig need not look at it again.
        """
        wanted = {*files, *links}
        folders = {parent for path in wanted for parent in _parents(path)}
        for path in list(_walk(self.root)):
            if path not in wanted and path not in folders:
                _remove(self.root / path)
        for folder in sorted(folders):
            _make_folder(self.root / folder)
        for path, data in files.items():
            _write_if_other(self.root / path, data)
        for path, target in links.items():
            _link(self.root / path, target)


@contextlib.contextmanager
def open_workspace(store: Store, name: str) -> Iterator[Workspace]:
    """Yield a build root for the project *name*, with an empty folder for artifacts."""
    parent = store.folder(store_folders.WORK, name)
    for number in count():
        with hold_lock(parent / f"{number}.lock") as is_ours:
            if is_ours:
                folder = parent / str(number)
                workspace = Workspace(folder / "root", folder / "artifacts", parent / "cache")
                workspace.root.mkdir(parents=True, exist_ok=True)
                shutil.rmtree(workspace.artifacts, ignore_errors=True)
                workspace.artifacts.mkdir(parents=True, exist_ok=True)
                yield workspace
                shutil.rmtree(workspace.artifacts, ignore_errors=True)
                return


def clear_workspace(store: Store, name: str) -> None:
    """Remove all generated and compiled files of the project *name*, as soon as no build of it runs."""
    parent = store.folder(store_folders.WORK, name)
    with contextlib.ExitStack() as stack, store.scratch(store_folders.WORK, name) as scratch:
        for lock in sorted(parent.glob("*.lock")):  # in this order everywhere, so that two do not wait for each other
            while not stack.enter_context(hold_lock(lock)):
                time.sleep(_PAUSE)
        for made in _MADE:
            with contextlib.suppress(FileNotFoundError):
                (parent / made).rename(scratch / made)


def _parents(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:end]) for end in range(1, len(parts))]


def _walk(root: Path) -> Iterator[str]:
    """Yield every path below *root*: a folder before its content, and links without following them."""
    pending = [""]
    while pending:
        prefix = pending.pop()
        with os.scandir(root / prefix) as entries:
            for entry in entries:
                path = prefix + entry.name
                yield path
                if entry.is_dir(follow_symlinks=False) and (root / path).is_dir():
                    pending.append(path + "/")


def _remove(path: Path) -> None:
    if path.is_symlink() or not path.is_dir():
        path.unlink(missing_ok=True)
    else:
        shutil.rmtree(path)


def _make_folder(path: Path) -> None:
    """Make *path* a folder, not a link: files are written into it."""
    if path.is_symlink() or path.is_file():
        path.unlink()
    path.mkdir(exist_ok=True)


def _write_if_other(path: Path, data: bytes) -> None:
    if path.is_symlink() or path.is_dir():
        _remove(path)
    elif path.is_file() and path.stat().st_size == len(data) and path.read_bytes() == data:
        return
    path.write_bytes(data)


def _link(path: Path, folder: Path) -> None:
    """Make *path* a symbolic link to *folder*, or a copy of it where the system refuses links."""
    if path.is_symlink() and path.readlink() == folder:
        return
    if path.exists() or path.is_symlink():
        _remove(path)
    try:
        path.symlink_to(folder, target_is_directory=True)
    except OSError:
        shutil.copytree(folder, path)
