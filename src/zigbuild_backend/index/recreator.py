"""Brings back bytes that were dropped: puts them together, fetches them, or makes them again; and never gives others.

Whatever way they come, they are compared with the ledger's hash before anybody sees them.
"""

from __future__ import annotations

import concurrent.futures
import os
import time
from collections.abc import Callable, Iterator, Mapping
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
from .peers import Peers
from .rebuild_threads import RebuildThreads
from .rebuilder import Rebuilder
from .recreations import BusyError, Outcome, OutcomeObserver, Recreation, Recreations, render_reason
from .repository import Repository
from .upstream import Upstream
from .wheel_pieces import assemble_wheel

RETRY_SECONDS = 300.0
"""How long a failure is remembered."""

MAX_FETCHES = 16
"""Files that are fetched from other caches and upstream at once."""

_POLL = 0.05  # seconds between looks at what another process makes
_TIME = "%Y-%m-%dT%H:%M:%S.%f%z"


@dataclass(frozen=True)
class RecreationLoad:
    """How many files are under way, how many of them wait for a builder, and the age of the oldest in seconds."""

    flights: int
    waiting: int
    oldest_seconds: float


@dataclass(frozen=True)
class _FetchSource:
    """Where a file may be fetched: kind and name, what streams it from there, and what is done if that was false."""

    kind: Outcome
    name: str
    stream: Callable[[], Iterator[bytes]]
    blame: Callable[[], None] = lambda: None


class Recreator:
    """Brings files of *repository* back, with threads of its own, until it is closed.

    Without a *sandbox* nothing is built. At most *builders* rebuilds run at once, and at most *queue* files are under
    way that can't be put together at once. A failure is remembered for *retry_seconds*.
    """

    def __init__(
        self,
        repository: Repository,
        sandbox: Sandbox | None,
        *,
        environ: Mapping[str, str],
        peers: Peers | None = None,
        upstream: Upstream | None = None,
        builders: int | None = None,
        queue: int = 64,
        retry_seconds: float = RETRY_SECONDS,
        say: Callable[[str], None] = lambda text: None,
        observe: OutcomeObserver = lambda kind, file, seconds, reason: None,
    ) -> None:
        self._repository = repository
        self._peers = peers
        self._upstream = upstream
        self._retry_seconds = retry_seconds
        self._is_closed = False
        self._flights = Recreations(repository, queue, observe)
        self._fetchers = concurrent.futures.ThreadPoolExecutor(MAX_FETCHES, thread_name_prefix="fetcher")
        self._builders: RebuildThreads | None = None
        if sandbox:
            number = builders or os.cpu_count() or 1
            workbench = Rebuilder(repository, sandbox, environ, say)
            self._builders = RebuildThreads(repository, workbench, self._flights, number, self._is_settled)

    def close(self) -> None:
        """Waits for what is being fetched or built; who waits for something else is told to ask again."""
        self._is_closed = True
        if self._builders:
            self._builders.close()
        self._fetchers.shutdown()

    def obtain(self, file: File, patience: float | None) -> Path:
        """A file with exactly the bytes that the ledger says; waits at most *patience* seconds, or as long as it takes.

        :raises Busy: if it takes longer, and goes on, or if too much is under way.
        :raises NotFoundError: if it can't be brought back, with the reason.
        """
        if path := self._repository.blobs.find_path(file.sha256):
            return path
        try:
            return self.request(file).result(patience)
        except concurrent.futures.TimeoutError:
            raise BusyError(file, self._guess_wait()) from None
        except ZigbuildError as error:
            raise error.with_traceback(None) from None  # all who wait are given the same one

    def request(self, file: File) -> concurrent.futures.Future[Path]:
        """Sees to it that *file* is brought back, once however many ask; what it gives ends as :meth:`obtain` does."""
        flight, is_new = self._flights.join(file)
        if is_new:
            with self._flights.guarded(flight):
                self._start(flight)
        return flight.done

    def is_under_way(self, sha256: str) -> bool:
        """Whether the file with that hash is being brought back."""
        return sha256 in self._flights

    def load(self) -> RecreationLoad:
        waiting = self._builders.count_waiting() if self._builders else 0
        return RecreationLoad(len(self._flights), waiting, self._flights.oldest_seconds())

    def _start(self, flight: Recreation) -> None:
        if self._is_settled(flight):
            return
        if self._is_closed or not self._flights.count(flight):
            self._flights.land(flight, BusyError(flight.file, self._guess_wait()), "busy")
        elif self._list_places(flight):
            self._fetchers.submit(self._fetch, flight)
        else:
            self._build(flight)

    def _is_settled(self, flight: Recreation) -> bool:
        """Whether the file is there by now, or can be put together, or failed just before; if so it has landed."""
        repository, file = self._repository, flight.file
        if path := repository.blobs.find_path(file.sha256):
            self._flights.land(flight, path, "whole")
        elif path := self._put_together(flight):
            self._flights.land(flight, path, "members")
        elif (failure := repository.ledger.failure(file.sha256)) and self._is_recent(failure.at):
            self._flights.land(flight, NotFoundError(failure.reason, where=file.name), "failed", failure.reason)
        return flight.done.done()

    def _is_recent(self, moment: str) -> bool:
        age = datetime.now(timezone.utc) - datetime.strptime(moment, _TIME)
        return age < timedelta(seconds=self._retry_seconds)

    def _put_together(self, flight: Recreation) -> Path | None:
        """The file, of its members, if they are all there."""
        repository, file = self._repository, flight.file
        layout = repository.ledger.layout(file.sha256)
        if layout is None or not all(repository.members.has(piece.sha256) for piece in layout.kept):
            return None
        try:
            return repository.blobs.add(assemble_wheel(layout, repository.members), file.sha256)
        except NotFoundError as error:  # one was altered, or somebody removed it meanwhile
            flight.reasons.append(render_reason(error))
        except MismatchError as error:
            self._flights.note_mismatch(flight, render_reason(error))
        return None

    def _list_places(self, flight: Recreation) -> list[_FetchSource]:
        file = flight.file
        places: list[_FetchSource] = []
        if peers := self._peers:
            for url in peers.list_willing():
                places.append(
                    _FetchSource("peer", redact(url), partial(peers.stream, url, file), partial(peers.pass_over, url))
                )
        if self._upstream and not file.is_local:
            places.append(_FetchSource("upstream", file.origin, partial(self._upstream.stream, file)))
        return places

    def _fetch(self, flight: Recreation) -> None:
        """Fetches the file from the first place that has it, else hands it on to the builders."""
        with self._flights.guarded(flight):
            with self._held(flight):
                if self._is_settled(flight) or self._is_fetched(flight):
                    return
            self._build(flight)

    def _is_fetched(self, flight: Recreation) -> bool:
        """Whether some place has the file; if so it has landed."""
        for place in self._list_places(flight):
            try:
                path = self._repository.blobs.add(place.stream(), flight.file.sha256)
            except NotFoundError as error:
                flight.reasons.append(render_reason(error))
            except MismatchError as error:
                self._flights.note_mismatch(flight, f"{place.name}: {render_reason(error)}")
                place.blame()
            else:
                self._repository.ledger.forget_failure(flight.file.sha256)
                self._flights.land(flight, path, place.kind, place.name)
                return True
        return False

    def _build(self, flight: Recreation) -> None:
        if self._builders is None:
            raise NotFoundError("nothing is built here", where=flight.file.name)
        self._builders.add(flight)

    @contextmanager
    def _held(self, flight: Recreation) -> Iterator[None]:
        """Holds the file's lock, once no other process is at work on it."""
        while True:
            with hold_lock(self._repository.lock_file(flight.file.sha256)) as is_ours:
                if is_ours:
                    yield
                    return
            time.sleep(_POLL)

    def _guess_wait(self) -> int:
        return self._builders.guess_wait() if self._builders else 1
