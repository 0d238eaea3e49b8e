"""Searches bytes for repetitions, and cuts them into tokens.

A token is one int: a literal is its byte, a match is ``distance << 9 | length`` and so never below ``MATCH``.
"""

from __future__ import annotations

from collections.abc import Iterator

from .effort import Effort

WINDOW = 32768
LONGEST = 258
MATCH = 512

_SEGMENT = 131072
"""The number of bytes whose chains are built at once, which bounds the memory and does not change the tokens."""

_SLACK = 1024
"""The number of bytes after its segment that the search can read. A match is deferred only for a score that is at least
2 higher, and scores are between -4 and 1031: at most 518 times, and the next match is at most 258 bytes long."""


def tokenize(data: bytes, effort: Effort) -> Iterator[list[int]]:
    """Yield the tokens of *data*, a list for each segment that has any."""
    position = 0
    for start in range(0, len(data), _SEGMENT):
        base = max(0, start - WINDOW)
        window = data[base : start + _SEGMENT + _SLACK]
        stop = min(start + _SEGMENT, len(data)) - base
        tokens, reached = _tokenize(window, position - base, stop, effort)
        position = base + reached
        if tokens:
            yield tokens


def _tokenize(window: bytes, position: int, stop: int, effort: Effort) -> tuple[list[int], int]:
    """Return the tokens from *position* until *stop* is reached or passed, and the position after them."""
    chain, nice, lazy, near = effort.chain, effort.nice, effort.lazy, effort.near
    previous = _previous(window, 4)
    # If four bytes have occurred before, three have, too: without *nearest* no match of either kind can start.
    nearest = _previous(window, 3) if near else previous
    size = len(window)

    def search(position: int, least: int) -> tuple[int, int]:
        """Return (length, distance) of the longest match of *least* bytes or more, the nearest of several, or zeros."""
        farthest = max(0, position - WINDOW)
        limit = min(LONGEST, size - position)
        length = max(4, least)
        if length > limit:
            return 0, 0
        wanted = window[position : position + length]
        best = distance = 0
        candidate, left = previous[position], chain
        while candidate >= farthest and left:
            if window[candidate : candidate + length] == wanted:
                here, there = position + length, candidate + length
                end = position + limit
                while here < end and window[here] == window[there]:
                    here += 1
                    there += 1
                best = here - position
                distance = position - candidate
                if best >= nice or best == limit:
                    break
                length = best + 1
                wanted = window[position : position + length]
            candidate = previous[candidate]
            left -= 1
        if not best and least <= 3 and position - nearest[position] <= near:
            return 3, position - nearest[position]
        return best, distance

    tokens: list[int] = []
    append = tokens.append
    while position < stop:
        if nearest[position] < 0:
            append(window[position])
            position += 1
            continue
        length, distance = search(position, 3)
        if not length:
            append(window[position])
            position += 1
            continue
        while length < lazy and nearest[position + 1] >= 0:
            longer, farther = search(position + 1, length)
            if not longer or 4 * (longer - length) + distance.bit_length() - farther.bit_length() < 2:
                break
            append(window[position])
            position += 1
            length, distance = longer, farther
        append(distance << 9 | length)
        position += length
    return tokens, position


def _previous(window: bytes, width: int) -> list[int]:
    """Return for each position of *window* the last one before it that starts with the same *width* bytes, -1 for none.

    The last three positions start no match, for any width, and get -1.
    """
    last: dict[bytes, int] = {}
    find = last.get
    previous: list[int] = []
    append = previous.append
    for position in range(len(window) - 3):
        key = window[position : position + width]
        append(find(key, -1))
        last[key] = position
    return previous + [-1] * 3
