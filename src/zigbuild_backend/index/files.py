"""Frozen values of the ledger's rows: files, verifications, use counts and failed recreations."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Any, Literal

from ..core.base.errors import ConfigurationError, MismatchError

Presence = Literal["whole", "members", "dropped"]
"""The form in which the bytes of a file are held: one file, the members of the wheel, or none."""

DROPPABLE_LEVEL = 4
"""The lowest level at which a wheel can be dropped: it was rebuilt identically in a different build environment."""

LEVELS = {
    0: "hash",
    1: "RECORD and archive agree",
    2: "assembled from its members",
    3: "rebuilt in the same build environment",
    4: "rebuilt in a different build environment",
    5: "several caches agree",
}
"""Verification levels and their meaning; each level is stronger evidence than those below it."""


_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class File:
    """A file of a release, as recorded in the ledger. The first five fields never change once they are recorded.

    ``project`` is the canonical project name, ``name`` the file name, ``size`` in bytes; digests are sha256 in hex.
    ``metadata_sha256`` and ``spec`` (the digest of the wheel's specification) may be empty. ``upload_time`` is RFC 3339
    in UTC, or empty. ``yanked`` is None for a file that is not yanked, else the reason, which may be empty. ``origin``
    is the URL at the upstream index, empty for a file that was added here; ``provenance`` is the URL of its
    attestations.
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
        """Return whether it was added here, rather than found at the upstream index."""
        return not self.origin

    @cached_property
    def tags(self) -> tuple[str, ...]:
        """Return the compatibility tags of a wheel, expanded and sorted; empty for other files."""
        from packaging.utils import InvalidWheelFilename, parse_wheel_filename

        try:
            return tuple(sorted(map(str, parse_wheel_filename(self.name)[3])))
        except InvalidWheelFilename:
            return ()


@dataclass(frozen=True)
class Verification:
    """The result of one check of the bytes named by ``sha256``: ``is_good`` if ``level`` was reached.

    ``explanation`` says why it was not. ``circumstance`` describes the check's environment as JSON values; ``at`` is
    its time (RFC 3339, UTC).
    """

    sha256: str
    level: int
    is_good: bool
    circumstance: Mapping[str, Any]
    explanation: str
    at: str


@dataclass(frozen=True)
class Usage:
    """The number of downloads, the time of the last (RFC 3339, or empty), and the seconds of a rebuild (0: unknown)."""

    uses: int = 0
    last_used: str = ""
    rebuild_seconds: float = 0.0


@dataclass(frozen=True)
class Failure:
    """The reason why the last recreation of a file failed, and its time (RFC 3339, UTC)."""

    reason: str
    at: str


def is_sha256(text: str) -> bool:
    """Return whether *text* is a sha256 in lower-case hex."""
    return _SHA256.fullmatch(text) is not None


def parse_file_name(name: str) -> tuple[str, str]:
    """Return the canonical project name and the version in the file name of a wheel or sdist.

    :raises ConfigurationError: if *name* is neither.
    """
    from packaging.utils import InvalidSdistFilename, InvalidWheelFilename, parse_sdist_filename, parse_wheel_filename

    try:
        if name.endswith(".whl"):
            project, version, *_ = parse_wheel_filename(name)
        else:
            project, version = parse_sdist_filename(name)
    except (InvalidWheelFilename, InvalidSdistFilename):
        raise ConfigurationError(
            "is the file name of neither a wheel nor an sdist",
            where=name,
            hint="rename it: wheels are NAME-VERSION-PYTHON-ABI-PLATFORM.whl, sdists NAME-VERSION.tar.gz",
        ) from None
    return project, str(version)


def check_same_bytes(known: File, told: File) -> None:
    """Compare size and sha256 of two files of one name.

    :raises MismatchError: if they differ.
    """
    if (known.size, known.sha256) != (told.size, told.sha256):
        raise MismatchError(
            f"is recorded with the sha256 {known.sha256} and {known.size} bytes;"
            f" this file has {told.sha256} and {told.size} bytes",
            where=told.name,
            hint="give the release a new version or build number: a recorded name never gets other bytes",
        )


def merge_files(known: File, told: File) -> File:
    """Return the row for a file that was recorded as *known* and is now recorded again as *told*, with the same bytes.

    Empty fields are filled in. Origin URL, yanked status and provenance are taken from *told* if both are local, or
    both are from upstream; otherwise those of *known* stay.
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


def compute_level(verifications: Iterable[Verification]) -> int:
    """Return the level that *verifications*, oldest first, establish.

    A failed verification refutes its own level and those above it.
    """
    level = 0
    for verification in verifications:
        level = max(level, verification.level) if verification.is_good else min(level, max(verification.level - 1, 0))
    return level


def render_time(moment: datetime) -> str:
    """Return *moment*, in UTC, as RFC 3339 in the form that indexes use: ``2026-01-31T12:00:00.000000Z``."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
