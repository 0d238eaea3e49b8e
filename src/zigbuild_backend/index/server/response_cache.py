"""A cache of representations in memory."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass

from .responses import Representation

_OVERHEAD = 2048
"""Bytes that a representation takes besides its body, estimated."""


@dataclass(frozen=True)
class _CachedRepresentation:
    representation: Representation
    generation: int
    expires: float


class ResponseCache:
    """A cache of at most *room* bytes; the least recently used representations are dropped first."""

    def __init__(self, room: int = 64 << 20) -> None:
        self._room = room
        self._entries: OrderedDict[Hashable, _CachedRepresentation] = OrderedDict()
        self._size = 0

    def find(self, key: Hashable, generation: int, now: float) -> Representation | None:
        """Return the cached representation; None if it is missing, expired, or of another generation of the ledger."""
        entry = self._entries.get(key)
        if entry is None or entry.generation != generation or entry.expires < now:
            return None
        self._entries.move_to_end(key)
        return entry.representation

    def store(self, key: Hashable, representation: Representation, generation: int, expires: float) -> None:
        """Cache *representation*, which was made from the ledger in that *generation*."""
        self._drop(key)
        self._entries[key] = _CachedRepresentation(representation, generation, expires)
        self._size += len(representation.body) + _OVERHEAD
        while self._size > self._room and len(self._entries) > 1:
            self._drop(next(iter(self._entries)))

    def _drop(self, key: Hashable) -> None:
        entry = self._entries.pop(key, None)
        if entry:
            self._size -= len(entry.representation.body) + _OVERHEAD
