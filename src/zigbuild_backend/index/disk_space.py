"""Measures the space of wheels that share members, and forecasts the bytes that dropping them frees."""

from __future__ import annotations

from collections import Counter

from .blobs import Blobs
from .files import File, Presence
from .repository import Repository
from .wheel_pieces import WheelLayout, WheelPiece, read_layout


def measure_held(repository: Repository) -> int:
    """Return the bytes that all files and members take."""
    return _add_up(repository.blobs) + _add_up(repository.members)


def read_known_layout(repository: Repository, file: File) -> WheelLayout:
    """Return the layout of the wheel *file*, from the ledger or the wheel; an empty one if neither has it."""
    layout = repository.ledger.layout(file.sha256)
    if layout is None and (path := repository.blobs.verified_path(file.sha256)):
        layout = read_layout(path)
    return layout or WheelLayout(())


def count_needed_members(repository: Repository, purged: frozenset[str] = frozenset()) -> Counter[str]:
    """Return for each member the number of wheels that are held as members and need it, *purged* hashes excepted."""
    return Counter(
        piece.sha256
        for file in repository.ledger.all_files()
        if file.is_wheel and file.sha256 not in purged and repository.presence(file) == "members"
        for piece in read_known_layout(repository, file).kept
    )


class SpaceForecast:
    """The space after the wheels that :meth:`mark_dropped` marks are dropped: with their members if *is_purge*."""

    def __init__(self, repository: Repository, *, is_purge: bool) -> None:
        self._repository = repository
        self._is_purge = is_purge
        self._needed = count_needed_members(repository)
        self._held = set(repository.members.list())

    def is_droppable(self, file: File) -> bool:
        """Return whether any bytes of the file can be dropped."""
        return self._repository.presence(file) in (("whole", "members") if self._is_purge else ("whole",))

    def measure_freed(self, file: File) -> int:
        """Return the bytes that dropping *file* frees; negative if its members take more space than the wheel."""
        presence = self._repository.presence(file)
        pieces = self._list_pieces(file, presence)
        size = self._repository.blobs.size(file.sha256) if presence == "whole" else 0
        if self._is_purge:
            return size + sum(piece.size for piece in pieces if self._is_only_for(piece.sha256, presence))
        return size - sum(piece.size for piece in pieces if piece.sha256 not in self._held)

    def mark_dropped(self, file: File) -> None:
        """Count *file* as dropped."""
        presence = self._repository.presence(file)
        for piece in self._list_pieces(file, presence):
            if not self._is_purge:
                self._held.add(piece.sha256)
            elif self._is_only_for(piece.sha256, presence):
                self._held.discard(piece.sha256)
            elif presence == "members":
                self._needed[piece.sha256] -= 1

    def _list_pieces(self, file: File, presence: Presence) -> tuple[WheelPiece, ...]:
        """Return the members that are stored for *file*, or would be once its whole file is dropped."""
        layout = read_known_layout(self._repository, file)
        return layout.kept if presence == "members" else layout.large

    def _is_only_for(self, sha256: str, presence: Presence) -> bool:
        """Return whether a member is held, and no other wheel needs it than one held as *presence* says."""
        return sha256 in self._held and self._needed[sha256] <= (1 if presence == "members" else 0)


def _add_up(blobs: Blobs) -> int:
    return sum(blobs.size(sha256) for sha256 in blobs.list())
