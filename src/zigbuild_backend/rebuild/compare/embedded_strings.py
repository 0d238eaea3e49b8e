"""Finds strings in binary data that explain why it differs: paths, times, and versions of tools."""

from __future__ import annotations

import re
from collections.abc import Mapping

from .difference import contrast, find_first_difference, quote

_BEFORE, _SEARCHED = 1 << 12, 1 << 18
"""In bytes: the search begins so far before the first difference, and covers so many bytes."""

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


def find_differing_string(expected: bytes, found: bytes) -> tuple[str, str] | None:
    """Return the first string of a known kind that only one of the two contents has, and the likely reason.

    Only a range around the first difference is searched.
    """
    start = max(0, find_first_difference(expected, found) - _BEFORE)
    for kind, why, pattern in _KINDS:
        ours, theirs = (_find_texts(pattern, data[start : start + _SEARCHED]) for data in (expected, found))
        first = next((text for text in ours if text not in theirs), None)
        other = next((text for text in theirs if text not in ours), None)
        # The other side may have it outside of the searched range.
        sides = ((first, found), (other, expected))
        texts = [quote(text) if text and text not in data else "none" for text, data in sides]
        if texts != ["none", "none"]:
            return f"{kind}: {contrast(*texts)}", why
    return None


def _find_texts(pattern: re.Pattern[bytes], data: bytes) -> Mapping[bytes, None]:
    """Return the matches of *pattern*, each once, in their order."""
    return dict.fromkeys(match[0] for match in pattern.finditer(data))
