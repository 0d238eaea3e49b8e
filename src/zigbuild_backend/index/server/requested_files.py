"""The files of requests: served at once if they are held, else after their recreation, with a limit per client."""

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
"""The largest number of requests that wait for files at once; each is a connection and little memory."""


class RequestedFiles:
    """Obtains the files of requests. Its coroutines run on one event loop and never block it.

    A request waits at most *patience* seconds, and a client for at most *client_builds* recreations at once.
    """

    def __init__(
        self, repository: Repository, recreator: Recreator, metrics: Metrics, *, patience: float, client_builds: int
    ) -> None:
        self._blobs = repository.blobs
        self._recreator = recreator
        self._metrics = metrics
        self._patience = patience
        self._limiter = ClientLimiter(client_builds, waiting=_MOST_WAITING // 4, total=_MOST_WAITING)
        self._threads = ThreadPoolExecutor(8, thread_name_prefix="files")
        self._stopping = asyncio.Event()
        self.waiting = 0
        """The number of requests that wait for files."""

    def unchanged_path(self, file: File) -> Path | None:
        """Return a local file with the bytes of *file* if it was verified before and is unchanged since, else None."""
        path = self._blobs.unchanged_path(file.sha256)
        self._metrics.hits += path is not None
        return path

    async def obtain(self, file: File, client: str) -> Path:
        """Return a verified local file with the bytes of *file*, which is recreated if need be.

        :raises OverloadError: if it can be requested again later.
        :raises ZigbuildError: if it cannot be recreated.
        """
        if self.waiting >= _MOST_WAITING:
            raise OverloadError("too many requests wait for files", retry_after=10)
        self.waiting += 1
        try:
            path = await self._run(partial(self._blobs.verified_path, file.sha256))
            if path is not None:
                self._metrics.hits += 1
                return path
            self._metrics.misses += 1
            if self._recreator.is_under_way(file.sha256):  # one more waiting request costs nothing
                return await self._recreate(file)
            async with self._limiter.admitted(client, self._patience):
                return await self._recreate(file)
        finally:
            self.waiting -= 1

    def stop(self) -> None:
        """End all waiting."""
        self._stopping.set()

    def close(self) -> None:
        """Wait for the threads."""
        self._threads.shutdown()

    async def _recreate(self, file: File) -> Path:
        future = await self._run(partial(self._recreator.request, file))
        if not future.done():
            await self._wait(future)
        if not future.done():
            if self._stopping.is_set():
                raise OverloadError("the server is stopping", retry_after=5)
            # The recreation goes on; the recreator estimates when to ask again.
            future = await self._run(partial(_catch, partial(self._recreator.obtain, file, 0.0)))
        error = future.exception()
        if isinstance(error, BusyError):
            raise OverloadError(f"{file.name}: {error.problems[0].message}", error.retry_after)
        if error:
            raise error.with_traceback(None)  # all who wait share the exception
        return future.result()

    async def _wait(self, future: Future[Path]) -> None:
        """Wait for *future* at most as long as a client does; the recreation goes on for others."""
        loop, done = asyncio.get_running_loop(), asyncio.Event()

        def wake(_: Future[Path]) -> None:
            with suppress(RuntimeError):  # the loop has ended
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
    """Return a finished future with the result or the exception of *call*."""
    future: Future[Path] = Future()
    try:
        future.set_result(call())
    except Exception as error:
        future.set_exception(error)
    return future
