"""Recreations under way: one for each file, however many clients wait for it, and the outcome of each."""

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

POLL_SECONDS = 0.05
"""The pause between two tries to lock a file that another process recreates."""

_DISK_FULL_TEXTS = (os.strerror(errno.ENOSPC), "NoSpaceLeft")
"""The texts in which the system and zig report a full disk."""

Outcome = Literal["whole", "members", "peer", "upstream", "rebuilt", "mismatch", "failed", "busy"]
"""The way by which the bytes came, or the reason why they did not.

``mismatch`` is also reported for a single way that gave other bytes, before the recreation ends.
"""

OutcomeObserver = Callable[[Outcome, File, float, str], None]
"""Is called with each outcome, the file, the seconds it took, and the place or the reason, if there is one."""


class BusyError(ZigbuildError):
    """The file is still being recreated, or too many others are; ``retry_after`` is in seconds."""

    def __init__(self, file: File, retry_after: int) -> None:
        super().__init__("is being recreated", where=file.name, hint=f"request it again in {retry_after} s")
        self.retry_after = retry_after


@dataclass(eq=False)
class Recreation:
    """A file that is being recreated; ``reasons`` lists why the ways tried so far failed.

    ``has_slot`` says whether it counts towards the limit; ``request`` is set once it waits for a rebuild.
    """

    file: File
    future: Future[Path] = field(default_factory=Future)
    started: float = field(default_factory=time.monotonic)
    has_slot: bool = False
    request: RebuildRequest | None = None
    reasons: list[str] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.started


class Recreations:
    """All recreations under way, of which at most *limit* can hold a slot at once."""

    def __init__(self, repository: Repository, limit: int, observe: OutcomeObserver) -> None:
        self._repository = repository
        self._limit = limit
        self._observe = observe
        self._lock = threading.Lock()
        self._by_sha256: dict[str, Recreation] = {}
        self._slots_taken = 0

    def __len__(self) -> int:
        return len(self._by_sha256)

    def __contains__(self, sha256: str) -> bool:
        return sha256 in self._by_sha256

    def oldest_seconds(self) -> float:
        with self._lock:
            return max((recreation.seconds for recreation in self._by_sha256.values()), default=0.0)

    def join_or_start(self, file: File) -> tuple[Recreation, bool]:
        """Return the recreation of *file*, and whether it is new."""
        with self._lock:
            if recreation := self._by_sha256.get(file.sha256):
                return recreation, False
            recreation = self._by_sha256[file.sha256] = Recreation(file)
            return recreation, True

    def take_slot(self, recreation: Recreation) -> bool:
        """Take one of the slots for *recreation*, and return whether there was one."""
        with self._lock:
            recreation.has_slot = self._slots_taken < self._limit
            self._slots_taken += recreation.has_slot
            return recreation.has_slot

    def finish(self, recreation: Recreation, result: Path | ZigbuildError, outcome: Outcome, reason: str = "") -> None:
        """End a recreation with *result*, for everybody who waits for it."""
        with self._lock:
            del self._by_sha256[recreation.file.sha256]
            self._slots_taken -= recreation.has_slot
        self._observe(outcome, recreation.file, recreation.seconds, reason)
        if isinstance(result, Path):
            recreation.future.set_result(result)
        else:
            recreation.future.set_exception(result)

    def fail(self, recreation: Recreation, reason: str, outcome: Outcome = "failed") -> None:
        """End a recreation that has not ended with an error, and record the reason in the ledger.

        A full disk is not recorded: it says nothing about the file.
        """
        if recreation.future.done():
            return
        reason = "; ".join([*recreation.reasons, reason])
        if any(text in reason for text in _DISK_FULL_TEXTS):
            error = WriteError(reason, where=str(self._repository.folder))
            self.finish(recreation, error, outcome, reason)
            return
        with suppress(ZigbuildError):  # an unrecorded failure is only tried again sooner
            self._repository.ledger.record_failure(recreation.file.sha256, reason)
        self.finish(recreation, NotFoundError(reason, where=recreation.file.name), outcome, reason)

    def report_mismatch(self, recreation: Recreation, reason: str) -> None:
        """Report that one way gave other bytes; the recreation goes on with the next."""
        recreation.reasons.append(reason)
        self._observe("mismatch", recreation.file, recreation.seconds, reason)

    @contextmanager
    def failing_on_error(self, *recreations: Recreation) -> Iterator[None]:
        """Run the body, and end *recreations* with any error it raises, so that the thread survives.

        Errors of writing are not recorded in the ledger: they say nothing about the files.
        """
        try:
            yield
            return
        except WriteError as error:
            write_error, reason = error, render_reason(error)
        except OSError as error:
            reason = f"cannot be written: {error.strerror}"
            write_error = WriteError(reason, where=str(error.filename or self._repository.folder))
        except ZigbuildError as error:
            write_error, reason = None, render_reason(error)
        except Exception as error:
            write_error, reason = None, f"this is a bug: {error!r}"
        for recreation in recreations:
            if write_error and not recreation.future.done():
                self.finish(recreation, write_error, "failed", reason)
            else:
                self.fail(recreation, reason)


def render_reason(error: ZigbuildError) -> str:
    """Return the problems of *error* in one line."""
    return "; ".join(f"{problem.where}: {problem.message}".removeprefix(": ") for problem in error.problems)
