"""Explains the differences between two wheels: by specification, archive header, member and section.

Both may be hostile: the explanation takes bounded time and memory, whatever their bytes are.
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
from .opened_wheel import OpenedWheel, find_contradictions, open_wheel, pair_members
from .raw_zip import MalformedZip, ZipArchive, parse_zip
from .record_rows import explain_record, explain_rows
from .specifications import explain_specification
from .zip_headers import explain_frame, explain_headers, explain_names, explain_order, explain_streams

__all__ = ["Difference", "explain", "explain_members"]

_MOST_TOLD = 40
"""The number of differences of one kind that are explained."""


def explain(expected: bytes, found: bytes) -> tuple[Difference, ...]:
    """Return the differences between two wheels, those first that explain others; none if the bytes are the same."""
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
    """Return the differences between the members of a wheel and the RECORD of the expected one.

    A RECORD says nothing of headers, of the order of members, and of their compression.
    """
    try:
        return tuple(map(_escape, limit(explain_rows(record, parse_zip(found)), _MOST_TOLD, ARCHIVE)))
    except MalformedZip as error:
        return (_explain_damage("the found wheel", error),)


def _escape(difference: Difference) -> Difference:
    """Return *difference* without control characters, which names in hostile files may hold."""
    return Difference(escape(difference.place), escape(difference.what), escape(difference.why))


def _explain_damage(which: str, error: MalformedZip) -> Difference:
    what = f"{which} is not a zip archive: {error.problems[0].message}"
    return Difference(ARCHIVE, what, "it is damaged, or not a wheel")


def _explain_sizes(expected: bytes, found: bytes) -> Difference:
    sizes = contrast(count(len(expected), "byte"), len(found))
    return Difference(ARCHIVE, f"{sizes}; the first difference is at {find_first_difference(expected, found):#x}")


def _explain_wheels(expected: OpenedWheel, found: OpenedWheel) -> Iterator[Difference]:
    specification = list(explain_specification(expected.buildinfo, found.buildinfo, expected.buildinfo_path))
    yield from limit(specification, _MOST_TOLD, expected.buildinfo_path)
    if expected.buildinfo and not specification:
        why = "an input outside of it reached the bytes, or they were altered afterwards"
        yield Difference(expected.buildinfo_path, "the specification is the same in both", why)
    others = [difference for kind in _explain_rest(expected, found) for difference in limit(kind, _MOST_TOLD, ARCHIVE)]
    yield from others
    if not (specification or others):
        yield _explain_byte(expected.archive, found.archive)


def _explain_rest(expected: OpenedWheel, found: OpenedWheel) -> Iterator[Iterator[Difference]]:
    """Yield the differences beyond the specification by kind: archive headers, metadata, texts, libraries."""
    pairs, missing, extra = pair_members(expected, found)
    members = list(compare_contents(expected, found, pairs))
    names: dict[Kind, list[str]] = {kind: [] for kind in get_args(Kind)}
    for member in members:
        names[member.kind].append(member.name)
    same = {member.name: member.other for member in members if member.kind in ("same", "repacked")}
    altered = {member.name for member in members} - same.keys()
    is_explained = bool(missing or extra or altered - {expected.record_path})
    yield explain_frame(expected.archive, found.archive)
    yield explain_headers(pairs, altered, names["repacked"])
    yield explain_streams(pairs, names["repacked"])
    yield explain_names(missing, extra)
    yield explain_order(expected.archive, found.archive, pairs)
    yield _explain_contradictions(expected, found)
    if expected.record and found.record and expected.record != found.record:
        yield explain_record(expected.record_path, expected.record, found.record, same, is_explained=is_explained)
    yield _summarise(names["following"], "differ just as the specifications do", "they repeat its values")
    yield (difference for member in members for difference in member.differences if not member.is_library)
    yield (difference for member in members for difference in member.differences if member.is_library)
    yield _summarise(names["skipped"], "differ too, and were not compared further")


def _explain_contradictions(expected: OpenedWheel, found: OpenedWheel) -> Iterator[Difference]:
    """Yield the contradictions within one of the wheels that the other one does not have."""
    ours, theirs = list(find_contradictions(expected)), list(find_contradictions(found))
    for wheel, faults, others in ((expected, ours, theirs), (found, theirs, ours)):
        for fault in faults:
            if fault not in others:
                yield replace(fault, what=f"that of the {wheel.side} wheel {fault.what}")


def _summarise(names: Sequence[str], what: str, why: str = "") -> Iterator[Difference]:
    if names:
        yield Difference(ARCHIVE, f"contents that {what}: {enumerate_names(names)}", why)


def _explain_byte(expected: ZipArchive, found: ZipArchive) -> Difference:
    """Return the place of the first byte that differs, where nothing else explains it."""
    at = find_first_difference(expected.data, found.data)
    owner = next((m.name for m in expected.members if m.start <= at < m.start + m.packed), "")
    where = f"in the packed bytes of {quote(owner)}" if owner else "in a header that nothing reads"
    return Difference(ARCHIVE, f"the first byte that differs is at {at:#x}, {where}", "the archive was altered")
