"""Zig's string literals, read as its language reference defines them."""

from __future__ import annotations

import re

_PIECE = re.compile(
    r"\\x(?P<hex>[0-9a-f]{2})|\\u\{(?P<rune>[0-9a-f]+)\}|\\(?P<escape>[nrt\\'\"])|(?P<plain>[^\\\"\x00-\x1f\x7f])"
)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}


def read_literal(text: str, start: int = 0) -> tuple[bytes, int]:
    """Return the bytes that the literal at *start* of *text* stands for, and where it ends.

    :raises ValueError: if no literal stands there.
    """
    if text[start : start + 1] != '"':
        raise ValueError(f"no literal at {start}")
    value = b""
    position = start + 1
    while text[position : position + 1] != '"':
        match = _PIECE.match(text, position)
        if not match:
            raise ValueError(f"not in a literal: {text[position : position + 5]!r}")
        if match["hex"]:
            value += bytes.fromhex(match["hex"])
        elif match["rune"]:
            value += chr(int(match["rune"], 16)).encode()
        elif match["escape"]:
            value += _ESCAPES.get(match["escape"], match["escape"]).encode()
        else:
            value += match["plain"].encode()
        position = match.end()
    return value, position + 1


def split_literals(text: str) -> tuple[str, list[bytes]]:
    """Zig code with ``""`` for each of its literals, and what these stand for; comments are left out."""
    rest, values, position = "", [], 0
    while position < len(text):
        if text[position] == '"':
            value, position = read_literal(text, position)
            values.append(value)
            rest += '""'
        elif text.startswith("//", position):
            position = text.index("\n", position)
        elif text[position] == "'":
            end = position + (4 if text[position + 1] == "\\" else 3)
            rest, position = rest + text[position:end], end
        else:
            rest, position = rest + text[position], position + 1
    return rest, values
