"""Releases in repositories, for tests that drop wheels and want them back."""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from machines import EXAMPLE
from zigbuild_backend.core.base.host import find_host_python
from zigbuild_backend.core.base.store import default_store
from zigbuild_backend.index.adding_files import add_files
from zigbuild_backend.index.files import File
from zigbuild_backend.index.repository import Repository, open_repository
from zigbuild_backend.rebuild.sandbox.command import Command, CompletedCommand, Sandbox

TARGETS = ("manylinux_2_17_x86_64", "win_amd64", "macosx_11_0_arm64")
"""One for each object format."""

OFFLINE = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "", "UV_NO_INDEX": "1"}


def zigbuild(*arguments: str | Path, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run the command line where no index can be reached."""
    return subprocess.run(
        [sys.executable, "-m", "zigbuild_backend", *map(str, arguments)],
        env={**os.environ, **OFFLINE, **(env or {})},
        capture_output=True,
        text=True,
        timeout=900,
    )


def zigbuild_well(*arguments: str | Path) -> str:
    """Run the command line, assert that it succeeds, and return its output."""
    done = zigbuild(*arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def make_release(folder: Path) -> Path:
    """Return a folder with an sdist, and with a wheel for each of :data:`TARGETS`."""
    only = [part for target in TARGETS for part in ("--only", f"{find_host_python()}-{target}")]
    zigbuild_well("wheels", EXAMPLE, *only, "--out", folder, "-q")
    zigbuild_well("sdist", EXAMPLE, "--out", folder)
    return folder


def make_repository(folder: Path, release: Path) -> Path:
    """Return the data folder of a repository with *release*.

    Its caches are the user's: to make the C runtimes of Windows anew takes minutes.
    """
    store = default_store(os.environ)
    (folder / "cache").symlink_to(store.root)
    repository = open_repository(folder, {**os.environ, **OFFLINE}, print)
    for added in add_files(repository, sorted(release.iterdir()), user_store=store, cwd=release):
        assert added.file and not added.notices, added
    repository.close()
    return folder


def copy_repository(folder: Path, original: Path) -> Repository:
    """Return a repository in *folder* that is as the *original* one."""
    return open_repository(Path(shutil.copytree(original, folder, symlinks=True)), {**os.environ, **OFFLINE})


def drop(repository: Repository, *, members: bool = True) -> dict[str, File]:
    """Delete the bytes of all wheels behind the back of everybody, and return the wheels by platform."""
    wheels = {file.name.rpartition("-")[2][:-4]: file for file in repository.ledger.all_files() if file.is_wheel}
    for file in wheels.values():
        repository.blobs.remove(file.sha256)
    if members:
        for sha256 in list(repository.members.list()):
            repository.members.remove(sha256)
    return wheels


def alter(repository: Repository, statement: str, *values: object) -> None:
    """Change the ledger as one who does not have its key."""
    with closing(sqlite3.connect(repository.folder / "ledger.sqlite")) as connection, connection:
        assert connection.execute(statement, values).rowcount


def falsify(repository: Repository, file: File) -> File:
    """Give the wheel *file* another hash in the ledger, as one who has its key could; return the new row."""
    layout, buildinfo = repository.ledger.layout(file.sha256), repository.ledger.buildinfo(file.sha256)
    alter(repository, "DELETE FROM files WHERE name = ?", file.name)
    other = replace(file, sha256=hashlib.sha256(file.sha256.encode()).hexdigest())
    return repository.ledger.record(other, buildinfo=buildinfo, layout=layout)


@dataclass
class CountingSandbox:
    """A sandbox that counts the builds of what is in a repository, and waits for *gate* before each."""

    sandbox: Sandbox
    gate: Callable[[], object] = lambda: None
    builds: int = 0

    def run(self, command: Command, on_tick: Callable[[], None] | None = None) -> CompletedCommand:
        if any("/blobs/" in str(part) for part in command.arguments):
            self.builds += 1
            self.gate()
        return self.sandbox.run(command, on_tick)


def wait_until(is_so: Callable[[], object], seconds: float = 120) -> None:
    """Wait until *is_so*; fail the test if that takes too long."""
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.01)
