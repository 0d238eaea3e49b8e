"""Compares the contents of the members that two wheels have in common."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from .difference import Difference
from .member_kinds import explain_member, is_library
from .opened_wheel import OpenedWheel
from .raw_zip import MalformedZip, explain_fault
from .record_rows import is_matching
from .specifications import find_substitutions
from .texts import is_table
from .zip_headers import Pair

_MOST_MEMBERS = 40
"""The number of differing members whose contents are explained."""

Kind = Literal["same", "repacked", "following", "apart", "changed", "skipped"]
"""The result of a comparison.

The packed bytes of a member are the ``same``, or it is ``repacked``: its content is the same. It is ``following`` if it
differs only where it repeats the specification, ``apart`` if it is RECORD or buildinfo, which have explanations of
their own, ``changed`` if it is explained here, and ``skipped`` after :data:`_MOST_MEMBERS`.
"""


@dataclass(frozen=True)
class MemberComparison:
    """The comparison of a member: its name in the expected wheel, its ``other`` name in the found one, differences."""

    name: str
    other: str
    kind: Kind
    is_library: bool = False
    differences: tuple[Difference, ...] = ()


def compare_contents(expected: OpenedWheel, found: OpenedWheel, pairs: Iterable[Pair]) -> Iterator[MemberComparison]:
    """Yield the comparison of each of *pairs*, in their order. Contents are freed when they have been compared."""
    left = _MOST_MEMBERS
    substitutions = find_substitutions(expected.buildinfo, found.buildinfo)
    for pair in pairs:
        comparison = _compare(expected, found, pair, substitutions, may_explain=left > 0)
        left -= comparison.kind == "changed"
        yield comparison


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
        if member.name in wheel.rows and not is_matching(wheel.rows[member.name], contents[-1]):
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
    """Return whether two members are packed by the same method into the same bytes; then neither is unpacked."""
    ours, theirs = pair
    if ours.fault or theirs.fault or (ours.method, ours.size) != (theirs.method, theirs.size):
        return False
    return expected.archive.packed(ours) == found.archive.packed(theirs)


def _substitute(data: bytes, substitutions: Mapping[bytes, bytes]) -> bytes:
    """Return *data* with the values of the other specification."""
    if not substitutions:
        return data
    pattern = re.compile(b"|".join(map(re.escape, substitutions)))
    return pattern.sub(lambda match: substitutions[match[0]], data)
