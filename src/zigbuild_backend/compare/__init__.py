"""What differs between two wheels, and why it may: by specification, archive header, member and section.

Both are taken for hostile: whatever the bytes are, there is an answer, in bounded time and memory.
"""

from __future__ import annotations

from .difference import Difference, contrast, count, find_first_difference
from .headers import ARCHIVE
from .records import explain_rows
from .wheels import explain_wheels, open_wheel
from .zips import MalformedZip, parse_zip

__all__ = ["Difference", "explain", "explain_members"]


def explain(expected: bytes, found: bytes) -> tuple[Difference, ...]:
    """What differs between two wheels, what explains the rest first; nothing if they are the same bytes."""
    if expected == found:
        return ()
    archives = []
    for side, data in (("expected", expected), ("found", found)):
        try:
            archives.append(parse_zip(data))
        except MalformedZip as error:
            return (_explain_damage(f"the {side} wheel", error), _explain_sizes(expected, found))
    ours, theirs = archives
    return tuple(explain_wheels(open_wheel("expected", ours), open_wheel("found", theirs)))


def explain_members(record: bytes, found: bytes) -> tuple[Difference, ...]:
    """Which members of a wheel are not those that the RECORD of the expected wheel lists; nothing if all are.

    Of what is in no member (headers, order, how streams are compressed) a RECORD says nothing.
    """
    try:
        return tuple(explain_rows(record, parse_zip(found)))
    except MalformedZip as error:
        return (_explain_damage("the found wheel", error),)


def _explain_damage(which: str, error: MalformedZip) -> Difference:
    return Difference(ARCHIVE, f"{which} is no zip archive: {error.problems[0].message}", "it is damaged, or no wheel")


def _explain_sizes(expected: bytes, found: bytes) -> Difference:
    sizes = contrast(count(len(expected), "byte"), len(found))
    return Difference(ARCHIVE, f"{sizes}; the first difference is at {find_first_difference(expected, found):#x}")
