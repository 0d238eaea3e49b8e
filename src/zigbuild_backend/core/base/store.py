"""The store: a folder on this machine that holds what was made once and may be made again (its caches).

Everything in it is content-addressed or guarded by a lock, so that several processes share it and one that is killed
leaves nothing half-written behind. Deleting it costs time, never data.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

from .errors import ZigbuildError
from .frozen import dataclass

_BLOCK = 1 << 20
_NEW = ".new-"
_UNLOCKED = 3600.0  # seconds after which a temporary folder that nobody holds is deleted
_ABANDONED = 86400.0  # the same, where it can't be told whether somebody holds it


@dataclass(frozen=True)
class Store:
    """The caches below one folder, which is made when something is first kept."""

    root: Path

    def folder(self, *parts: str) -> Path:
        """The folder of that name, made if need be."""
        folder = self.root.joinpath(*parts)
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def keep(self, parts: tuple[str, ...], make: Callable[[Path], None]) -> Path:
        """The file or folder of that name; if it is not there, ``make(path)`` makes it at a temporary place first.

        It appears whole or not at all. Of two processes that make it at once the first wins and the other's is dropped.
        """
        final = self.root.joinpath(*parts)
        if final.exists():
            return final
        with self.scratch(*parts[:-1]) as scratch:
            made = scratch / parts[-1]
            make(made)
            try:
                made.rename(final)
            except OSError:
                if not final.exists():
                    raise
        return final

    @contextlib.contextmanager
    def scratch(self, *parts: str) -> Iterator[Path]:
        """A new private folder inside the one of that name, removed afterwards.

        What processes that were killed have left there is deleted.
        """
        parent = self.folder(*parts)
        clear_left(parent.glob(f"{_NEW}*"))
        with temporary_folder(parent) as folder:
            yield folder

    def keep_tree(self, kind: str, files: Mapping[str, bytes]) -> Path:
        """A folder that holds *files* (relative path to content), named by :func:`digest_tree`."""

        def make(folder: Path) -> None:
            for name, data in files.items():
                path = folder / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data)

        return self.keep((kind, digest_tree(files)), make)


def default_store(environ: Mapping[str, str]) -> Store:
    """The user's store: ``ZIGBUILD_CACHE_DIR``, else ``zigbuild`` in the platform's cache folder.

    Where neither is set, or the folder cannot be written, it is a private folder among the temporary files: builds work
    without HOME, and only cost more time.
    """
    if chosen := environ.get("ZIGBUILD_CACHE_DIR"):
        return Store(Path(chosen).absolute())
    candidates: list[Path] = []
    if sys.platform == "win32":
        candidates += [Path(environ[key]) for key in ("LOCALAPPDATA",) if environ.get(key)]
    else:
        candidates += [Path(environ[key]) for key in ("XDG_CACHE_HOME",) if environ.get(key)]
        if home := environ.get("HOME"):
            candidates.append(Path(home, "Library/Caches" if sys.platform == "darwin" else ".cache"))
    for candidate in candidates:
        root = candidate.absolute() / "zigbuild"
        if _is_writable(root):
            return Store(root)
    user = os.getuid() if sys.platform != "win32" else "user"
    import tempfile

    root = Path(tempfile.gettempdir(), f"zigbuild-{user}")
    root.mkdir(mode=0o700, exist_ok=True)
    if sys.platform != "win32" and root.stat().st_uid != os.getuid():
        raise ZigbuildError(
            "belongs to another user", where=str(root), hint="set ZIGBUILD_CACHE_DIR to a folder of yours"
        )
    return Store(root)


def digest_tree(files: Mapping[str, bytes]) -> str:
    """The sha256 (hex) of a set of files: over each path and the sha256 of its content, in the order of the paths."""
    total = hashlib.sha256()
    for name in sorted(files):
        total.update(f"{name}\0{hashlib.sha256(files[name]).hexdigest()}\n".encode())
    return total.hexdigest()


def digest_file(path: Path) -> str:
    """The sha256 (hex) of a file, which may be larger than memory."""
    with path.open("rb") as file:
        return digest_stream(file)


def digest_stream(file: BinaryIO) -> str:
    """The sha256 (hex) of what *file* holds from where it stands."""
    digest = hashlib.sha256()
    while block := file.read(_BLOCK):
        digest.update(block)
    return digest.hexdigest()


@contextlib.contextmanager
def temporary_folder(parent: Path) -> Iterator[Path]:
    """A new private folder inside *parent*, removed afterwards with all that is still in it.

    It is held as long as this process lives: see :func:`clear_left`.
    """
    folder = parent / f"{_NEW}{os.urandom(8).hex()}"
    folder.mkdir(mode=0o700)
    try:
        with _held(folder):
            yield folder
    finally:
        _remove(folder)


def clear_left(folders: Iterable[Path]) -> None:
    """Deletes those of *folders*, made by :func:`temporary_folder`, that processes which were killed have left."""
    for folder in folders:
        with contextlib.suppress(OSError), _held(folder) as is_ours:
            # Neither alone would do: a lock comes after its folder, and may not be seen from another machine.
            patience = _ABANDONED if is_ours is None else _UNLOCKED
            if is_ours is not False and time.time() - folder.lstat().st_mtime > patience:
                _remove(folder)


def write_atomically(path: Path, data: bytes) -> None:
    """Writes *path* whole or not at all; its folder must exist."""
    with temporary_folder(path.parent) as scratch:
        made = scratch / path.name
        made.write_bytes(data)
        made.replace(path)


@contextlib.contextmanager
def locked(path: Path) -> Iterator[bool]:
    """Tries to hold the lock file *path*; yields whether it is ours. The system frees it if this process dies."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+b") as file:
        is_ours = _try_lock(file.fileno())
        try:
            yield is_ours
        finally:
            if is_ours:
                _unlock(file.fileno())


if sys.platform == "win32":
    import msvcrt

    def _try_lock(descriptor: int) -> bool:
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def _unlock(descriptor: int) -> None:
        os.lseek(descriptor, 0, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)

    @contextlib.contextmanager
    def _held(folder: Path) -> Iterator[bool | None]:  # noqa: ARG001
        """Folders can't be locked here, so that it is not known whether somebody holds *folder*."""
        yield None

else:
    import fcntl

    def _try_lock(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _unlock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_UN)

    @contextlib.contextmanager
    def _held(folder: Path) -> Iterator[bool | None]:
        """Tries to hold the lock of *folder*; yields whether it is ours. The system frees it if this process dies."""
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            yield _try_lock(descriptor)
        finally:
            os.close(descriptor)


def _remove(folder: Path) -> None:
    import shutil

    shutil.rmtree(folder, ignore_errors=True)


def _is_writable(root: Path) -> bool:
    try:
        root.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return os.access(root, os.W_OK | os.X_OK)


def link_or_copy(source: str, target: str) -> None:
    """Make *target* a hard link of the file *source*, or a copy where the file system has no links."""
    try:
        os.link(source, target)
    except OSError:
        import shutil

        shutil.copy2(source, target)  # with its time: bytecode is valid for that of its source
