"""Compares two versions of a text: METADATA and WHEEL by header, JSON by value, others by the first line."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from .difference import Difference, contrast, enumerate_names, find_first_difference, pair_up, quote, shorten
from .embedded_strings import find_differing_string
from .json_documents import find_differing, parse_document

_LARGEST_TEXT = 1 << 24
_LARGEST_TABLE = 1 << 20
"""In bytes."""

_HEADER_REASONS = {
    "Metadata-Version": "another version of the tool that writes METADATA",
    "Generator": "another tool, or another version of it, made the wheel",
    "Tag": "they are wheels for different Pythons or platforms",
    "Requires-Dist": "other requirements, or another version of packaging spells them differently",
    "Requires-Python": "other requirements, or another version of packaging spells them differently",
    "Classifier": "other sources, or another order of the classifiers",
    "Version": "they are wheels of different releases",
}


def is_text(data: bytes) -> bool:
    """Return whether *data* is UTF-8 without NUL, and not too large for a text."""
    try:
        return len(data) <= _LARGEST_TEXT and "\0" not in data.decode()
    except UnicodeDecodeError:
        return False


def is_table(expected: bytes, found: bytes) -> bool:
    """Return whether two texts are small enough to be split into lines, headers or values."""
    return max(len(expected), len(found)) <= _LARGEST_TABLE


def explain_text(place: str, expected: bytes, found: bytes) -> Iterator[Difference]:
    """Yield the first line that differs between two texts, or that all line ends or the order of lines do."""
    if expected.replace(b"\r\n", b"\n") == found.replace(b"\r\n", b"\n"):
        ends = contrast(*(data.count(b"\r\n") for data in (expected, found)))
        yield Difference(place, f"lines that end with CRLF: {ends}", "git or an editor changed them, on Windows say")
        return
    at = find_first_difference(expected, found)
    number = expected.count(b"\n", 0, at) + 1
    ours, theirs = _line_at(expected, at), _line_at(found, at)
    what = f"line {number}: {contrast(*(quote(line) for line in _focus(ours, theirs)))}"
    if clue := find_differing_string(ours, theirs):
        yield Difference(place, what, clue[1])
    elif is_table(expected, found) and sorted(expected.splitlines()) == sorted(found.splitlines()):
        why = "the order of a set, or of a folder's listing"
        yield Difference(place, f"the same lines in another order; {what}", why)
    else:
        yield Difference(place, what)


def _line_at(data: bytes, at: int) -> bytes:
    end = data.find(b"\n", at)
    return data[data.rfind(b"\n", 0, at) + 1 : len(data) if end < 0 else end]


def _focus(expected: bytes, found: bytes) -> Iterator[bytes]:
    """Yield both lines, from shortly before their first difference on."""
    start = max(0, find_first_difference(expected, found) - 24)
    for line in (expected, found):
        yield b"\xe2\x80\xa6" * bool(start) + line[start:]


def explain_fields(place: str, expected: bytes, found: bytes) -> Iterator[Difference]:
    """Yield the differences between two METADATA or WHEEL files: values of headers, then the text below them."""
    (ours, body), (theirs, body_found) = _parse_headers(expected), _parse_headers(found)
    is_explained = False
    for name in {**ours, **theirs}:
        values, values_found = ours.get(name, []), theirs.get(name, [])
        if values != values_found:
            is_explained = True
            missing, extra = pair_up(values, values_found)
            sides = (enumerate_names(side) or "none" for side in (missing, extra))
            what = contrast(*sides) if missing or extra else "the same values, in another order or number"
            yield Difference(place, f"{shorten(name)}: {what}", _HEADER_REASONS.get(name, ""))
    if body != body_found:
        is_explained = True
        yield from explain_text(f"{place} (text)", body, body_found)
    if not is_explained:
        yield from explain_text(place, expected, found)


def _parse_headers(data: bytes) -> tuple[Mapping[str, list[str]], bytes]:
    """Return the values by header, and the text after the empty line."""
    head, _, body = data.partition(b"\n\n")
    headers: dict[str, list[str]] = {}
    values: list[str] = []
    for line in head.decode(errors="backslashreplace").split("\n"):
        if line[:1].isspace() and values:
            values[-1] += f"\n{line}"
        else:
            name, colon, value = line.partition(":")
            values = headers.setdefault(name, []) if colon else []
            values.append(value.strip())
    return headers, body


def explain_json(place: str, expected: bytes, found: bytes) -> Iterator[Difference]:
    """Yield the differences between two JSON documents: of their values, or else of their spelling."""
    ours, theirs = parse_document(expected), parse_document(found)
    if ours is None or theirs is None:
        yield from explain_text(place, expected, found)
        return
    paths = find_differing(ours, theirs)
    for path in paths:
        sides = (json.dumps(side[path], ensure_ascii=False) if path in side else "none" for side in (ours, theirs))
        yield Difference(place, f"{shorten(path)}: {contrast(*map(shorten, sides))}")
    if not paths:
        for difference in explain_text(place, expected, found):
            yield Difference(place, f"the same values, in another notation; {difference.what}", "another tool wrote it")
