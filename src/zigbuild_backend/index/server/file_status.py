"""The status of files, projects and the whole repository, for the HTML pages and the metrics. Its calls block."""

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
"""The state of a file's bytes; an ``altered`` file is not served, since its row in the ledger was altered."""


@dataclass(frozen=True)
class FileStatus:
    """A file, the state of its bytes, and its verification level; ``checked`` is the time of the last check, if any."""

    file: File
    state: FileState
    level: int = 0
    is_refuted: bool = False
    """True if its last check failed."""
    checked: str = ""
    failure: str = ""
    """The reason why the last recreation failed, if it did."""

    @property
    def name(self) -> str:
        return self.file.name

    @property
    def is_held(self) -> bool:
        """Return whether it can be served without a rebuild or download."""
        return self.state in ("present", "in pieces")

    @property
    def is_proven(self) -> bool:
        """Return whether it was rebuilt identically in a different build environment, so that it can be dropped."""
        return self.level >= DROPPABLE_LEVEL

    @property
    def level_meaning(self) -> str:
        """Return the meaning of its verification level."""
        return LEVELS[self.level]


@dataclass(frozen=True)
class ProjectStatus:
    """A project's statistics, the number of its versions, and whether it is a local one."""

    stats: ProjectStats
    versions: int
    is_local: bool

    @property
    def wheels(self) -> int:
        return sum(self.stats.levels.values())

    @property
    def proven(self) -> int:
        """Return the number of wheels that were rebuilt identically in a different build environment."""
        return sum(count for level, count in self.stats.levels.items() if level >= DROPPABLE_LEVEL)


@dataclass(frozen=True)
class RepositoryStatus:
    """The status of the whole repository."""

    stats: RepositoryStats
    projects: tuple[ProjectStatus, ...]


def read_file_status(repository: Repository, file: File, is_under_way: Callable[[str], bool]) -> FileStatus:
    """Return the status of *file*; *is_under_way* returns whether the bytes with a hash are being recreated."""
    ledger, sha256 = repository.ledger, file.sha256
    try:
        verifications: tuple[Verification, ...] = ledger.verifications(sha256)
        presence = repository.presence(file)
    except MismatchError as error:
        return FileStatus(file, "altered", failure=error.problems[0].message)
    state: FileState = "present" if presence == "whole" else "in pieces" if presence == "members" else "dropped"
    if state == "dropped" and is_under_way(sha256):
        state = "recreating"
    failure = ledger.failure(sha256) if state == "dropped" else None
    return FileStatus(
        file,
        state,
        level=compute_level(verifications),
        is_refuted=bool(verifications) and not verifications[-1].is_good,
        checked=verifications[-1].at if verifications else "",
        failure=failure.reason if failure else "",
    )


class StatusReader:
    """Reads the status of *repository*; thread-safe.

    Statistics are read at most every *seconds*, since they take long if the repository is large. *is_under_way* returns
    whether the bytes with a hash are being recreated.
    """

    def __init__(self, repository: Repository, is_under_way: Callable[[str], bool], seconds: float = 10.0) -> None:
        self._repository = repository
        self._is_under_way = is_under_way
        self._seconds = seconds
        self._guard = threading.Lock()
        self._cached: tuple[RepositoryStatus, int, float] | None = None

    def read_repository(self) -> RepositoryStatus:
        """Return the status of all projects."""
        with self._guard:
            generation, now = self._repository.ledger.generation(), time.monotonic()
            if self._cached is None or self._cached[1] != generation or self._cached[2] < now - self._seconds:
                self._cached = self._read(), generation, time.monotonic()
            return self._cached[0]

    def read_files(self, files: Iterable[File]) -> tuple[FileStatus, ...]:
        """Return the current status of each of *files*."""
        return tuple(read_file_status(self._repository, file, self._is_under_way) for file in files)

    def _read(self) -> RepositoryStatus:
        stats = collect_stats(self._repository)
        projects = []
        for project_stats in stats.projects:
            files = self._repository.ledger.files(project_stats.project)
            versions = len({file.version for file in files})
            projects.append(ProjectStatus(project_stats, versions, any(file.is_local for file in files)))
        return RepositoryStatus(stats, tuple(projects))
