"""Compares two builds of a library: the facts in its tables, and its sections by name, offset and size."""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from datetime import datetime, timezone

from ...core.binaries.binary import ELF_MAGIC, FAT_MAGIC, MACHO_MAGIC, PE_MAGIC, Binary, MalformedBinary
from ...core.binaries.fat import split_fat
from ...core.binaries.macho import Signature
from ...core.binaries.parse import parse_binary
from .difference import (
    Difference,
    contrast,
    count,
    count_differing,
    enumerate_names,
    find_first_difference,
    pair_up,
    quote,
)
from .embedded_strings import find_differing_string
from .reasons import FACTS, FOLLOWING, SECTIONS, STRING_TABLES
from .sections import Section, list_sections

_FOR_DEBUGGING = (".debug", ".zdebug", "__DWARF", ".symtab", ".strtab", ".gnu_debug", "debug data")

_LARGEST_STRING_TABLE = 1 << 22
"""In bytes: the names in a larger table are not compared."""

MAGICS = (ELF_MAGIC, MACHO_MAGIC, FAT_MAGIC, PE_MAGIC)


def explain_library(place: str, expected: bytes, found: bytes) -> Iterator[Difference]:
    """Yield the differences between two libraries that are not the same; *place* is the path of their member."""
    at = find_first_difference(expected, found)
    try:
        ours, theirs = _split(expected), _split(found)
        binaries = [[parse_binary(data) for data in slices] for slices in (ours, theirs)]
    except MalformedBinary as error:
        what = f"its bytes differ from {at:#x} on, and one of the two cannot be read: {error.problems[0].message}"
        yield Difference(place, what, "it was damaged, or is not a library")
        return
    archs, archs_found = ([binary.arch for binary in side] for side in binaries)
    if archs != archs_found:
        what = contrast(*map(enumerate_names, (archs, archs_found)))
        yield Difference(place, f"architecture: {what}", "they are for different machines")
        return
    is_explained = False
    for number, (one, other) in enumerate(zip(*binaries, strict=True)):
        where = f"{place} ({one.arch})" if len(ours) > 1 else place
        for difference in _explain_slice(where, (one, ours[number]), (other, theirs[number])):
            is_explained = True
            yield difference
    if not is_explained:
        what = f"its bytes differ at {at:#x}, which is in no section"
        yield Difference(place, what, "the linker left stray bytes in a gap, or the file was altered")


def _split(data: bytes) -> tuple[bytes, ...]:
    return split_fat(data) if data.startswith(FAT_MAGIC) else (data,)


def _explain_slice(place: str, expected: tuple[Binary, bytes], found: tuple[Binary, bytes]) -> Iterator[Difference]:
    if type(expected[0]) is not type(found[0]):
        what = contrast(expected[0].format, found[0].format)
        yield Difference(place, f"format: {what}", "they are for different systems")
        return
    facts = list(_explain_facts(place, expected[0], found[0]))
    yield from facts
    try:
        yield from _explain_sections(place, expected[1], found[1], is_explained=bool(facts))
    except MalformedBinary as error:
        yield Difference(place, f"its sections cannot be compared: {error.problems[0].message}", "it was damaged")


def _explain_facts(place: str, expected: Binary, found: Binary) -> Iterator[Difference]:
    for name in (field.name for field in fields(expected) if field.name in FACTS):
        ours, theirs = getattr(expected, name), getattr(found, name)
        if ours == theirs:
            continue
        label, why = FACTS[name]
        if name in ("exports", "imports", "libraries", "rpaths", "version_needs"):
            what = _contrast_names(list(map(_spell, ours)), list(map(_spell, theirs)))
        else:
            what = contrast(_render_fact(ours), _render_fact(theirs))
        yield Difference(place, f"{label}: {what}", why)


def _render_fact(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Signature):
        kind = "ad hoc" if value.is_adhoc else "by a certificate"
        return f"{quote(value.identifier)} {kind}, {'valid' if value.is_valid else 'not valid'}"
    if isinstance(value, tuple):
        return ".".join(map(str, value))
    return "none" if value in (None, "") else hex(value) if isinstance(value, int) else quote(str(value))


def _contrast_names(expected: Sequence[str], found: Sequence[str]) -> str:
    missing, extra = pair_up(expected, found)
    if not (missing or extra):
        return "the same ones, in another order or number"
    sides = (("missing", missing), ("more than expected", extra))
    return "; ".join(f"{label} {enumerate_names(names)}" for label, names in sides if names)


def _spell(value: str | tuple[object, ...]) -> str:
    """Return a name, or the text of a symbol with its library and version."""
    return value if isinstance(value, str) else " ".join(part for part in value if isinstance(part, str) and part)


def _explain_sections(place: str, expected: bytes, found: bytes, *, is_explained: bool) -> Iterator[Difference]:
    """Yield the differences by section; sections that follow from others are in one line at the end."""
    ours, theirs = _index(list_sections(expected)), _index(list_sections(found))
    missing, extra = pair_up(list(ours), list(theirs))
    if missing or extra:
        is_about_names = all(name.startswith(_FOR_DEBUGGING) for name in (*missing, *extra))
        why = "it was stripped in another way" if is_about_names else "it was linked in another way"
        yield Difference(place, f"sections: {_contrast_names(list(ours), list(theirs))}", why)
    blank, blank_found = _blank_parts(expected, ours.values()), _blank_parts(found, theirs.values())

    def contents(name: str) -> tuple[bytes, bytes]:
        one, other = ours[name], theirs[name]
        return one.of(expected if one.is_part else blank), other.of(found if other.is_part else blank_found)

    changed = [name for name in ours if name in theirs and operator.ne(*contents(name))]
    following = [name for name in changed if name in FOLLOWING]
    leading = [name for name in changed if name not in FOLLOWING]
    if not (leading or missing or extra or is_explained):
        leading, following = following, []
    for name in leading:
        yield _explain_section(f"{place} [{name}]", ours[name], theirs[name], *contents(name))
    if following:
        what = f"sections that follow from the rest: {enumerate_names(following)}"
        yield Difference(place, what, "they hold addresses of code and data, or are digests")


def _explain_section(place: str, one: Section, other: Section, expected: bytes, found: bytes) -> Difference:
    """Return the difference between two sections of one name, with the contents *expected* and *found*."""
    why = SECTIONS.get(one.name, "")
    if one.name.startswith("time stamp"):
        return Difference(place, contrast(_render_time(expected), _render_time(found)), why)
    at = find_first_difference(expected, found)
    there = contrast(*(data[at : at + 8].hex() or "its end" for data in (expected, found)))
    if one.size == other.size:
        what = f"{count_differing(expected, found)} of {count(one.size, 'byte')} at {one.offset:#x} differ"
    else:
        what = contrast(*(f"{section.size} bytes at {section.offset:#x}" for section in (one, other)))
    what = f"{what}, from +{at:#x}: {there}"
    if one.name in STRING_TABLES and max(one.size, other.size) <= _LARGEST_STRING_TABLE:
        names = ([name.decode(errors="backslashreplace") for name in data.split(b"\0")] for data in (expected, found))
        return Difference(place, f"{what}; names: {_contrast_names(*names)}", why)
    if clue := find_differing_string(expected, found):
        return Difference(place, f"{what}; {clue[0]}", clue[1])
    return Difference(place, what, why)


def _render_time(stamp: bytes) -> str:
    """Return a time stamp of four bytes as a number and as a date; reproducible linkers write a digest there."""
    seconds = int.from_bytes(stamp, "little")
    return f"{seconds:#x} ({datetime.fromtimestamp(seconds, timezone.utc):%Y-%m-%d})"


def _index(sections: Iterable[Section]) -> Mapping[str, Section]:
    """Return the sections by name; of several with one name, the later ones are numbered."""
    index: dict[str, Section] = {}
    counts: Counter[str] = Counter()
    for section in sections:
        counts[section.name] += 1
        number = counts[section.name]
        name = section.name if number == 1 else f"{section.name} #{number}"
        index[name] = section._replace(name=name)
    return index


def _blank_parts(data: bytes, sections: Iterable[Section]) -> bytes:
    """Return *data* with zeros for the parts of sections: a difference in a part is not repeated for its section."""
    parts = [section for section in sections if section.is_part]
    if not parts:
        return data
    blank = bytearray(data)
    for part in parts:
        blank[part.offset : part.offset + part.size] = bytes(part.size)
    return bytes(blank)
