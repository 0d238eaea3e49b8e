"""What the repository holds, and what is known of it: for figures, and for the pages for people. Blocking."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from ...core.base.errors import MismatchError
from ..files import DROPPABLE_LEVEL, LEVELS, File, Verification, compute_level
from ..index_statistics import ProjectStats, RepositoryStats, collect_stats
from ..repository import Repository

FileState = Literal["present", "in pieces", "dropped", "recreating", "altered"]
"""What there is of a file's bytes: ``altered`` is said of what was tampered with, and is not given out."""


@dataclass(frozen=True)
class FileStatus:
    """A file, what there is of it, and what was shown of it. ``checked`` is when that was last tried, or empty."""

    file: File
    state: FileState
    level: int = 0
    is_refuted: bool = False
    """Whether the last check of it came to other bytes, or to none."""
    checked: str = ""
    trouble: str = ""
    """Why it could not be brought back last time, if that failed."""

    @property
    def name(self) -> str:
        return self.file.name

    @property
    def is_held(self) -> bool:
        """Whether it can be had without building or fetching anything."""
        return self.state in ("present", "in pieces")

    @property
    def is_proven(self) -> bool:
        """Whether it may be dropped: it was made again in a different circumstance, and was the same."""
        return self.level >= DROPPABLE_LEVEL

    @property
    def shown(self) -> str:
        """What its level says."""
        return LEVELS[self.level]


@dataclass(frozen=True)
class ProjectStatus:
    """A project among all: its figures, how many versions it has, and whether it is one of our own."""

    stats: ProjectStats
    versions: int
    is_local: bool

    @property
    def wheels(self) -> int:
        return sum(self.stats.levels.values())

    @property
    def proven(self) -> int:
        """Wheels that were shown to be the same when they are made again in a different circumstance."""
        return sum(count for level, count in self.stats.levels.items() if level >= DROPPABLE_LEVEL)


@dataclass(frozen=True)
class RepositoryStatus:
    """What the whole repository holds."""

    stats: RepositoryStats
    rows: tuple[ProjectStatus, ...]


def read_file_status(repository: Repository, file: File, is_under_way: Callable[[str], bool]) -> FileStatus:
    """How *file* stands; *is_under_way* tells whether bytes are being brought back."""
    ledger, sha256 = repository.ledger, file.sha256
    try:
        verdicts: tuple[Verification, ...] = ledger.verdicts(sha256)
        presence = repository.presence(file)
    except MismatchError as error:
        return FileStatus(file, "altered", trouble=error.problems[0].message)
    state: FileState = "present" if presence == "whole" else "in pieces" if presence == "members" else "dropped"
    if state == "dropped" and is_under_way(sha256):
        state = "recreating"
    failure = ledger.failure(sha256) if state == "dropped" else None
    return FileStatus(
        file,
        state,
        level=compute_level(verdicts),
        is_refuted=bool(verdicts) and not verdicts[-1].is_good,
        checked=verdicts[-1].at if verdicts else "",
        trouble=failure.reason if failure else "",
    )


class StatusReader:
    """Counts what *repository* holds, at most every *seconds*, for it takes a while where there is much. Any thread.

    *is_under_way* tells whether the bytes with a hash are being brought back.
    """

    def __init__(self, repository: Repository, is_under_way: Callable[[str], bool], seconds: float = 10.0) -> None:
        self._repository = repository
        self._is_under_way = is_under_way
        self._seconds = seconds
        self._guard = threading.Lock()
        self._counted: tuple[RepositoryStatus, int, float] | None = None

    def read_all(self) -> RepositoryStatus:
        """What is held of everything."""
        with self._guard:
            generation, now = self._repository.ledger.generation(), time.monotonic()
            if self._counted is None or self._counted[1] != generation or self._counted[2] < now - self._seconds:
                self._counted = self._count(), generation, time.monotonic()
            return self._counted[0]

    def read(self, files: Iterable[File]) -> tuple[FileStatus, ...]:
        """How each of *files* stands now."""
        return tuple(read_file_status(self._repository, file, self._is_under_way) for file in files)

    def _count(self) -> RepositoryStatus:
        stats = collect_stats(self._repository)
        rows = []
        for project in stats.projects:
            files = self._repository.ledger.files(project.project)
            versions = len({file.version for file in files})
            rows.append(ProjectStatus(project, versions, any(file.is_local for file in files)))
        return RepositoryStatus(stats, tuple(rows))
