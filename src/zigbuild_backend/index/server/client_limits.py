"""Turns: how much one client may have under way at once, so that none keeps the others waiting."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field


class OverloadError(Exception):
    """Too much is under way. ``retry_after`` is in seconds."""

    def __init__(self, reason: str, retry_after: int) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


@dataclass
class _ClientQueue:
    """A client's turns, and how many have or await one."""

    turns: asyncio.Semaphore
    length: int = field(default=0)


class ClientLimiter:
    """At most *each* turns at once for a client; at most *line* more wait for one, and *total* for all clients.

    Nothing is kept of a client that has no turn.
    """

    def __init__(self, each: int, line: int, total: int) -> None:
        self._each, self._line, self._total = each, line, total
        self._lines: dict[str, _ClientQueue] = {}
        self._length = 0

    def __len__(self) -> int:
        """How many have or await a turn."""
        return self._length

    @contextlib.asynccontextmanager
    async def take(self, client: str, patience: float) -> AsyncIterator[None]:
        """Waits for a turn of *client*, and holds it.

        :raises CrowdedError: if there are too many before it, or its turn does not come within *patience* seconds.
        """
        line = self._lines.setdefault(client, _ClientQueue(asyncio.Semaphore(self._each)))
        if line.length >= self._each + self._line or self._length >= self._total:
            raise OverloadError("too many requests are waiting for wheels to be recreated", retry_after=10)
        line.length += 1
        self._length += 1
        try:
            try:
                await asyncio.wait_for(line.turns.acquire(), patience)
            except (TimeoutError, asyncio.TimeoutError):
                raise OverloadError("this client waits for many wheels already", retry_after=5) from None
            try:
                yield
            finally:
                line.turns.release()
        finally:
            line.length -= 1
            self._length -= 1
            if not line.length:
                del self._lines[client]
