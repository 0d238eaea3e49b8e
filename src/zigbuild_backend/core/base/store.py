"""The store: a folder of caches on this machine.

Its entries are content-addressed or guarded by a lock, so that processes can share it, and one that is killed leaves no
entry half-written. To delete it costs time, never data.
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
_UNLOCKED = 3600.0  # seconds after which a temporary folder that no process holds is deleted
_ABANDONED = 86400.0  # the same, if it is not known whether a process holds it


@dataclass(frozen=True)
class Store:
    """The caches below one folder, which is made for the first entry."""

    root: Path

    def folder(self, *parts: str) -> Path:
        """Return the folder of that name, after making it if it is missing."""
        folder = self.root.joinpath(*parts)
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def keep(self, parts: tuple[str, ...], make: Callable[[Path], None]) -> Path:
        """Return the file or folder of that name; if it is missing, ``make(path)`` makes it at a temporary path first.

        It appears whole or not at all. If two processes make it at once, the result of the second is dropped.
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
        """Make a new private folder inside the one of that name, and remove it afterwards.

        Folders of processes that were killed are removed, too.
        """
        parent = self.folder(*parts)
        remove_abandoned(parent.glob(f"{_NEW}*"))
        with temporary_folder(parent) as folder:
            yield folder

    def keep_tree(self, kind: str, files: Mapping[str, bytes]) -> Path:
        """Return a folder that holds *files* (relative path → content), named by :func:`digest_tree`."""

        def make(folder: Path) -> None:
            for name, data in files.items():
                path = folder / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data)

        return self.keep((kind, digest_tree(files)), make)


def default_store(environ: Mapping[str, str]) -> Store:
    """Return the user's store: ``ZIGBUILD_CACHE_DIR``, else ``zigbuild`` in the platform's cache folder.

    If no cache folder is known or writable, it is a private folder among the temporary files: builds work without HOME,
    and only take longer.

    :raises ZigbuildError: if that folder belongs to another user.
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
    """Return the sha256 (hex) over the paths of *files* and the sha256 of their contents, in the order of the paths."""
    total = hashlib.sha256()
    for name in sorted(files):
        total.update(f"{name}\0{hashlib.sha256(files[name]).hexdigest()}\n".encode())
    return total.hexdigest()


def digest_file(path: Path) -> str:
    """Return the sha256 (hex) of a file, read block by block."""
    with path.open("rb") as file:
        return digest_stream(file)


def digest_stream(file: BinaryIO) -> str:
    """Return the sha256 (hex) of *file* from its position on, read block by block."""
    digest = hashlib.sha256()
    while block := file.read(_BLOCK):
        digest.update(block)
    return digest.hexdigest()


@contextlib.contextmanager
def temporary_folder(parent: Path) -> Iterator[Path]:
    """Make a new private folder inside *parent*, and remove it with its files afterwards.

    It is locked meanwhile, so that :func:`remove_abandoned` spares it.
    """
    folder = parent / f"{_NEW}{os.urandom(8).hex()}"
    folder.mkdir(mode=0o700)
    try:
        with _held(folder):
            yield folder
    finally:
        _remove(folder)


def remove_abandoned(folders: Iterable[Path]) -> None:
    """Remove those of *folders*, made by :func:`temporary_folder`, whose process was killed."""
    for folder in folders:
        with contextlib.suppress(OSError), _held(folder) as is_ours:
            # Time alone or the lock alone is not enough: a folder exists before its lock, which another machine that
            # shares the file system may not see.
            patience = _ABANDONED if is_ours is None else _UNLOCKED
            if is_ours is not False and time.time() - folder.lstat().st_mtime > patience:
                _remove(folder)


def write_atomically(path: Path, data: bytes) -> None:
    """Write *path* whole or not at all; its folder must exist."""
    with temporary_folder(path.parent) as scratch:
        made = scratch / path.name
        made.write_bytes(data)
        made.replace(path)


@contextlib.contextmanager
def hold_lock(path: Path) -> Iterator[bool]:
    """Try to lock the file *path*; yield whether this process holds it. The system frees it if the process dies."""
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
        """Yield None: folders cannot be locked here, so it is not known whether another process holds *folder*."""
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
        """Try to lock *folder*; yield whether this process holds it. The system frees it if the process dies."""
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
