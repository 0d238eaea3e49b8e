"""The bytes of files: at once where they are held, else when they were recreated, with a turn for each client."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TypeVar

from ..files import File
from ..recreations import BusyError
from ..recreator import Recreator
from ..repository import Repository
from .client_limits import ClientLimiter, OverloadError
from .metrics import Metrics

T = TypeVar("T")

_MOST_WAITING = 2048
"""Requests that may wait for files at once; each is a connection and little memory."""


class RequestedFiles:
    """Finds the bytes of files for requests. Lives on the event loop, which waits for nothing.

    A request waits at most *patience* seconds, and a client for at most *client_builds* recreations at once.
    """

    def __init__(
        self, repository: Repository, recreator: Recreator, metrics: Metrics, *, patience: float, client_builds: int
    ) -> None:
        self._blobs = repository.blobs
        self._recreator = recreator
        self._metrics = metrics
        self._patience = patience
        self._turns = ClientLimiter(client_builds, line=_MOST_WAITING // 4, total=_MOST_WAITING)
        self._threads = ThreadPoolExecutor(8, thread_name_prefix="files")
        self._stopping = asyncio.Event()
        self.waiting = 0
        """How many requests wait for files."""

    def find_seen(self, file: File) -> Path | None:
        """A file with the bytes of *file*, if they are held and were verified before."""
        path = self._blobs.find_seen(file.sha256)
        self._metrics.hits += path is not None
        return path

    async def obtain(self, file: File, client: str) -> Path:
        """A file on this machine with the bytes of *file*, verified, and recreated if need be.

        :raises CrowdedError: if they may be there later.
        :raises ZigbuildError: if they cannot be had.
        """
        if self.waiting >= _MOST_WAITING:
            raise OverloadError("too many requests are waiting for files", retry_after=10)
        self.waiting += 1
        try:
            path = await self._run(partial(self._blobs.find_path, file.sha256))
            if path is not None:
                self._metrics.hits += 1
                return path
            self._metrics.misses += 1
            if self._recreator.is_under_way(file.sha256):  # to wait along with others takes nothing from anybody
                return await self._recreate(file)
            async with self._turns.take(client, self._patience):
                return await self._recreate(file)
        finally:
            self.waiting -= 1

    def stop(self) -> None:
        """Lets nobody wait any longer."""
        self._stopping.set()

    def close(self) -> None:
        """Waits for the threads."""
        self._threads.shutdown()

    async def _recreate(self, file: File) -> Path:
        future = await self._run(partial(self._recreator.request, file))
        if not future.done():
            await self._wait(future)
        if not future.done():
            if self._stopping.is_set():
                raise OverloadError("the server is being stopped", retry_after=5)
            # It goes on; the one who makes it knows best when to ask again.
            future = await self._run(partial(_catch, partial(self._recreator.obtain, file, 0.0)))
        error = future.exception()
        if isinstance(error, BusyError):
            raise OverloadError(f"{file.name}: {error.problems[0].message}", error.retry_after)
        if error:
            raise error.with_traceback(None)  # all who wait are given the same one
        return future.result()

    async def _wait(self, future: Future[Path]) -> None:
        """Waits for *future* as long as a client is kept waiting. Whatever happens here, it goes on for others."""
        loop, done = asyncio.get_running_loop(), asyncio.Event()

        def wake(_: Future[Path]) -> None:
            with suppress(RuntimeError):  # the loop has ended, and nobody waits
                loop.call_soon_threadsafe(done.set)

        future.add_done_callback(wake)
        ends = [asyncio.ensure_future(event.wait()) for event in (done, self._stopping)]
        try:
            await asyncio.wait(ends, timeout=self._patience, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for end in ends:
                end.cancel()

    async def _run(self, call: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, call)


def _catch(call: Callable[[], Path]) -> Future[Path]:
    """What *call* gives or raises, as a future that is done."""
    future: Future[Path] = Future()
    try:
        future.set_result(call())
    except Exception as error:
        future.set_exception(error)
    return future
