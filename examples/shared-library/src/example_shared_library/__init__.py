"""A number that two extension modules and ctypes add to: it lives in the library that they share."""

from __future__ import annotations

import sys
from importlib.resources import as_file, files
from typing import TYPE_CHECKING

from ._add import add
from ._total import total

if TYPE_CHECKING:
    from ctypes import CDLL

__all__ = ["add", "open_library", "total"]

_FILE = {"win32": "example_tally.dll", "darwin": "libexample_tally.dylib"}.get(sys.platform, "libexample_tally.so")


def open_library() -> CDLL:
    """The library itself, for ctypes."""
    from ctypes import CDLL

    with as_file(files(__name__) / _FILE) as path:
        return CDLL(str(path))
