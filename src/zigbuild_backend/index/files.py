"""What the repository knows of files, as frozen values: the rows of its ledger."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Any, Literal

from ..core.base.errors import ConfigurationError, MismatchError

Presence = Literal["whole", "members", "dropped"]
"""How the bytes of a file are held: as they are, as the members that they can be put together of, or not at all."""

DROPPABLE_LEVEL = 4
"""The level from which on a wheel may be dropped: it was made again in a different circumstance."""

LEVELS = {
    0: "hash",
    1: "RECORD and archive agree",
    2: "put together again",
    3: "rebuilt in the same circumstance",
    4: "rebuilt in a different circumstance",
    5: "several caches agree",
}
"""What was shown of a file, by level; each is worth more than the ones below."""


@dataclass(frozen=True)
class File:
    """A file of a release, as the ledger has it. The first six never change once they were recorded.

    ``project`` is canonical, ``name`` the file's, ``size`` in bytes, digests are sha256 in hex. ``metadata_sha256`` and
    ``spec`` (the digest of the wheel's specification) may be empty, ``upload_time`` is RFC 3339 in UTC or empty.
    ``yanked`` is None for what is not, else the reason, which may be empty. ``origin`` is the URL that the file came
    from, empty for a local one; ``provenance`` is the URL of its attestations, if there are any.
    """

    project: str
    version: str
    name: str
    size: int
    sha256: str
    requires_python: str = ""
    metadata_sha256: str = ""
    upload_time: str = ""
    yanked: str | None = None
    origin: str = ""
    provenance: str = ""
    spec: str = ""

    @property
    def is_wheel(self) -> bool:
        return self.name.endswith(".whl")

    @property
    def is_sdist(self) -> bool:
        return self.name.endswith((".tar.gz", ".zip"))

    @property
    def is_local(self) -> bool:
        """Whether it was added here and did not come from another index."""
        return not self.origin

    @cached_property
    def tags(self) -> tuple[str, ...]:
        """The compatibility tags of a wheel, each for itself, sorted; none for another file."""
        from packaging.utils import InvalidWheelFilename, parse_wheel_filename

        try:
            return tuple(sorted(map(str, parse_wheel_filename(self.name)[3])))
        except InvalidWheelFilename:
            return ()


@dataclass(frozen=True)
class Verification:
    """What a check of the bytes named by ``sha256`` came to: whether ``level`` was reached, and if not, why.

    ``circumstance`` tells of what the check was done with, ``at`` when (RFC 3339, UTC).
    """

    sha256: str
    level: int
    is_good: bool
    circumstance: Mapping[str, Any]
    explanation: str
    at: str


@dataclass(frozen=True)
class Usage:
    """How often a file was asked for, when last (RFC 3339, or empty), and seconds that a rebuild takes (0: unknown)."""

    uses: int = 0
    last_used: str = ""
    rebuild_seconds: float = 0.0


@dataclass(frozen=True)
class Failure:
    """Why a file could not be recreated when that was tried last, and when that was (RFC 3339, UTC)."""

    reason: str
    at: str


def parse_file_name(name: str) -> tuple[str, str]:
    """The canonical name of the project, and the version, that the name of a wheel or sdist says.

    :raises ConfigurationError: if it is the name of neither.
    """
    from packaging.utils import InvalidSdistFilename, InvalidWheelFilename, parse_sdist_filename, parse_wheel_filename

    try:
        if name.endswith(".whl"):
            project, version, *_ = parse_wheel_filename(name)
        else:
            project, version = parse_sdist_filename(name)
    except (InvalidWheelFilename, InvalidSdistFilename):
        raise ConfigurationError(
            "is called neither like a wheel nor like an sdist",
            where=name,
            hint="wheels are NAME-VERSION-PYTHON-ABI-PLATFORM.whl, sdists NAME-VERSION.tar.gz",
        ) from None
    return project, str(version)


def check_same_bytes(known: File, told: File) -> None:
    """Compares the bytes of two files of one name.

    :raises MismatchError: if they differ.
    """
    if (known.size, known.sha256) != (told.size, told.sha256):
        raise MismatchError(
            f"is recorded with the sha256 {known.sha256} and {known.size} bytes;"
            f" this one has {told.sha256} and {told.size} bytes",
            where=told.name,
            hint="a name is never used for other bytes: give the release a new version or build number",
        )


def merge_files(known: File, told: File) -> File:
    """The row of a file that was recorded as *known* and is now *told* of again, with the same bytes.

    Whether it is local, and when it was recorded, stands; what may be empty is filled. Where it is to be had, whether
    it is yanked, and what goes with it, is as told last, but for a local file only by those who have it locally.
    """
    fresh = told if told.is_local == known.is_local else known
    return replace(
        known,
        origin=fresh.origin,
        requires_python=known.requires_python or told.requires_python,
        metadata_sha256=known.metadata_sha256 or told.metadata_sha256,
        upload_time=known.upload_time or told.upload_time,
        yanked=fresh.yanked,
        provenance=fresh.provenance or known.provenance,
        spec=known.spec or told.spec,
    )


def compute_level(verdicts: Iterable[Verification]) -> int:
    """The level that *verdicts*, in the order of their time, leave standing: a bad one refutes its level and above."""
    level = 0
    for verdict in verdicts:
        level = max(level, verdict.level) if verdict.is_good else min(level, max(verdict.level - 1, 0))
    return level


def render_time(moment: datetime) -> str:
    """*moment*, in UTC, as RFC 3339 has it and indexes give it: ``2026-01-31T12:00:00.000000Z``."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
