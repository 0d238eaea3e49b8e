"""Finds the source file that refers to a symbol, by the object files that a library was linked from."""

from __future__ import annotations

from collections.abc import Mapping

from ..binaries.binary import MalformedBinary
from ..binaries.parse import parse_undefined


def find_origin(objects: Mapping[str, bytes], symbol: str) -> str | None:
    """Return the name of the first of *objects* (name → content) that leaves *symbol* undefined, None if none does.

    Object files that cannot be read, such as LLVM bitcode, are skipped.
    """
    return next((name for name, data in objects.items() if symbol in _undefined(data)), None)


def _undefined(data: bytes) -> frozenset[str]:
    try:
        return parse_undefined(data)
    except MalformedBinary:
        return frozenset()
