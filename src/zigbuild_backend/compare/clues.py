"""Texts in bytes that tell why they differ: paths, times, and the versions of what made them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import islice

from .difference import contrast, quote

_MOST_CLUES = 20_000
"""Of one kind in one file."""

_THE_BUILD = "the time of the build got into the file"

_KINDS = (
    (
        "path",
        "the folder of the build, or of the machine's tools, got into the file",
        re.compile(rb"(?<![\w:/.])(?:[A-Za-z]:[\\/]|/)[\w.+@-]{1,64}(?:[\\/][\w.+@-]{1,128}){1,32}"),
    ),
    ("date", _THE_BUILD, re.compile(rb"(?:19|20)\d\d-[01]\d-[0-3]\d(?:[T ]\d\d:\d\d(?::\d\d)?)?")),
    (
        "date",
        _THE_BUILD,
        re.compile(rb"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [ 0-3]\d (?:19|20)\d\d"),
    ),
    ("time of day", _THE_BUILD, re.compile(rb"(?<!\d)[0-2]\d:[0-5]\d:[0-5]\d(?!\d)")),
    (
        "version of a tool",
        "another version of a tool made it",
        re.compile(rb"(?:clang|GCC:|LLD|LLVM|rustc|[Zz]ig|[Cc]ython|SWIG)[ _(][\x20-\x7e]{0,80}?\d[\w.]{0,30}"),
    ),
)


def find_clue(expected: bytes, found: bytes) -> tuple[str, str] | None:
    """The first text of a telling kind that only one of two stretches of bytes holds: what it is, and why it may be.

    ``what`` is such as ``path: expected '/a/x.c', found '/b/x.c'``.
    """
    return next(_find_clues(expected, found), None)


def _find_clues(expected: bytes, found: bytes) -> Iterator[tuple[str, str]]:
    for kind, why, pattern in _KINDS:
        ours, theirs = (_find_texts(pattern, data) for data in (expected, found))
        first = next((text for text in ours if text not in theirs), None)
        other = next((text for text in theirs if text not in ours), None)
        if first or other:
            yield f"{kind}: {contrast(*(quote(text) if text else 'none' for text in (first, other)))}", why


def _find_texts(pattern: re.Pattern[bytes], data: bytes) -> Mapping[bytes, None]:
    """What *pattern* matches, each once, in its order."""
    return dict.fromkeys(match[0] for match in islice(pattern.finditer(data), _MOST_CLUES))
