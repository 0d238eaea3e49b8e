"""Limits per client, so that no client keeps the others waiting."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field


class OverloadError(Exception):
    """Too many requests are under way; ``retry_after`` is in seconds."""

    def __init__(self, reason: str, retry_after: int) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


@dataclass
class _ClientQueue:
    """A client's semaphore, and the number of its requests that hold or await it."""

    semaphore: asyncio.Semaphore
    length: int = field(default=0)


class ClientLimiter:
    """Admits *per_client* requests of each client at once; *waiting* more of each wait, and at most *total* of all.

    No state is kept for a client without requests.
    """

    def __init__(self, per_client: int, waiting: int, total: int) -> None:
        self._per_client, self._waiting, self._total = per_client, waiting, total
        self._queues: dict[str, _ClientQueue] = {}
        self._length = 0

    def __len__(self) -> int:
        """Return the number of requests that are admitted or wait."""
        return self._length

    @contextlib.asynccontextmanager
    async def admitted(self, client: str, patience: float) -> AsyncIterator[None]:
        """Wait until a request of *client* is admitted, and count it while the body runs.

        :raises OverloadError: if too many requests wait, or it is not admitted within *patience* seconds.
        """
        queue = self._queues.setdefault(client, _ClientQueue(asyncio.Semaphore(self._per_client)))
        if queue.length >= self._per_client + self._waiting or self._length >= self._total:
            raise OverloadError("too many requests wait for files to be recreated", retry_after=10)
        queue.length += 1
        self._length += 1
        try:
            try:
                await asyncio.wait_for(queue.semaphore.acquire(), patience)
            except (TimeoutError, asyncio.TimeoutError):
                raise OverloadError("too many requests of this client wait for files", retry_after=5) from None
            try:
                yield
            finally:
                queue.semaphore.release()
        finally:
            queue.length -= 1
            self._length -= 1
            if not queue.length:
                del self._queues[client]
