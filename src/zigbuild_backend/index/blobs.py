"""Bytes by their sha256, in files that appear complete or not at all, and are never returned altered.

A file is hashed when it is first used, and again whenever its inode, size or times changed. A file whose bytes do not
have the hash in its name is moved to the quarantine, and counts as absent.
"""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
import shutil
import stat
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from io import FileIO
from pathlib import Path
from typing import Protocol

from ..core.archive.archive_writer import WriteError
from ..core.base.errors import MismatchError, NotFoundError
from ..core.base.store import hold_lock
from .files import is_sha256
from .row_signatures import sync_folder

_BLOCK = 1 << 20
_TICK = 100_000_000
"""Nanoseconds, more than the clock resolution of any file system."""

_PAUSE = 0.01  # seconds

Fingerprint = tuple[int, int, int, int]
"""Inode, size, and the times of the last changes of content and of metadata, in nanoseconds."""


class Blobs(Protocol):
    """A store of bytes by their sha256 (hex). Threads and processes can use one concurrently."""

    def has(self, sha256: str) -> bool:
        """Return whether the bytes are stored, without reading them."""

    def size(self, sha256: str) -> int:
        """Return the size in bytes.

        :raises NotFoundError: if the bytes are not stored.
        """

    def verified_path(self, sha256: str) -> Path | None:
        """Return a local file with exactly these bytes, or None if they are not stored."""

    def unchanged_path(self, sha256: str) -> Path | None:
        """Return the local file if it was verified before and is unchanged since, else None; its bytes are not read."""

    def add(self, source: Path | Iterable[bytes], sha256: str) -> Path:
        """Store the bytes of a file, or of an iterable of blocks, and return a local file with them.

        :raises MismatchError: if they have another hash; nothing is stored then.
        :raises WriteError: if the disk is full, or the system refuses to write.
        """

    def remove(self, sha256: str) -> None:
        """Delete the bytes, if they are stored."""

    def list(self) -> Iterator[str]:
        """Yield the hashes of all stored bytes."""

    def close(self) -> None:
        """Release locks and temporary folders; the next use takes them again."""


class LocalBlobs:
    """Files below *folder*; altered ones are moved to *quarantine*. Both folders are created on first use."""

    def __init__(self, folder: Path, quarantine: Path) -> None:
        self.folder = folder
        self.quarantine = quarantine
        self._seen: dict[str, tuple[Path, Fingerprint]] = {}
        self._verifying = [threading.Lock() for _ in range(16)]
        self._incoming = PartialFiles(folder / ".incoming")

    def has(self, sha256: str) -> bool:
        return self._place(sha256).is_file()

    def size(self, sha256: str) -> int:
        try:
            return self._place(sha256).stat().st_size
        except OSError:
            raise NotFoundError("is not stored", where=sha256) from None

    def verified_path(self, sha256: str) -> Path | None:
        if path := self.unchanged_path(sha256):
            return path
        # Threads that ask for the same bytes wait for the one that hashes them.
        with self._verifying[hash(sha256) % len(self._verifying)]:
            return self.unchanged_path(sha256) or self._verify(sha256)

    def unchanged_path(self, sha256: str) -> Path | None:
        if seen := self._seen.get(sha256):
            place, fingerprint = seen
            with suppress(OSError):
                return place if _fingerprint(os.lstat(place)) == fingerprint else None
        return None

    def add(self, source: Path | Iterable[bytes], sha256: str) -> Path:
        if path := self.verified_path(sha256):
            return path
        place = self._place(sha256)
        if isinstance(source, Path):
            with source.open("rb") as file:
                return self._add(iter(lambda: file.read(_BLOCK), b""), sha256, place)
        return self._add(source, sha256, place)

    def remove(self, sha256: str) -> None:
        self._place(sha256).unlink(missing_ok=True)
        self._seen.pop(sha256, None)

    def list(self) -> Iterator[str]:
        for folder in sorted(self.folder.glob("[0-9a-f][0-9a-f]")):
            yield from sorted(path.name for path in folder.iterdir() if is_sha256(path.name))

    def clean(self) -> None:
        """Delete the half-written files of processes that died."""
        self._incoming.clean()

    def close(self) -> None:
        self._incoming.close()

    def _place(self, sha256: str) -> Path:
        return self.folder / render_blob_key(sha256)

    def _add(self, blocks: Iterable[bytes], sha256: str, place: Path) -> Path:
        digest = hashlib.sha256()
        with self._incoming.new_file(place) as path:
            with _writing(place):
                file = path.open("xb", buffering=0)
            with file:
                for block in blocks:
                    digest.update(block)
                    with _writing(place):
                        _write(file, block)
                if digest.hexdigest() != sha256:
                    raise MismatchError(
                        f"the received bytes have the sha256 {digest.hexdigest()}",
                        where=sha256,
                        hint="try again",
                    )
                with _writing(place):
                    os.fsync(file.fileno())
            with _writing(place):
                path.chmod(0o444)
                is_new = not place.parent.is_dir()
                place.parent.mkdir(exist_ok=True)
                path.replace(place)
                sync_folder(place.parent)
                if is_new:
                    sync_folder(self.folder)
        self._seen[sha256] = place, _fingerprint(place.lstat())
        return place

    def _verify(self, sha256: str) -> Path | None:
        """Return the file if its bytes have the hash, else None; a file with other bytes is moved to the quarantine."""
        place = self._place(sha256)
        try:
            if not stat.S_ISREG(place.lstat().st_mode):
                self._quarantine(place)
                return None
            with place.open("rb") as file:
                before = _fingerprint(os.fstat(file.fileno()))
                digest = hashlib.sha256()
                while block := file.read(_BLOCK):
                    digest.update(block)
                after = _fingerprint(os.fstat(file.fileno()))
        except OSError:  # an unreadable file counts as absent
            return None
        if digest.hexdigest() != sha256:
            self._quarantine(place, before[0])
            return None
        # A change within the current tick of the clock would leave the fingerprint as it is: verify again next time.
        if before == after and time.time_ns() - max(after[2:]) > _TICK:
            self._seen[sha256] = place, after
        return place

    def _quarantine(self, place: Path, inode: int | None = None) -> None:
        """Move a bad file away; move it back if its inode is not *inode*, since another process has replaced it."""
        self._seen.pop(place.name, None)
        away = self.quarantine / f"{place.name}-{secrets.token_hex(4)}"
        with suppress(OSError):
            self.quarantine.mkdir(parents=True, exist_ok=True)
            place.rename(away)
            if inode is not None and away.lstat().st_ino != inode:
                away.replace(place)


def render_blob_key(sha256: str) -> str:
    """Return the relative path of the bytes: ``ab/abcd…``.

    :raises NotFoundError: if *sha256* is none.
    """
    if not is_sha256(sha256):
        raise NotFoundError("is no sha256 in hex", where=ascii(sha256))
    return f"{sha256[:2]}/{sha256}"


class PartialFiles:
    """Incomplete files, in a folder per process whose lock tells whether the process is alive."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._gate = folder / "lock"
        self._own: Path | None = None
        self._lock = ExitStack()
        self._opening = threading.Lock()

    @contextmanager
    def new_file(self, place: Path) -> Iterator[Path]:
        """Yield the path for a new file, and delete the file if it is still there afterwards; messages name *place*."""
        with _writing(place):
            path = self._open() / secrets.token_hex(8)
        try:
            yield path
        finally:
            with suppress(OSError):
                path.unlink(missing_ok=True)

    def clean(self) -> None:
        """Delete the folders of processes that died, unless another process cleans up or is about to write."""
        with suppress(OSError), hold_lock(self._gate) as is_ours:
            for folder in self._folder.glob("*/") if is_ours else ():
                with suppress(OSError), hold_lock(folder / "lock") as is_left:
                    if is_left:
                        shutil.rmtree(folder, ignore_errors=True)

    def close(self) -> None:
        """Delete the folder of this process; no file may be open in it."""
        with self._opening:
            if self._own:
                shutil.rmtree(self._own, ignore_errors=True)
            self._own = None
            self._lock.close()

    def _open(self) -> Path:
        """Return this process's folder, and lock it until :meth:`close`; nobody cleans up while it is created."""
        with self._opening:
            if self._own is None or not self._own.is_dir():
                self._lock.close()
                with ExitStack() as gate:
                    while not gate.enter_context(hold_lock(self._gate)):
                        time.sleep(_PAUSE)
                    self._own = self._folder / secrets.token_hex(8)
                    self._lock.enter_context(hold_lock(self._own / "lock"))
            return self._own


@contextmanager
def _writing(place: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        hint = "check the permissions of the folder"
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            hint = "free space on that disk; the files stored earlier are intact"
        raise WriteError(f"cannot be written: {error.strerror}", where=str(place), hint=hint) from error


def _write(file: FileIO, block: bytes) -> None:
    rest = memoryview(block)
    while rest:
        rest = rest[file.write(rest) :]


def _fingerprint(status: os.stat_result) -> Fingerprint:
    return status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
