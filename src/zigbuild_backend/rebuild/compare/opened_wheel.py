"""Opens a wheel for comparison with its metadata, and pairs the members of two wheels."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from ...core.wheel.buildinfo import FILE_NAME
from .difference import Difference, enumerate_names
from .raw_zip import MalformedZip, ZipArchive, ZipMember
from .record_rows import Rows, parse_record
from .specifications import is_altered
from .zip_headers import Pair

_LARGEST_TEXT = 1 << 22
"""In bytes: a larger RECORD or buildinfo is not read."""


@dataclass(frozen=True)
class OpenedWheel:
    """One of the two wheels: ``side`` is ``expected`` or ``found``.

    ``dist_info`` is the metadata folder, empty if there is none; ``record`` and ``buildinfo`` are None if they are not
    there or cannot be read; ``rows`` are those of the RECORD.
    """

    side: str
    archive: ZipArchive
    dist_info: str
    record: bytes | None
    buildinfo: bytes | None
    rows: Rows

    @property
    def metadata(self) -> Collection[str]:
        """The paths of RECORD and buildinfo, without those that cannot be read."""
        files = {self.record_path: self.record, self.buildinfo_path: self.buildinfo}
        return [path for path, data in files.items() if data is not None]

    @property
    def record_path(self) -> str:
        return f"{self.dist_info}/RECORD"

    @property
    def buildinfo_path(self) -> str:
        return f"{self.dist_info}/{FILE_NAME}"


def open_wheel(side: str, archive: ZipArchive) -> OpenedWheel:
    """Return the wheel in *archive*."""
    folders = (name.partition("/")[0] for name in archive.by_name)
    dist_info = next((folder for folder in folders if folder.endswith(".dist-info")), "")

    def read(name: str) -> bytes | None:
        member = archive.by_name.get(f"{dist_info}/{name}")
        try:
            return archive.unpack(member) if member and member.size <= _LARGEST_TEXT else None
        except MalformedZip:
            return None

    record = read("RECORD")
    return OpenedWheel(side, archive, dist_info, record, read(FILE_NAME), parse_record(record or b""))


def pair_members(expected: OpenedWheel, found: OpenedWheel) -> tuple[list[Pair], list[ZipMember], list[ZipMember]]:
    """Return the members that both have, those that only *expected* has, and those that only *found* has.

    Members of the metadata and data folders are paired although the folders of two releases have different names.
    """
    others = {_normalise(name): member for name, member in found.archive.by_name.items()}
    pairs, missing = [], []
    for name, member in expected.archive.by_name.items():
        if other := others.pop(_normalise(name), None):
            pairs.append((member, other))
        else:
            missing.append(member)
    return pairs, missing, list(others.values())


def _normalise(name: str) -> str:
    return re.sub(r"^[^/]+(\.dist-info|\.data)/", r"*\1/", name)


def find_contradictions(wheel: OpenedWheel) -> Iterator[Difference]:
    """Yield contradictions in a wheel: its RECORD lists other files, or is not the one of its buildinfo."""
    if wheel.record is None:
        return
    place, archive = wheel.record_path, wheel.archive
    surplus = [name for name in wheel.rows if name not in archive.by_name]
    signatures = (f"{place}.jws", f"{place}.p7s")
    unknown = [n for n in archive.by_name if n not in wheel.rows and not n.endswith("/") and n not in signatures]
    why = "the archive was altered after RECORD was written, or RECORD was"
    if surplus:
        yield Difference(place, f"lists files that are not in the archive: {enumerate_names(surplus)}", why)
    if unknown:
        yield Difference(place, f"does not list {enumerate_names(unknown)}", why)
    if is_altered(wheel.buildinfo, wheel.record, wheel.buildinfo_path):
        what = "is not the one that the buildinfo was written with"
        yield Difference(place, what, "the wheel was altered after it was built")
