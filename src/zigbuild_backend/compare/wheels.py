"""Two wheels that can be read: which members both have, whether these are the same, and all that differs, in order."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal, get_args

from ..buildinfo import FILE_NAME as BUILDINFO
from .difference import Difference, contrast, enumerate_names, find_first_difference, limit, quote
from .headers import ARCHIVE, Pair, explain_frame, explain_headers, explain_names, explain_order
from .members import explain_member, is_library
from .records import Rows, check_record, explain_record, is_true, parse_record
from .specification import explain_specification, find_substitutions, is_altered
from .texts import explain_json
from .zips import MalformedZip, ZipArchive, ZipMember

RECORD = "RECORD"

_MOST_MEMBERS = 40
"""How many members that differ are looked into."""
_MOST_TOLD = 40
"""Differences of one kind."""
_LARGEST_TEXT = 1 << 24
"""In bytes: RECORD and buildinfo are not read if they say that they are larger."""


@dataclass(frozen=True)
class Wheel:
    """One of the two: ``side`` is ``expected`` or ``found``; a file of its metadata that cannot be read is None."""

    side: str
    archive: ZipArchive
    dist_info: str
    record: bytes | None
    buildinfo: bytes | None
    rows: Rows

    def path(self, name: str) -> str:
        """The path of a file of the metadata folder."""
        return f"{self.dist_info}/{name}"


def open_wheel(side: str, archive: ZipArchive) -> Wheel:
    """The wheel that *archive* holds."""
    folders = (name.partition("/")[0] for name in archive.by_name)
    dist_info = next((folder for folder in folders if folder.endswith(".dist-info")), "")

    def read(name: str) -> bytes | None:
        member = archive.by_name.get(f"{dist_info}/{name}")
        try:
            return archive.unpack(member) if member and member.size <= _LARGEST_TEXT else None
        except MalformedZip:
            return None

    record = read(RECORD)
    return Wheel(side, archive, dist_info, record, read(BUILDINFO), parse_record(record or b""))


def explain_wheels(expected: Wheel, found: Wheel) -> Iterator[Difference]:
    """What differs between two wheels whose bytes are not the same."""
    pairs, missing, extra = _pair_members(expected, found)
    verdicts = list(_compare_contents(expected, found, pairs))
    names: dict[Kind, list[str]] = {kind: [] for kind in get_args(Kind)}
    for verdict in verdicts:
        names[verdict.kind].append(verdict.name)
    same = {verdict.name: verdict.other for verdict in verdicts if verdict.kind in ("same", "repacked")}
    altered = {verdict.name for verdict in verdicts} - same.keys()
    is_explained = bool(missing or extra or altered - {expected.path(RECORD)})
    place = expected.path(BUILDINFO)
    kinds = (
        explain_frame(expected.archive, found.archive),
        explain_headers(pairs, altered, names["repacked"]),
        _explain_streams(pairs, names["repacked"]),
        explain_names(missing, extra),
        explain_order(expected.archive, found.archive, pairs),
        _explain_metadata(expected, found, same, is_explained=is_explained),
        _summarise(names["following"], "differ just as the specifications do", "they are written from it"),
        (difference for verdict in verdicts for difference in verdict.differences if not verdict.is_library),
        (difference for verdict in verdicts for difference in verdict.differences if verdict.is_library),
        _summarise(names["skipped"], "differ too, and were not looked into"),
    )
    others = [difference for kind in kinds for difference in limit(kind, _MOST_TOLD, ARCHIVE)]
    yield from limit(explain_specification(expected.buildinfo, found.buildinfo, place), _MOST_TOLD, place)
    yield from others or [_explain_byte(expected.archive, found.archive)]


def _summarise(names: Sequence[str], what: str, why: str = "") -> Iterator[Difference]:
    if names:
        yield Difference(ARCHIVE, f"contents that {what}: {enumerate_names(names)}", why)


def _pair_members(expected: Wheel, found: Wheel) -> tuple[list[Pair], list[ZipMember], list[ZipMember]]:
    """The members that both have, those that are missing, and those that are more than expected.

    The metadata and data folders of two releases have different names and are paired all the same.
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


Kind = Literal["same", "repacked", "following", "apart", "changed", "skipped"]
"""What became of comparing a member that both wheels have.

Its packed bytes are the ``same``, or it is ``repacked``: its content is. It is ``following`` if it differs only where
it repeats the specification, ``apart`` if it is RECORD or buildinfo, of which other functions tell, ``changed`` if its
differences are told, and ``skipped`` if there were too many before it.
"""


@dataclass(frozen=True)
class _Verdict:
    """How a member compares: its name in the expected wheel, its ``other`` name, and what differs."""

    name: str
    other: str
    kind: Kind
    is_library: bool = False
    differences: tuple[Difference, ...] = ()


def _compare_contents(expected: Wheel, found: Wheel, pairs: Iterable[Pair]) -> Iterator[_Verdict]:
    left = _MOST_MEMBERS
    substitutions = find_substitutions(expected.buildinfo, found.buildinfo)
    for ours, theirs in pairs:
        verdict = partial(_Verdict, ours.name, theirs.name)
        if _is_same_stream(expected.archive, found.archive, ours, theirs):
            yield verdict("same")
            continue
        data, faults = [], []
        for wheel, member in ((expected, ours), (found, theirs)):
            try:
                data.append(wheel.archive.unpack(member))
            except MalformedZip as error:
                what = f"cannot be read in the {wheel.side} wheel: it {error.problems[0].message}"
                faults.append(Difference(ours.name, what, "the archive was damaged or altered"))
        if faults:
            yield verdict("changed", differences=tuple(faults))
        elif data[0] == data[1]:
            yield verdict("repacked")
        elif ours.name in (expected.path(RECORD), expected.path(BUILDINFO)):
            yield verdict("apart")
        elif ours.name.startswith(expected.path("")) and _substitute(data[0], substitutions) == data[1]:
            yield verdict("following")
        elif left:
            left -= 1
            differences = tuple(_explain_change(expected, found, ours, theirs, *data))
            yield verdict("changed", is_library=is_library(data[0]), differences=differences)
        else:
            yield verdict("skipped")


def _substitute(data: bytes, substitutions: Mapping[bytes, bytes]) -> bytes:
    """A text as it would be by the other specification."""
    if not substitutions:
        return data
    pattern = re.compile(b"|".join(map(re.escape, substitutions)))
    return pattern.sub(lambda match: substitutions[match[0]], data)


def _is_same_stream(expected: ZipArchive, found: ZipArchive, ours: ZipMember, theirs: ZipMember) -> bool:
    """Whether two members are packed in the same way into the same bytes, so that neither needs to be unpacked."""
    if ours.fault or theirs.fault or (ours.method, ours.size) != (theirs.method, theirs.size):
        return False
    return expected.packed(ours) == found.packed(theirs)


def _explain_change(
    expected: Wheel, found: Wheel, ours: ZipMember, theirs: ZipMember, data: bytes, other: bytes
) -> Iterator[Difference]:
    """What differs between two contents of a member, and which of them is not what its wheel's RECORD says."""
    for wheel, member, content in ((expected, ours, data), (found, theirs, other)):
        if member.name in wheel.rows and not is_true(wheel.rows[member.name], content):
            what = f"is not what the RECORD of the {wheel.side} wheel says"
            yield Difference(ours.name, what, "it was altered after the wheel was packed")
    yield from explain_member(ours.name, data, other)


def _explain_streams(pairs: Iterable[Pair], repacked: Collection[str]) -> Iterator[Difference]:
    """The members whose compressed streams differ while their contents do not."""
    streams = [pair for pair in pairs if pair[0].name in repacked and pair[0].method == pair[1].method]
    if streams:
        names = enumerate_names(ours.name for ours, _ in streams)
        sizes = (sum(member.packed for member in side) for side in zip(*streams, strict=True))
        what = f"the compressed streams of {names}, whose contents are the same: {contrast(*sizes)} bytes"
        yield Difference(ARCHIVE, what, "another deflate: zlib, zlib-ng, another version or level of one, or ours")


def _explain_metadata(
    expected: Wheel, found: Wheel, same: Mapping[str, str], *, is_explained: bool
) -> Iterator[Difference]:
    """RECORD and buildinfo against each other, against the archive, and against the other wheel's."""
    for wheel in (expected, found):
        if wheel.record is not None:
            yield from check_record(wheel.side, wheel.archive, wheel.path(RECORD), wheel.rows)
        if is_altered(wheel.buildinfo, wheel.record, wheel.path(BUILDINFO)):
            what = f"the RECORD of the {wheel.side} wheel is not the one that its buildinfo was written with"
            yield Difference(wheel.path(BUILDINFO), what, "the wheel was altered after it was built")
    if expected.record is not None and found.record is not None and expected.record != found.record:
        yield from explain_record(expected.path(RECORD), expected.record, found.record, same, is_explained=is_explained)
    if expected.buildinfo and found.buildinfo and expected.buildinfo != found.buildinfo and not is_explained:
        yield from explain_json(expected.path(BUILDINFO), expected.buildinfo, found.buildinfo)


def _explain_byte(expected: ZipArchive, found: ZipArchive) -> Difference:
    """The last resort: where the first byte differs that nothing else tells of."""
    at = find_first_difference(expected.data, found.data)
    owner = next((m.name for m in expected.members if m.start <= at < m.start + m.packed), "")
    where = f"in the packed bytes of {quote(owner)}" if owner else "in a header that nothing reads"
    return Difference(ARCHIVE, f"the first byte that differs is at {at:#x}, {where}", "the archive was altered")
