"""Recreates bytes that were dropped: assembles them from members, downloads them, or rebuilds them.

By whichever way they come, their hash is compared with the ledger's before anybody gets them.
"""

from __future__ import annotations

import concurrent.futures
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import partial
from pathlib import Path

from ..core.base.errors import MismatchError, NotFoundError, ZigbuildError
from ..core.base.store import hold_lock
from ..core.fetch.http_client import redact
from ..rebuild.sandbox.command import Sandbox
from .files import File
from .rebuild_threads import RebuildThreads
from .rebuilder import Rebuilder
from .recreations import (
    POLL_SECONDS,
    BusyError,
    Outcome,
    OutcomeObserver,
    Recreation,
    Recreations,
    render_reason,
)
from .remote_indexes import RemoteIndexes
from .repository import Repository
from .wheel_pieces import assemble_wheel

MAX_DOWNLOADS = 16
"""Files that are downloaded from other caches and upstream at once."""

_TIME = "%Y-%m-%dT%H:%M:%S.%f%z"


@dataclass(frozen=True)
class RecreationLimits:
    """Limits of a recreator.

    At most ``builds`` rebuilds run at once (None: one per core), and at most ``under_way`` files are downloaded or
    rebuilt at once. A file whose recreation failed is not tried again within ``retry_seconds``.
    """

    builds: int | None = None
    under_way: int = 64
    retry_seconds: float = 300.0


@dataclass(frozen=True)
class RecreationLoad:
    """The number of files under way, of those that wait for a build, and the age of the oldest in seconds."""

    under_way: int
    waiting: int
    oldest_seconds: float


@dataclass(frozen=True)
class _DownloadSource:
    """A remote index that may have the file: ``stream`` downloads it, ``reject`` is called if the bytes were wrong."""

    outcome: Outcome
    name: str
    stream: Callable[[], Iterator[bytes]]
    reject: Callable[[], None] = lambda: None


class Recreator:
    """Recreates files of *repository* in threads of its own, until it is closed.

    Without a *sandbox* nothing is rebuilt.
    """

    def __init__(
        self,
        repository: Repository,
        sandbox: Sandbox | None,
        remotes: RemoteIndexes = RemoteIndexes(),  # noqa: B008 (frozen)
        limits: RecreationLimits = RecreationLimits(),
        observe: OutcomeObserver = lambda outcome, file, seconds, reason: None,
    ) -> None:
        self._repository = repository
        self._remotes = remotes
        self._retry_seconds = limits.retry_seconds
        self._is_closed = False
        self._recreations = Recreations(repository, limits.under_way, observe)
        self._downloaders = concurrent.futures.ThreadPoolExecutor(MAX_DOWNLOADS, thread_name_prefix="download")
        self._builders: RebuildThreads | None = None
        if sandbox:
            number = limits.builds or os.cpu_count() or 1
            rebuilder = Rebuilder(repository, sandbox)
            self._builders = RebuildThreads(repository, rebuilder, self._recreations, number, self._is_settled)

    def close(self) -> None:
        """Wait for downloads and builds that run; end all other recreations with :class:`BusyError`."""
        self._is_closed = True
        if self._builders:
            self._builders.close()
        self._downloaders.shutdown()

    def obtain(self, file: File, patience: float | None) -> Path:
        """Return a local file with the recorded bytes; wait at most *patience* seconds for it (None: no limit).

        :raises BusyError: if it takes longer, and goes on, or if too many files are under way.
        :raises NotFoundError: if it cannot be recreated, with the reason.
        """
        if path := self._repository.blobs.verified_path(file.sha256):
            return path
        try:
            return self.request(file).result(patience)
        except concurrent.futures.TimeoutError:
            raise BusyError(file, self._estimate_wait()) from None
        except ZigbuildError as error:
            raise error.with_traceback(None) from None  # all who wait share the exception

    def request(self, file: File) -> concurrent.futures.Future[Path]:
        """Start the recreation of *file*, unless it is under way; the future ends as :meth:`obtain` does."""
        recreation, is_new = self._recreations.join_or_start(file)
        if is_new:
            with self._recreations.failing_on_error(recreation):
                self._start(recreation)
        return recreation.future

    def is_under_way(self, sha256: str) -> bool:
        """Return whether the file with that hash is being recreated."""
        return sha256 in self._recreations

    def load(self) -> RecreationLoad:
        waiting = self._builders.count_waiting() if self._builders else 0
        return RecreationLoad(len(self._recreations), waiting, self._recreations.oldest_seconds())

    def _start(self, recreation: Recreation) -> None:
        if self._is_settled(recreation):
            return
        if self._is_closed or not self._recreations.take_slot(recreation):
            self._recreations.finish(recreation, BusyError(recreation.file, self._estimate_wait()), "busy")
        elif self._list_sources(recreation.file):
            self._downloaders.submit(self._download_or_build, recreation)
        else:
            self._build(recreation)

    def _is_settled(self, recreation: Recreation) -> bool:
        """Return whether the recreation ended because the file is there, can be assembled, or failed just before."""
        repository, file = self._repository, recreation.file
        if path := repository.blobs.verified_path(file.sha256):
            self._recreations.finish(recreation, path, "whole")
        elif path := self._assemble(recreation):
            self._recreations.finish(recreation, path, "members")
        elif (failure := repository.ledger.failure(file.sha256)) and self._is_recent(failure.at):
            error = NotFoundError(failure.reason, where=file.name)
            self._recreations.finish(recreation, error, "failed", failure.reason)
        return recreation.future.done()

    def _is_recent(self, moment: str) -> bool:
        age = datetime.now(timezone.utc) - datetime.strptime(moment, _TIME)
        return age < timedelta(seconds=self._retry_seconds)

    def _assemble(self, recreation: Recreation) -> Path | None:
        """Assemble the wheel from its members and return it; return None if that is not possible."""
        repository, file = self._repository, recreation.file
        layout = repository.held_layout(file)
        if layout is None:
            return None
        try:
            return repository.blobs.add(assemble_wheel(layout, repository.members), file.sha256)
        except NotFoundError as error:  # a member was altered, or removed in the meantime
            recreation.reasons.append(render_reason(error))
        except MismatchError as error:
            self._recreations.report_mismatch(recreation, render_reason(error))
        return None

    def _list_sources(self, file: File) -> list[_DownloadSource]:
        sources: list[_DownloadSource] = []
        if peers := self._remotes.peers:
            for url in peers.list_trusted():
                stream, suspend = partial(peers.stream, url, file), partial(peers.suspend, url)
                sources.append(_DownloadSource("peer", redact(url), stream, suspend))
        if (upstream := self._remotes.upstream) and not file.is_local:
            sources.append(_DownloadSource("upstream", file.origin, partial(upstream.stream, file)))
        return sources

    def _download_or_build(self, recreation: Recreation) -> None:
        """Download the file from the first source that has it; else queue it for a rebuild."""
        with self._recreations.failing_on_error(recreation):
            with self._locked(recreation):
                if self._is_settled(recreation) or self._is_downloaded(recreation):
                    return
            self._build(recreation)

    def _is_downloaded(self, recreation: Recreation) -> bool:
        """Return whether a source had the file; the recreation has ended then."""
        for source in self._list_sources(recreation.file):
            try:
                path = self._repository.blobs.add(source.stream(), recreation.file.sha256)
            except NotFoundError as error:
                recreation.reasons.append(render_reason(error))
            except MismatchError as error:
                self._recreations.report_mismatch(recreation, f"{source.name}: {render_reason(error)}")
                source.reject()
            else:
                self._repository.ledger.clear_failure(recreation.file.sha256)
                self._recreations.finish(recreation, path, source.outcome, source.name)
                return True
        return False

    def _build(self, recreation: Recreation) -> None:
        if self._builders is None:
            raise NotFoundError("this process rebuilds no wheels", where=recreation.file.name)
        self._builders.add(recreation)

    @contextmanager
    def _locked(self, recreation: Recreation) -> Iterator[None]:
        """Lock the file against other processes; wait while one of them recreates it."""
        while True:
            with hold_lock(self._repository.lock_file(recreation.file.sha256)) as is_ours:
                if is_ours:
                    yield
                    return
            time.sleep(POLL_SECONDS)

    def _estimate_wait(self) -> int:
        return self._builders.estimate_wait() if self._builders else 1
