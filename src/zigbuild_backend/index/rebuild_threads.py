"""Threads that make wheels again, one batch at a time: what was made of the same sources is one graph for zig."""

from __future__ import annotations

import math
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from itertools import islice

from ..core.base.store import hold_lock
from ..rebuild.build_variations import Variation, default_variation
from ..rebuild.wheel_rebuild import Rebuilt
from .files import Verification
from .ledger_history import render_now
from .rebuilder import Rebuilder, explain_difference, read_rebuild_request
from .recreations import BusyError, Recreation, Recreations, render_reason
from .repository import Repository

_LARGEST_BATCH = 256  # each holds a lock, which is an open file
_POLL = 0.05  # seconds between looks at what another process makes
_GUESS = 5.0  # seconds that a rebuild takes, until one was seen


class RebuildThreads:
    """*number* threads that make on the *workbench* what is added, until they are closed.

    *is_settled* tells whether a flight has ended, or can be ended at once, without a build.
    """

    def __init__(
        self,
        repository: Repository,
        workbench: Rebuilder,
        flights: Recreations,
        number: int,
        is_settled: Callable[[Recreation], bool],
    ) -> None:
        self._repository = repository
        self._workbench = workbench
        self._flights = flights
        self._is_settled = is_settled
        self._changed = threading.Condition()
        self._waiting: deque[Recreation] = deque()
        self._building = 0
        self._usual_seconds = _GUESS
        self._is_closed = False
        self._threads = [threading.Thread(target=self._work, name=f"builder-{n}", daemon=True) for n in range(number)]
        for thread in self._threads:
            thread.start()

    def count_waiting(self) -> int:
        """How many files wait for a builder."""
        return len(self._waiting)

    def close(self) -> None:
        """Waits for what is being built; who waits for something else is told to ask again."""
        with self._changed:
            self._is_closed = True
            waiting, self._waiting = self._waiting, deque()
            self._changed.notify_all()
        for flight in waiting:
            self._flights.land(flight, BusyError(flight.file, self.guess_wait()), "busy")
        for thread in self._threads:
            thread.join()

    def add(self, flight: Recreation) -> None:
        """Has a file made again.

        :raises NotFoundError: if nothing tells how it was made.
        :raises MismatchError: if what the ledger tells of it is of something else.
        """
        flight.order = read_rebuild_request(self._repository, flight.file)
        with self._changed:
            if not self._is_closed:
                self._waiting.append(flight)
                self._changed.notify()
                return
        self._flights.land(flight, BusyError(flight.file, self.guess_wait()), "busy")

    def guess_wait(self) -> int:
        """Seconds after which it may be worth while to ask again."""
        rounds = 1 + len(self._waiting) // len(self._threads)
        return min(max(math.ceil(self._usual_seconds * rounds), 1), 60)

    def _work(self) -> None:
        while batch := self._take_batch():
            with self._flights.guarded(*batch):
                self._build(batch)
            with self._changed:
                self._building -= 1

    def _take_batch(self) -> list[Recreation]:
        """All that wait and can be made in one graph with the one that waits longest; none when it is time to go."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._is_closed)
            if not self._waiting:
                return []
            self._building += 1
            first = self._waiting[0].order
            assert first
            fitting = (flight for flight in self._waiting if flight.order and flight.order.batch == first.batch)
            batch = list(islice(fitting, _LARGEST_BATCH))
            self._waiting = deque(flight for flight in self._waiting if flight not in batch)
            return batch

    def _build(self, batch: list[Recreation]) -> None:
        """Makes the files of the *batch* again, but for those that another process is at work on: they wait on."""
        lock_file = self._repository.lock_file
        with ExitStack() as stack:
            ours = {flight for flight in batch if stack.enter_context(hold_lock(lock_file(flight.file.sha256)))}
            if wanted := {flight.file.sha256: flight for flight in ours if not self._is_settled(flight)}:
                self._make(wanted)
        if others := [flight for flight in batch if flight not in ours]:
            if not ours:
                time.sleep(_POLL)
            with self._changed:
                self._waiting += others
                self._changed.notify()

    def _make(self, wanted: Mapping[str, Recreation]) -> None:
        variation = replace(default_variation(), jobs=max(1, (os.cpu_count() or 1) // self._building))
        orders = [flight.order for flight in wanted.values() if flight.order]
        with self._workbench.scratch() as out:
            for order, rebuilt in self._workbench.make(orders, out, variation):
                self._judge(wanted[order.file.sha256], rebuilt, variation)
        for flight in wanted.values():
            self._flights.fail(flight, "the build ended without it")

    def _judge(self, flight: Recreation, rebuilt: Rebuilt, variation: Variation) -> None:
        """Keeps what was made if it is what the ledger says; else says what differs, and keeps it from everybody."""
        ledger, file = self._repository.ledger, flight.file
        if rebuilt.path is None:
            self._flights.fail(flight, render_reason(rebuilt.error) if rebuilt.error else "the build made nothing")
        elif rebuilt.sha256 != file.sha256:
            explanation = explain_difference(self._repository, file, rebuilt.path)
            ledger.add_verdict(Verification(file.sha256, 3, False, variation.to_json(), explanation, render_now()))
            self._flights.fail(flight, f"other bytes came of making it again: {explanation}", "mismatch")
        else:
            path = self._repository.blobs.add(rebuilt.path, file.sha256)
            ledger.note_cost(file.sha256, rebuilt.seconds)
            ledger.forget_failure(file.sha256)
            self._usual_seconds += (rebuilt.seconds - self._usual_seconds) / 4
            self._flights.land(flight, path, "rebuilt")
