"""Files that are being brought back: one flight for each, however many wait for it, and how flights end."""

from __future__ import annotations

import errno
import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from ..core.archive.archive_writer import WriteError
from ..core.base.errors import NotFoundError, ZigbuildError
from .files import File
from .rebuilder import RebuildRequest
from .repository import Repository

_FULL = (os.strerror(errno.ENOSPC), "NoSpaceLeft")
"""What is said of a full disk by the system, and by zig."""

Outcome = Literal["whole", "members", "peer", "upstream", "rebuilt", "mismatch", "failed", "busy"]
"""How a flight ended: by what way the bytes came, or why they did not. ``mismatch`` may also be told on the way."""

OutcomeObserver = Callable[[Outcome, File, float, str], None]
"""Told how a flight ended, for which file, the seconds it took, and the place or the reason, if there is one."""


class BusyError(ZigbuildError):
    """The file is being made again, or too many others are. ``retry_after`` is in seconds."""

    def __init__(self, file: File, retry_after: int) -> None:
        super().__init__("is being made again", where=file.name, hint=f"ask for it again in {retry_after} s")
        self.retry_after = retry_after


@dataclass(eq=False)
class Recreation:
    """A file that is being brought back. ``reasons`` say why the ways that were tried so far failed."""

    file: File
    done: Future[Path] = field(default_factory=Future)
    started: float = field(default_factory=time.monotonic)
    is_counted: bool = False
    order: RebuildRequest | None = None
    reasons: list[str] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.started


class Recreations:
    """All that is under way, of which at most *limit* may be counted."""

    def __init__(self, repository: Repository, limit: int, observe: OutcomeObserver) -> None:
        self._repository = repository
        self._limit = limit
        self._observe = observe
        self._lock = threading.Lock()
        self._by_sha256: dict[str, Recreation] = {}
        self._counted = 0

    def __len__(self) -> int:
        return len(self._by_sha256)

    def __contains__(self, sha256: str) -> bool:
        return sha256 in self._by_sha256

    def oldest_seconds(self) -> float:
        with self._lock:
            return max((flight.seconds for flight in self._by_sha256.values()), default=0.0)

    def join(self, file: File) -> tuple[Recreation, bool]:
        """The flight of *file*, and whether it begins with this."""
        with self._lock:
            if flight := self._by_sha256.get(file.sha256):
                return flight, False
            flight = self._by_sha256[file.sha256] = Recreation(file)
            return flight, True

    def count(self, flight: Recreation) -> bool:
        """Counts a flight that will take its time; gives whether there was room for it."""
        with self._lock:
            flight.is_counted = self._counted < self._limit
            self._counted += flight.is_counted
            return flight.is_counted

    def land(self, flight: Recreation, result: Path | ZigbuildError, kind: Outcome, reason: str = "") -> None:
        """Ends a flight, for all who wait for it."""
        with self._lock:
            del self._by_sha256[flight.file.sha256]
            self._counted -= flight.is_counted
        self._observe(kind, flight.file, flight.seconds, reason)
        if isinstance(result, Path):
            flight.done.set_result(result)
        else:
            flight.done.set_exception(result)

    def fail(self, flight: Recreation, reason: str, kind: Outcome = "failed") -> None:
        """Ends a flight, if it goes on, and remembers why, unless it was only that a build found the disk full."""
        if flight.done.done():
            return
        reason = "; ".join([*flight.reasons, reason])
        if any(word in reason for word in _FULL):
            self.land(flight, WriteError(reason, where=str(self._repository.folder)), kind, reason)
            return
        with suppress(ZigbuildError):  # what can't be written down is tried again sooner
            self._repository.ledger.note_failure(flight.file.sha256, reason)
        self.land(flight, NotFoundError(reason, where=flight.file.name), kind, reason)

    def note_mismatch(self, flight: Recreation, reason: str) -> None:
        """Tells that a way led to other bytes; another may be better."""
        flight.reasons.append(reason)
        self._observe("mismatch", flight.file, flight.seconds, reason)

    @contextmanager
    def guarded(self, *flights: Recreation) -> Iterator[None]:
        """Lets no error out: whoever waits for one of the *flights* is told of it, and the thread lives on.

        That this machine has no room, or refuses to write, says nothing of the files: it is not remembered.
        """
        try:
            yield
            return
        except WriteError as error:
            trouble, reason = error, render_reason(error)
        except OSError as error:
            reason = f"cannot be written: {error.strerror}"
            trouble = WriteError(reason, where=str(error.filename or self._repository.folder))
        except ZigbuildError as error:
            trouble, reason = None, render_reason(error)
        except Exception as error:
            trouble, reason = None, f"this is a bug: {error!r}"
        for flight in flights:
            if trouble and not flight.done.done():
                self.land(flight, trouble, "failed", reason)
            else:
                self.fail(flight, reason)


def render_reason(error: ZigbuildError) -> str:
    """What went wrong, in one line."""
    return "; ".join(f"{problem.where}: {problem.message}".removeprefix(": ") for problem in error.problems)
