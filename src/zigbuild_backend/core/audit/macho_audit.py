"""Audits the features of Mach-O files alone: platform, the system's version, code signature."""

from __future__ import annotations

from ..binaries.macho import MachOBinary
from .promise import Slice, check_unresolved


def check_macho(part: Slice) -> None:
    """Add the problems of the slice *part*, a Mach-O file."""
    binary = part.binary
    if not isinstance(binary, MachOBinary):
        raise TypeError("not a Mach-O file")
    problems = part.problems
    if binary.platform != "macos":
        problems.add(f"is for {binary.platform or 'an unknown platform'}, not for macOS")
    major, minor = part.target.os_version
    if binary.min_version[:2] > (major, minor):
        needed = ".".join(map(str, binary.min_version[:2]))
        problems.add(
            f"needs macOS {needed}, the tag {part.promise.target} promises {major}.{minor}",
            f"compile with -mmacosx-version-min={major}.{minor}, or raise the target's version",
        )
    if binary.signature is None:
        if binary.arch == "arm64":
            problems.add("has no code signature, without which no arm64 Mac loads it", "sign it ad hoc")
    elif not binary.signature.is_valid:
        problems.add(
            "has a code signature that does not fit its bytes, so macOS kills the process that loads it",
            "it was changed after signing (stripped, renamed): sign it again",
        )
    check_unresolved(part, [s.name for s in binary.imports if not (s.library or s.is_weak)])
