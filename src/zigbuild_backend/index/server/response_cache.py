"""What was made once and may be sent again: kept in memory, as long as it is true and there is room."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass

from .responses import Representation

_OVERHEAD = 2048
"""Bytes that a representation takes besides its body, about."""


@dataclass(frozen=True)
class _CachedRepresentation:
    representation: Representation
    generation: int
    expires: float


class ResponseCache:
    """Representations by what they are of, at most *room* bytes; those that were not asked for longest go first."""

    def __init__(self, room: int = 64 << 20) -> None:
        self._room = room
        self._kept: OrderedDict[Hashable, _CachedRepresentation] = OrderedDict()
        self._held = 0

    def find(self, key: Hashable, generation: int, now: float) -> Representation | None:
        """What is kept, if it was made in that generation of the ledger and has not expired."""
        kept = self._kept.get(key)
        if kept is None or kept.generation != generation or kept.expires < now:
            return None
        self._kept.move_to_end(key)
        return kept.representation

    def keep(self, key: Hashable, representation: Representation, generation: int, expires: float) -> None:
        """Keeps *representation*, which was made from what the ledger held in *generation*."""
        self._drop(key)
        self._kept[key] = _CachedRepresentation(representation, generation, expires)
        self._held += len(representation.body) + _OVERHEAD
        while self._held > self._room and len(self._kept) > 1:
            self._drop(next(iter(self._kept)))

    def _drop(self, key: Hashable) -> None:
        kept = self._kept.pop(key, None)
        if kept:
            self._held -= len(kept.representation.body) + _OVERHEAD
