"""The native deflater for tests: compiled by the zig of this environment, and by any others that are named.

``ZIGBUILD_TEST_ZIGS`` may list more ``zig`` executables, separated as in PATH.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import pytest

from zigbuild_backend.core.archive.deflate.native import SOURCE


def find_zigs() -> list[Path]:
    """Return the ``zig`` executables to test with, that of the environment first; none if ziglang is not installed."""
    name = "zig.exe" if sys.platform == "win32" else "zig"
    package = importlib.util.find_spec("ziglang")
    folders = (package.submodule_search_locations or []) if package else []
    found = [Path(folder, name) for folder in folders]
    return found + [Path(zig) for zig in os.environ.get("ZIGBUILD_TEST_ZIGS", "").split(os.pathsep) if zig]


@cache
def compile_program(zig: Path, *flags: str) -> Path:
    """Return the deflater compiled by *zig* with *flags*."""
    program = Path(mkdtemp(prefix="deflate-"), "deflate.exe" if sys.platform == "win32" else "deflate")
    subprocess.run([zig, "cc", "-O2", "-std=c11", *flags, "-o", program, SOURCE], check=True)
    return program


def native_program() -> Path:
    """Return the deflater compiled by the first zig; skip the test if there is none."""
    zigs = find_zigs()
    if not zigs:
        pytest.skip("ziglang is not installed in this environment")
    return compile_program(zigs[0])
