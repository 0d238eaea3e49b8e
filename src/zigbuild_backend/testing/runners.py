"""Finds the runner by which a wheel for a target can be tested on this machine."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping
from functools import cache
from typing import Literal

from ..core.base.targets import Target

Runner = Literal["native", "qemu", "wine", ""]
"""The way in which code for a target is run; empty if it cannot be run."""

_QEMU_NAMES = {"i686": "i386", "armv7l": "arm"}
"""The names of architectures in qemu that differ from those in platform tags."""


def find_runner(target: Target, environ: Mapping[str, str]) -> Runner:
    """Return the runner of code for *target* on this machine, by the programs on ``PATH``."""

    def has(*programs: str) -> bool:
        return any(shutil.which(program, path=environ.get("PATH", "")) for program in programs)

    if target.platform_tag in _native_platforms():
        return "native"
    if target.os == "linux" and sys.platform == "linux":
        name = _QEMU_NAMES.get(target.arch, target.arch)
        return "qemu" if has(f"qemu-{name}", f"qemu-{name}-static") else ""
    if target.is_windows and sys.platform != "win32" and target.arch != "arm64":
        return "wine" if has("wine", *(() if target.is_32bit else ("wine64",))) else ""
    return ""


@cache
def _native_platforms() -> frozenset[str]:
    from packaging.tags import platform_tags

    return frozenset(platform_tags())
