"""Bytes, by their sha256: kept in files that appear whole or not at all, and never given out altered.

A file is read and compared with its hash when it is first seen, and again whenever the system says that it was touched;
one that is not what its name says is moved out of the way, and counts as absent.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
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
from .row_signatures import sync_folder

_NAME = re.compile("[0-9a-f]{64}")
_BLOCK = 1 << 20
_TICK = 100_000_000
"""Nanoseconds, more than those that clocks of file systems advance by."""

_PAUSE = 0.01  # seconds

Fingerprint = tuple[int, int, int, int]
"""Inode, size, and the times of the last changes of content and of status in nanoseconds."""


class Blobs(Protocol):
    """Bytes by their sha256 (hex). Threads and processes may use one place at once."""

    def has(self, sha256: str) -> bool:
        """Whether the bytes are there, as far as can be told without reading them."""

    def size(self, sha256: str) -> int:
        """Their size in bytes.

        :raises NotFoundError: if they are not there.
        """

    def find_path(self, sha256: str) -> Path | None:
        """A file on this machine that holds exactly these bytes, or None if they are not there."""

    def find_seen(self, sha256: str) -> Path | None:
        """As :meth:`find_path`, but None too if telling would take more than a look at the file system."""

    def add(self, source: Path | Iterable[bytes], sha256: str) -> Path:
        """Keeps the bytes of a file, or the blocks that come, for good; gives a file with them.

        :raises MismatchError: if they have another hash; nothing is kept then.
        :raises WriteError: if there is no room, or the system refuses.
        """

    def remove(self, sha256: str) -> None:
        """Deletes the bytes, if they are there."""

    def list(self) -> Iterator[str]:
        """The hashes of all that is there."""

    def close(self) -> None:
        """Lets go of what is held open; it is taken up again when it is needed."""


class LocalBlobs:
    """The files below *folder*; what is found altered ends in *quarantine*. Both are made when they are needed."""

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
            raise NotFoundError("these bytes are not there", where=sha256) from None

    def find_path(self, sha256: str) -> Path | None:
        if path := self.find_seen(sha256):
            return path
        # Threads that ask for the same bytes wait for the one that reads them.
        with self._verifying[hash(sha256) % len(self._verifying)]:
            return self.find_seen(sha256) or self._verify(sha256)

    def find_seen(self, sha256: str) -> Path | None:
        if seen := self._seen.get(sha256):
            place, fingerprint = seen
            with suppress(OSError):
                return place if _fingerprint(os.lstat(place)) == fingerprint else None
        return None

    def add(self, source: Path | Iterable[bytes], sha256: str) -> Path:
        if path := self.find_path(sha256):
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
            yield from sorted(path.name for path in folder.iterdir() if _NAME.fullmatch(path.name))

    def clean(self) -> None:
        """Deletes what processes that died have left half-written."""
        self._incoming.clean()

    def close(self) -> None:
        self._incoming.close()

    def _place(self, sha256: str) -> Path:
        if not _NAME.fullmatch(sha256):
            raise NotFoundError("is no sha256 in hex", where=ascii(sha256))
        return self.folder / sha256[:2] / sha256

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
                        f"what came has the sha256 {digest.hexdigest()}", where=sha256, hint="none of it was kept"
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
        """The file, read and found to be what its name says; one that is not is moved away."""
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
        except OSError:  # what cannot be read is as good as absent
            return None
        if digest.hexdigest() != sha256:
            self._quarantine(place, before[0])
            return None
        # A change within the same tick of the clock would not be told from none: look again next time.
        if before == after and time.time_ns() - max(after[2:]) > _TICK:
            self._seen[sha256] = place, after
        return place

    def _quarantine(self, place: Path, inode: int | None = None) -> None:
        """Moves a bad file away, and back if it is not the one with that *inode*: somebody may have put a good one."""
        self._seen.pop(place.name, None)
        away = self.quarantine / f"{place.name}-{secrets.token_hex(4)}"
        with suppress(OSError):
            self.quarantine.mkdir(parents=True, exist_ok=True)
            place.rename(away)
            if inode is not None and away.lstat().st_ino != inode:
                away.replace(place)


class PartialFiles:
    """Files that are not complete yet, in a folder of this process; those of processes that died can be told."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._gate = folder / "lock"
        self._own: Path | None = None
        self._lock = ExitStack()
        self._opening = threading.Lock()

    @contextmanager
    def new_file(self, place: Path) -> Iterator[Path]:
        """A path where a file can be made; what is still there afterwards is deleted. *place* is for messages."""
        with _writing(place):
            path = self._open() / secrets.token_hex(8)
        try:
            yield path
        finally:
            with suppress(OSError):
                path.unlink(missing_ok=True)

    def clean(self) -> None:
        """Deletes the folders of processes that died, unless another process does so, or begins to write."""
        with suppress(OSError), hold_lock(self._gate) as is_ours:
            for folder in self._folder.glob("*/") if is_ours else ():
                with suppress(OSError), hold_lock(folder / "lock") as is_left:
                    if is_left:
                        shutil.rmtree(folder, ignore_errors=True)

    def close(self) -> None:
        """Gives the folder of this process up; nothing may be under way in it."""
        with self._opening:
            if self._own:
                shutil.rmtree(self._own, ignore_errors=True)
            self._own = None
            self._lock.close()

    def _open(self) -> Path:
        """The folder of this process, whose lock is held as long as it lives. Nobody cleans while one is made."""
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
            hint = "make room there; what was kept earlier is safe"
        raise WriteError(f"cannot be written: {error.strerror}", where=str(place), hint=hint) from error


def _write(file: FileIO, block: bytes) -> None:
    rest = memoryview(block)
    while rest:
        rest = rest[file.write(rest) :]


def _fingerprint(status: os.stat_result) -> Fingerprint:
    return status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
