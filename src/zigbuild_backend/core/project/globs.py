"""The globs by which settings name files: one dialect for sources, for the contents of wheels and for those of sdists.

A glob is matched against the whole of a POSIX path. ``?`` stands for a character and ``*`` for any number of them, but
neither for a slash; ``[ab]``, ``[a-z]`` and ``[!a]`` stand for a character of a set or outside of it; ``**`` between
slashes, or at an end, stands for any number of folders. A backslash escapes nothing. Patterns of :mod:`.ignore` add the
other features of ``.gitignore``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache


def match_globs(patterns: Iterable[str], paths: Iterable[str]) -> list[str]:
    """Return, in order, the *paths* that any of the globs *patterns* matches."""
    matchers = [_compile(pattern) for pattern in patterns]
    return [path for path in paths if any(matcher.fullmatch(path) for matcher in matchers)]


def is_glob(text: str) -> bool:
    """Return whether *text* has wildcards, and can match other paths than itself."""
    return any(character in text for character in "*?[")


def translate_glob(pattern: str, negations: str = "!") -> str:
    """Return the regular expression of a glob; a set that begins with a character of *negations* is negated."""
    *folders, last = pattern.split("/")
    parts = ["(?:[^/]+/)*" if part == "**" else _translate_part(part, negations) + "/" for part in folders]
    return "".join([*parts, ".+" if last == "**" else _translate_part(last, negations)])


@lru_cache
def _compile(pattern: str) -> re.Pattern[str]:
    return re.compile(translate_glob(pattern))


def _translate_part(part: str, negations: str) -> str:
    pieces = []
    for piece in re.split(r"(\*+|\?|\[(?:[!^][^/]|[^!/])[^]]*\])", part):
        if piece.startswith("*"):
            pieces.append("[^/]*")
        elif piece == "?":
            pieces.append("[^/]")
        elif len(piece) > 2 and piece.startswith("["):
            pieces.append(_translate_set(piece[1:-1], negations))
        else:
            pieces.append(re.escape(piece))
    return "".join(pieces)


def _translate_set(text: str, negations: str) -> str:
    """Return the regular expression of the characters between brackets, which never matches a slash."""
    is_negated = text.startswith(tuple(negations))
    items = ""
    for first, last, single in re.findall("(.)-(.)|(.)", text[is_negated:]):
        if single or first <= last:
            items += re.escape(single) or f"{re.escape(first)}-{re.escape(last)}"
    if not items:
        return "[^/]" if is_negated else "(?!)"
    return f"(?!/)[{'^' * is_negated}{items}]"
