"""Hints for words that are unknown, but nearly one that is known."""

from __future__ import annotations

from collections.abc import Iterable


def suggest(word: object, known: Iterable[str], otherwise: str = "", *, count: int = 1) -> str:
    """Return the hint that names the *known* words most like *word*, at most *count* of them.

    If none is like it, it is *otherwise*, or all known words.
    """
    from difflib import get_close_matches

    close = get_close_matches(str(word), known, n=count, cutoff=0.6)
    if close:
        return f"did you mean {' or '.join(map(repr, close))}?"
    return otherwise or f"known are {', '.join(known)}"
