"""Statistics of a repository, by project: bytes recorded, bytes held, and bytes saved by dropping wheels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ..core.base.errors import MismatchError
from .files import File, Presence
from .repository import Repository


@dataclass(frozen=True)
class ProjectStats:
    """The statistics of a project; sizes in bytes.

    ``recorded`` is the size of all its files, ``whole`` the size of those that are held whole. ``members`` is the size
    of the members that its other wheels need, each counted once, although other projects can share them. ``presences``
    counts files by how they are held, ``levels`` counts wheels by their verification level.
    """

    project: str
    files: int
    recorded: int
    whole: int
    members: int
    presences: Mapping[Presence, int]
    levels: Mapping[int, int]

    @property
    def held(self) -> int:
        return self.whole + self.members

    @property
    def saved(self) -> int:
        """Return the recorded bytes that are not held."""
        return self.recorded - self.held


@dataclass(frozen=True)
class RepositoryStats:
    """The statistics of a repository: ``projects`` by name, bytes of stored ``members``, and bytes of the ``ledger``.

    ``altered`` counts the rows that somebody else altered; their files are counted nowhere else.
    """

    projects: tuple[ProjectStats, ...]
    members: int
    ledger: int
    altered: int

    @property
    def total(self) -> ProjectStats:
        """Return the sum of all projects; ``members`` counts each stored member once."""
        presences: Counter[Presence] = Counter()
        levels: Counter[int] = Counter()
        for project in self.projects:
            presences.update(project.presences)
            levels.update(project.levels)
        return ProjectStats(
            "",
            sum(project.files for project in self.projects),
            sum(project.recorded for project in self.projects),
            sum(project.whole for project in self.projects),
            self.members,
            presences,
            levels,
        )


def collect_stats(repository: Repository) -> RepositoryStats:
    """Return the statistics of *repository*; no stored bytes are read."""
    ledger = repository.ledger
    projects = tuple(_collect(repository, project, ledger.files(project)) for project in ledger.projects())
    members = sum(repository.members.size(sha256) for sha256 in repository.members.list())
    size = sum(path.stat().st_size for path in repository.folder.glob("ledger.sqlite*"))
    return RepositoryStats(
        tuple(project for project in projects if project.files), members, size, len(ledger.altered())
    )


def _collect(repository: Repository, project: str, files: Iterable[File]) -> ProjectStats:
    presences: Counter[Presence] = Counter()
    levels: Counter[int] = Counter()
    recorded = whole = 0
    pieces: dict[str, int] = {}
    for file in files:
        try:
            presence = repository.presence(file)
            level = repository.ledger.level(file.sha256)
            layout = repository.ledger.layout(file.sha256) if presence == "members" else None
        except MismatchError:
            presence, level, layout = "dropped", 0, None
        presences[presence] += 1
        recorded += file.size
        whole += file.size if presence == "whole" else 0
        pieces |= {piece.sha256: piece.size for piece in layout.kept} if layout else {}
        if file.is_wheel:
            levels[level] += 1
    return ProjectStats(project, presences.total(), recorded, whole, sum(pieces.values()), presences, levels)
