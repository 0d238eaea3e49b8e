"""How much space wheels take that share members, and what dropping one after the other frees."""

from __future__ import annotations

from collections import Counter

from .blobs import Blobs
from .files import File, Presence
from .repository import Repository
from .wheel_pieces import WheelLayout, WheelPiece, read_layout


def measure_held(repository: Repository) -> int:
    """The bytes that wheels, sdists and members take."""
    return _add_up(repository.blobs) + _add_up(repository.members)


def read_known_layout(repository: Repository, file: File) -> WheelLayout:
    """The layout of the wheel *file*, from the ledger or the wheel itself; an empty one if it can't be had."""
    layout = repository.ledger.layout(file.sha256)
    if layout is None and (path := repository.blobs.find_path(file.sha256)):
        layout = read_layout(path)
    return layout or WheelLayout(())


def count_needed_members(repository: Repository, purged: frozenset[str] = frozenset()) -> Counter[str]:
    """The members that wheels are kept as, each with the number of such wheels; those with hashes in *purged* aside."""
    return Counter(
        piece.sha256
        for file in repository.ledger.all_files()
        if file.is_wheel and file.sha256 not in purged and repository.presence(file) == "members"
        for piece in read_known_layout(repository, file).kept
    )


class SpaceForecast:
    """The space as it will be when what is taken is gone, altogether if *is_purge*, else but for the members."""

    def __init__(self, repository: Repository, *, is_purge: bool) -> None:
        self._repository = repository
        self._is_purge = is_purge
        self._needed = count_needed_members(repository)
        self._held = set(repository.members.list())

    def is_there(self, file: File) -> bool:
        """Whether there is anything of the file that may go."""
        return self._repository.presence(file) in (("whole", "members") if self._is_purge else ("whole",))

    def measure(self, file: File) -> int:
        """The bytes that dropping *file* frees now; negative if its members take more than the wheel."""
        presence = self._repository.presence(file)
        pieces = self._find_pieces(file, presence)
        size = self._repository.blobs.size(file.sha256) if presence == "whole" else 0
        if self._is_purge:
            return size + sum(piece.size for piece in pieces if self._is_only_for(piece.sha256, presence))
        return size - sum(piece.size for piece in pieces if piece.sha256 not in self._held)

    def take(self, file: File) -> None:
        """Takes *file* as dropped."""
        presence = self._repository.presence(file)
        for piece in self._find_pieces(file, presence):
            if not self._is_purge:
                self._held.add(piece.sha256)
            elif self._is_only_for(piece.sha256, presence):
                self._held.discard(piece.sha256)
            elif presence == "members":
                self._needed[piece.sha256] -= 1

    def _find_pieces(self, file: File, presence: Presence) -> tuple[WheelPiece, ...]:
        """The members that are kept for *file* as files of their own, or would be when it is split."""
        layout = read_known_layout(self._repository, file)
        return layout.kept if presence == "members" else layout.large

    def _is_only_for(self, sha256: str, presence: Presence) -> bool:
        """Whether a member is held, and needed by no wheel but one with that presence."""
        return sha256 in self._held and self._needed[sha256] <= (1 if presence == "members" else 0)


def _add_up(blobs: Blobs) -> int:
    return sum(blobs.size(sha256) for sha256 in blobs.list())
