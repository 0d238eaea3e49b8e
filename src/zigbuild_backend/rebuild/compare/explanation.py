"""What differs between two wheels, and why it may: by specification, archive header, member and section.

Both are taken for hostile: whatever the bytes are, there is an answer, in bounded time and memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import get_args

from .common_members import Kind, compare_contents
from .difference import (
    ARCHIVE,
    Difference,
    contrast,
    count,
    enumerate_names,
    escape,
    find_first_difference,
    limit,
    quote,
)
from .opened_wheel import OpenedWheel, check_wheel, open_wheel, pair_members
from .raw_zip import MalformedZip, ZipArchive, parse_zip
from .record_rows import explain_record, explain_rows
from .specifications import explain_specification
from .zip_headers import explain_frame, explain_headers, explain_names, explain_order, explain_streams

__all__ = ["Difference", "explain", "explain_members"]

_MOST_TOLD = 40
"""Differences of one kind."""


def explain(expected: bytes, found: bytes) -> tuple[Difference, ...]:
    """What differs between two wheels, what explains the rest first; nothing if they are the same bytes."""
    if expected == found:
        return ()
    wheels = []
    for side, data in (("expected", expected), ("found", found)):
        try:
            wheels.append(open_wheel(side, parse_zip(data)))
        except MalformedZip as error:
            return (_explain_damage(f"the {side} wheel", error), _explain_sizes(expected, found))
    return tuple(map(_escape, _explain_wheels(*wheels)))


def explain_members(record: bytes, found: bytes) -> tuple[Difference, ...]:
    """Which members of a wheel are not those that the RECORD of the expected wheel lists; nothing if all are.

    Of what is in no member (headers, order, how streams are compressed) a RECORD says nothing.
    """
    try:
        return tuple(map(_escape, limit(explain_rows(record, parse_zip(found)), _MOST_TOLD, ARCHIVE)))
    except MalformedZip as error:
        return (_explain_damage("the found wheel", error),)


def _escape(difference: Difference) -> Difference:
    """What is told, with nothing in it that could do something to a terminal: names in hostile files are everywhere."""
    return Difference(escape(difference.place), escape(difference.what), escape(difference.why))


def _explain_damage(which: str, error: MalformedZip) -> Difference:
    return Difference(ARCHIVE, f"{which} is no zip archive: {error.problems[0].message}", "it is damaged, or no wheel")


def _explain_sizes(expected: bytes, found: bytes) -> Difference:
    sizes = contrast(count(len(expected), "byte"), len(found))
    return Difference(ARCHIVE, f"{sizes}; the first difference is at {find_first_difference(expected, found):#x}")


def _explain_wheels(expected: OpenedWheel, found: OpenedWheel) -> Iterator[Difference]:
    specification = list(explain_specification(expected.buildinfo, found.buildinfo, expected.buildinfo_path))
    yield from limit(specification, _MOST_TOLD, expected.buildinfo_path)
    if expected.buildinfo and not specification:
        why = "something outside of it reached the bytes, or they were altered afterwards"
        yield Difference(expected.buildinfo_path, "the specification is the same in both", why)
    others = [difference for kind in _explain_rest(expected, found) for difference in limit(kind, _MOST_TOLD, ARCHIVE)]
    yield from others
    if not (specification or others):
        yield _explain_byte(expected.archive, found.archive)


def _explain_rest(expected: OpenedWheel, found: OpenedWheel) -> Iterator[Iterator[Difference]]:
    """What differs beyond the specification, by kind: the archive's headers, metadata, texts, libraries."""
    pairs, missing, extra = pair_members(expected, found)
    verdicts = list(compare_contents(expected, found, pairs))
    names: dict[Kind, list[str]] = {kind: [] for kind in get_args(Kind)}
    for verdict in verdicts:
        names[verdict.kind].append(verdict.name)
    same = {verdict.name: verdict.other for verdict in verdicts if verdict.kind in ("same", "repacked")}
    altered = {verdict.name for verdict in verdicts} - same.keys()
    is_explained = bool(missing or extra or altered - {expected.record_path})
    yield explain_frame(expected.archive, found.archive)
    yield explain_headers(pairs, altered, names["repacked"])
    yield explain_streams(pairs, names["repacked"])
    yield explain_names(missing, extra)
    yield explain_order(expected.archive, found.archive, pairs)
    yield _explain_contradictions(expected, found)
    if expected.record and found.record and expected.record != found.record:
        yield explain_record(expected.record_path, expected.record, found.record, same, is_explained=is_explained)
    yield _summarise(names["following"], "differ just as the specifications do", "they are written from it")
    yield (difference for verdict in verdicts for difference in verdict.differences if not verdict.is_library)
    yield (difference for verdict in verdicts for difference in verdict.differences if verdict.is_library)
    yield _summarise(names["skipped"], "differ too, and were not looked into")


def _explain_contradictions(expected: OpenedWheel, found: OpenedWheel) -> Iterator[Difference]:
    """Where one of the wheels contradicts itself and the other does not, or not in the same way."""
    ours, theirs = list(check_wheel(expected)), list(check_wheel(found))
    for wheel, faults, others in ((expected, ours, theirs), (found, theirs, ours)):
        for fault in faults:
            if fault not in others:
                yield replace(fault, what=f"that of the {wheel.side} wheel {fault.what}")


def _summarise(names: Sequence[str], what: str, why: str = "") -> Iterator[Difference]:
    if names:
        yield Difference(ARCHIVE, f"contents that {what}: {enumerate_names(names)}", why)


def _explain_byte(expected: ZipArchive, found: ZipArchive) -> Difference:
    """The last resort: where the first byte differs that nothing else tells of."""
    at = find_first_difference(expected.data, found.data)
    owner = next((m.name for m in expected.members if m.start <= at < m.start + m.packed), "")
    where = f"in the packed bytes of {quote(owner)}" if owner else "in a header that nothing reads"
    return Difference(ARCHIVE, f"the first byte that differs is at {at:#x}, {where}", "the archive was altered")
