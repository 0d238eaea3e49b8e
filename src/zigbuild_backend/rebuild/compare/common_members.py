"""The members that two wheels have in common: are their contents the same, and if not, what differs?"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from .difference import Difference
from .member_kinds import explain_member, is_library
from .opened_wheel import OpenedWheel
from .raw_zip import MalformedZip, explain_fault
from .record_rows import is_true
from .specifications import find_substitutions
from .texts import is_table
from .zip_headers import Pair

_MOST_MEMBERS = 40
"""How many members that differ are looked into."""

Kind = Literal["same", "repacked", "following", "apart", "changed", "skipped"]
"""How a member compares.

Its packed bytes are the ``same``, or it is ``repacked``: its content is the same. It is ``following`` if it differs
only where it repeats the specification, ``apart`` if it is RECORD or buildinfo, which are explained by themselves,
``changed`` if it is explained here, and ``skipped`` if too many were before it.
"""


@dataclass(frozen=True)
class MemberComparison:
    """How a member compares: its name in the expected wheel, its ``other`` name in the found one, what differs."""

    name: str
    other: str
    kind: Kind
    is_library: bool = False
    differences: tuple[Difference, ...] = ()


def compare_contents(expected: OpenedWheel, found: OpenedWheel, pairs: Iterable[Pair]) -> Iterator[MemberComparison]:
    """The verdict of each of *pairs*, in their order. Contents are let go of when they have been compared."""
    left = _MOST_MEMBERS
    substitutions = find_substitutions(expected.buildinfo, found.buildinfo)
    for pair in pairs:
        verdict = _compare(expected, found, pair, substitutions, may_explain=left > 0)
        left -= verdict.kind == "changed"
        yield verdict


def _compare(
    expected: OpenedWheel, found: OpenedWheel, pair: Pair, substitutions: Mapping[bytes, bytes], *, may_explain: bool
) -> MemberComparison:
    names = (pair[0].name, pair[1].name)
    if _is_same_stream(expected, found, pair):
        return MemberComparison(*names, "same")
    contents: list[bytes] = []
    problems: list[Difference] = []
    for wheel, member in zip((expected, found), pair, strict=True):
        try:
            contents.append(wheel.archive.unpack(member))
        except MalformedZip as error:
            problems.append(explain_fault(f"in the {wheel.side} wheel", names[0], error))
            continue
        if member.name in wheel.rows and not is_true(wheel.rows[member.name], contents[-1]):
            what = f"is not what the RECORD of the {wheel.side} wheel says"
            problems.append(Difference(names[0], what, "it was altered after the wheel was packed"))
    if len(contents) < 2:
        return MemberComparison(*names, "changed", differences=tuple(problems))
    ours, theirs = contents
    if ours == theirs:
        return MemberComparison(*names, "repacked")
    if names[0] in expected.metadata and names[1] in found.metadata:
        return MemberComparison(*names, "apart", differences=tuple(problems))
    is_metadata = names[0].startswith(f"{expected.dist_info}/")
    if is_metadata and is_table(ours, theirs) and _substitute(ours, substitutions) == theirs:
        return MemberComparison(*names, "following", differences=tuple(problems))
    if not may_explain:
        return MemberComparison(*names, "skipped")
    differences = (*problems, *explain_member(names[0], ours, theirs))
    return MemberComparison(*names, "changed", is_library(ours), differences)


def _is_same_stream(expected: OpenedWheel, found: OpenedWheel, pair: Pair) -> bool:
    """Whether two members are packed in the same way into the same bytes, so that neither needs to be unpacked."""
    ours, theirs = pair
    if ours.fault or theirs.fault or (ours.method, ours.size) != (theirs.method, theirs.size):
        return False
    return expected.archive.packed(ours) == found.archive.packed(theirs)


def _substitute(data: bytes, substitutions: Mapping[bytes, bytes]) -> bytes:
    """A text as it would be by the other specification."""
    if not substitutions:
        return data
    pattern = re.compile(b"|".join(map(re.escape, substitutions)))
    return pattern.sub(lambda match: substitutions[match[0]], data)
