"""Sources that are linked into every module, shared library and program of a target, beside zig's runtimes."""

from __future__ import annotations

from pathlib import Path

from ..base.targets import Target
from ..zig.support_folders import RUNTIME

_SOURCES = {"win_amd64": "x86_64-windows.s"}
"""The files beside this module by platform tag; the first lines of each say what it is for."""


def find_runtime_source(target: Target) -> str:
    """Return the path beside build.zig of the source for *target*, empty if it needs none."""
    name = _SOURCES.get(target.platform_tag)
    return f"{RUNTIME}/{name}" if name else ""


def read_runtime_sources() -> dict[str, bytes]:
    """Return the sources of all targets, by their paths beside build.zig."""
    return {f"{RUNTIME}/{name}": Path(__file__).with_name(name).read_bytes() for name in _SOURCES.values()}
