"""Compares two contents of a member by its kind: a library, metadata, JSON, another text, or bytes."""

from __future__ import annotations

from collections.abc import Iterator

from .difference import Difference, contrast, count, find_first_difference, limit
from .libraries import MAGICS, explain_library
from .texts import explain_fields, explain_json, explain_text, is_table, is_text

_MOST_TOLD = 24
"""The number of differences of one member that are explained."""


def explain_member(place: str, expected: bytes, found: bytes) -> Iterator[Difference]:
    """Yield the differences between two contents of the member *place*, which are not the same; two dozen at most."""
    yield from limit(_explain_content(place, expected, found), _MOST_TOLD, place)


def _explain_content(place: str, expected: bytes, found: bytes) -> Iterator[Difference]:
    if is_library(expected) and is_library(found):
        return explain_library(place, expected, found)
    if not (is_text(expected) and is_text(found)):
        return _explain_bytes(place, expected, found)
    if is_table(expected, found) and place.endswith((".dist-info/METADATA", ".dist-info/WHEEL")):
        return explain_fields(place, expected, found)
    if is_table(expected, found) and place.endswith(".json"):
        return explain_json(place, expected, found)
    return explain_text(place, expected, found)


def is_library(data: bytes) -> bool:
    """Return whether *data* begins as ELF, Mach-O and PE files do."""
    return data.startswith(MAGICS)


def _explain_bytes(place: str, expected: bytes, found: bytes) -> Iterator[Difference]:
    at = find_first_difference(expected, found)
    there = contrast(*(data[at : at + 8].hex() or "its end" for data in (expected, found)))
    sizes = count(len(expected), "byte")
    if len(expected) != len(found):
        sizes = contrast(sizes, len(found))
    yield Difference(place, f"{sizes}; the first difference is at {at:#x}: {there}")
