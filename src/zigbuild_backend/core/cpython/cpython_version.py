"""Versions of CPython as its headers spell them."""

from __future__ import annotations

import re
from typing import NamedTuple


class CPythonVersion(NamedTuple):
    """A version as ``patchlevel.h`` spells it; of one minor version, any final release is above any prerelease.

    A ``+`` at the end marks a build from between two releases; it counts as a prerelease.
    """

    minor: int
    is_final: bool
    micro: int
    stage: str
    serial: int
    text: str

    @classmethod
    def parse(cls, text: str) -> CPythonVersion:
        """Return the version of *text*, such as ``3.13.0`` or ``3.15.0rc2+``.

        :raises ValueError: if it is no version of CPython 3.
        """
        match = re.fullmatch(r"3\.(\d+)\.(\d+)(?:(a|b|rc)(\d+))?(\+?)", text, re.ASCII)
        if not match:
            raise ValueError(f"no version of CPython 3: {text!r}")
        minor, micro, stage, serial, plus = match.groups()
        # "a" < "b" < "rc" < "z": a version without a stage comes after those with one.
        return cls(int(minor), not (stage or plus), int(micro), stage or "z", int(serial or 0), text)

    def __str__(self) -> str:
        return self.text


def parse_patchlevel(header: bytes) -> CPythonVersion | None:
    """Return the version that a ``patchlevel.h`` defines, None if the file is not CPython's but PyPy's, say."""
    pattern = rb'^[ \t]*#[ \t]*define[ \t]+PY_VERSION[ \t]+"(3\.\d+\.\d+(?:(?:a|b|rc)\d+)?\+?)"'
    match = re.search(pattern, header, re.MULTILINE)
    return CPythonVersion.parse(match[1].decode()) if match and b"PYPY_VERSION" not in header else None
