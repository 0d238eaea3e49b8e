"""Differences, and texts for them: short, escaped, and computed in bounded time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

ARCHIVE = "archive"
"""The place of differences that are in no member."""

_CHUNK = 1 << 20
_SHOWN = 64
"""The characters of a text that are shown."""
_LISTED = 4
"""The names of a longer list that are shown."""


@dataclass(frozen=True)
class Difference:
    """A difference between two wheels.

    ``place`` is ``archive`` or the path of a member, with the section of a binary in brackets; ``what`` has the values
    of both sides; ``why`` is the likely reason, empty if none is known.
    """

    place: str
    what: str
    why: str = ""


def contrast(expected: object, found: object) -> str:
    """Return the text ``expected X, found Y``."""
    return f"expected {expected}, found {found}"


def limit(differences: Iterable[Difference], most: int, place: str) -> Iterator[Difference]:
    """Yield the first *most* of *differences*, and one at *place* that says so if there are more."""
    rest = iter(differences)
    yield from islice(rest, most)
    if next(rest, None):
        yield Difference(place, "there are more differences of this kind")


def escape(text: str) -> str:
    """Return *text* with escapes for characters that cannot be printed on one line."""
    return text if text.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def shorten(text: str) -> str:
    """Return *text*, escaped and cut to the length that is shown."""
    line = escape(text[: _SHOWN + 1])
    return line if len(line) <= _SHOWN else f"{line[:_SHOWN]}…"


def quote(data: bytes | str) -> str:
    """Return *data* as a short text in quotes, with bytes that are not UTF-8 as ``\\xNN``."""
    text = data if isinstance(data, str) else data[: 8 * _SHOWN].decode(errors="backslashreplace")
    return f"'{shorten(text)}'"


def enumerate_names(names: Iterable[str]) -> str:
    """Return the first few *names*, shortened, and the number of the others."""
    listed = list(names)
    shown = ", ".join(map(shorten, listed[:_LISTED]))
    return shown if len(listed) <= _LISTED else f"{shown} and {len(listed) - _LISTED} more"


def count(number: int, noun: str) -> str:
    """Return a count with its noun: ``1 member``, ``2 members``."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def find_first_difference(expected: bytes, found: bytes) -> int:
    """Return the offset of the first byte that differs, or the shorter length if one is the beginning of the other."""
    shared = min(len(expected), len(found))
    for start in range(0, shared, _CHUNK):
        ours, theirs = expected[start : start + _CHUNK], found[start : start + _CHUNK]
        size = min(len(ours), len(theirs))
        if ours[:size] != theirs[:size]:
            mask = _xor(ours[:size], theirs[:size])
            return start + size - len(mask.lstrip(b"\0"))
    return shared


def count_differing(expected: bytes, found: bytes) -> int:
    """Return the number of bytes that differ between two contents of the same length."""
    total = 0
    for start in range(0, len(expected), _CHUNK):
        ours, theirs = expected[start : start + _CHUNK], found[start : start + _CHUNK]
        if ours != theirs:
            total += len(ours) - _xor(ours, theirs).count(0)
    return total


def _xor(ours: bytes, theirs: bytes) -> bytes:
    return (int.from_bytes(ours, "big") ^ int.from_bytes(theirs, "big")).to_bytes(len(ours), "big")


def pair_up(expected: Sequence[str], found: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the names that only *expected* has and those that only *found* has, each in its order."""
    ours, theirs = set(expected), set(found)
    return [name for name in expected if name not in theirs], [name for name in found if name not in ours]
