"""Threads that rebuild wheels in batches: wheels of the same source are built in one zig graph."""

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
from .rebuild_differences import explain_difference
from .rebuilder import Rebuilder, read_rebuild_request
from .recreations import POLL_SECONDS, BusyError, Recreation, Recreations, render_reason
from .repository import Repository

_LARGEST_BATCH = 256  # each file's lock is an open file
_FIRST_ESTIMATE = 5.0  # seconds of a rebuild, until one was measured


class RebuildThreads:
    """*number* threads that rebuild the files that are added, until they are closed.

    *is_settled* returns whether a recreation has ended, or ends it if no build is needed.
    """

    def __init__(
        self,
        repository: Repository,
        rebuilder: Rebuilder,
        recreations: Recreations,
        number: int,
        is_settled: Callable[[Recreation], bool],
    ) -> None:
        self._repository = repository
        self._rebuilder = rebuilder
        self._recreations = recreations
        self._is_settled = is_settled
        self._changed = threading.Condition()
        self._waiting: deque[Recreation] = deque()
        self._building = 0
        self._usual_seconds = _FIRST_ESTIMATE
        self._is_closed = False
        self._threads = [threading.Thread(target=self._work, name=f"builder-{n}", daemon=True) for n in range(number)]
        for thread in self._threads:
            thread.start()

    def count_waiting(self) -> int:
        """Return the number of files that wait for a thread."""
        return len(self._waiting)

    def close(self) -> None:
        """Wait for the builds that run; end all others with :class:`BusyError`."""
        with self._changed:
            self._is_closed = True
            waiting, self._waiting = self._waiting, deque()
            self._changed.notify_all()
        for recreation in waiting:
            self._end_as_busy(recreation)
        for thread in self._threads:
            thread.join()

    def add(self, recreation: Recreation) -> None:
        """Queue a file for a rebuild.

        :raises NotFoundError: if the ledger has no buildinfo of it.
        :raises MismatchError: if the ledger's buildinfo is that of another wheel.
        """
        recreation.request = read_rebuild_request(self._repository, recreation.file)
        with self._changed:
            if not self._is_closed:
                self._waiting.append(recreation)
                self._changed.notify()
                return
        self._end_as_busy(recreation)

    def estimate_wait(self) -> int:
        """Return the seconds after which a client should ask again, from 1 to 60."""
        rounds = 1 + len(self._waiting) // len(self._threads)
        return min(max(math.ceil(self._usual_seconds * rounds), 1), 60)

    def _end_as_busy(self, recreation: Recreation) -> None:
        self._recreations.finish(recreation, BusyError(recreation.file, self.estimate_wait()), "busy")

    def _work(self) -> None:
        while batch := self._take_batch():
            with self._recreations.failing_on_error(*batch):
                self._build(batch)
            with self._changed:
                self._building -= 1

    def _take_batch(self) -> list[Recreation]:
        """Return the recreation that waits longest and all that fit into its graph; none once closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._is_closed)
            if not self._waiting:
                return []
            self._building += 1
            first = self._waiting[0].request
            assert first
            fitting = (one for one in self._waiting if one.request and one.request.graph_key == first.graph_key)
            batch = list(islice(fitting, _LARGEST_BATCH))
            self._waiting = deque(one for one in self._waiting if one not in batch)
            return batch

    def _build(self, batch: list[Recreation]) -> None:
        """Rebuild the files of *batch*; queue those again that another process is rebuilding."""
        with ExitStack() as stack:
            lock_files = {one: self._repository.lock_file(one.file.sha256) for one in batch}
            ours = {one for one in batch if stack.enter_context(hold_lock(lock_files[one]))}
            if wanted := {one.file.sha256: one for one in ours if not self._is_settled(one)}:
                self._rebuild(wanted)
        if others := [one for one in batch if one not in ours]:
            if not ours:
                time.sleep(POLL_SECONDS)
            with self._changed:
                self._waiting += others
                self._changed.notify()

    def _rebuild(self, wanted: Mapping[str, Recreation]) -> None:
        """Rebuild the files of *wanted*, a mapping by sha256."""
        variation = replace(default_variation(), jobs=max(1, (os.cpu_count() or 1) // self._building))
        requests = [recreation.request for recreation in wanted.values() if recreation.request]
        with self._rebuilder.scratch_folder() as out:
            for request, rebuilt in self._rebuilder.rebuild(requests, out, variation):
                self._compare(wanted[request.file.sha256], rebuilt, variation)
        for recreation in wanted.values():
            self._recreations.fail(recreation, "the build ended without it")

    def _compare(self, recreation: Recreation, rebuilt: Rebuilt, variation: Variation) -> None:
        """Store the rebuilt file if it has the recorded hash; else record a failed verification."""
        ledger, file = self._repository.ledger, recreation.file
        if rebuilt.path is None:
            reason = render_reason(rebuilt.error) if rebuilt.error else "the build made nothing"
            self._recreations.fail(recreation, reason)
        elif rebuilt.sha256 != file.sha256:
            difference = explain_difference(self._repository, file, rebuilt.path)
            told = variation.to_json()
            ledger.record_verification(Verification(file.sha256, 3, False, told, difference, render_now()))
            self._recreations.fail(recreation, f"the rebuild gave other bytes: {difference}", "mismatch")
        else:
            path = self._repository.blobs.add(rebuilt.path, file.sha256)
            ledger.record_rebuild_seconds(file.sha256, rebuilt.seconds)
            ledger.clear_failure(file.sha256)
            self._usual_seconds += (rebuilt.seconds - self._usual_seconds) / 4
            self._recreations.finish(recreation, path, "rebuilt")
