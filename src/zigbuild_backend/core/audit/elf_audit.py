"""Audits the features of ELF files alone: versions of symbols, private symbols, loader flags."""

from __future__ import annotations

import re

from ..binaries.elf import ElfBinary
from .platform_policy import GLIBC_LIBRARIES, Policy
from .promise import Slice, check_unresolved


def check_elf(part: Slice, *, allows_neon: bool = False) -> None:
    """Add the problems of the slice *part*, an ELF file, which may use NEON on armv7l if that *allows_neon*."""
    binary = part.binary
    if not isinstance(binary, ElfBinary):
        raise TypeError("not an ELF file")
    problems, policy = part.problems, part.promise.policy
    if binary.has_executable_stack:
        problems.add(
            "asks for an executable stack, which glibc 2.41 and hardened kernels refuse",
            "an assembly source lacks .note.GNU-stack, or a nested function of GCC is used",
        )
    if binary.has_text_relocations:
        problems.add("has relocations in its code, which musl and hardened kernels refuse", "compile with -fPIC")
    if binary.uses_neon and part.target.arch == "armv7l" and not allows_neon:
        problems.add("uses NEON instructions, which not every armv7l has", "compile for VFPv3-D16 without NEON")
    _check_versions(part, binary)
    for symbol in binary.imports:
        if symbol.name in policy.private.get(symbol.library, ()):
            problems.add(
                f"uses {symbol.name}, which is private to {symbol.library}" + part.name_origin(symbol.name),
                "avoid the call: another build of the library may not have it",
            )
    # All symbols of glibc have versions, so those without must come from Python or another library.
    if part.target.libc == "glibc" and all(map(Policy(GLIBC_LIBRARIES).has_library, binary.libraries)):
        check_unresolved(part, [s.name for s in binary.imports if not (s.version or s.is_weak)])


def _check_versions(part: Slice, binary: ElfBinary) -> None:
    """Check the versions of symbols; the problem of a version that no symbol uses names no symbol."""
    promise = part.promise
    for library, version in binary.version_needs:
        if promise.policy.has_version(version) or library in promise.bundled:
            continue
        if promise.policy.glibc:
            limit = f"the tag {promise.target} promises {'.'.join(map(str, promise.policy.glibc))}"
        else:
            limit = f"the tag {promise.target} promises no glibc"
        newer = re.fullmatch(r"GLIBC_2\.(\d+)", version) if promise.policy.glibc else None
        raised = f"raise the target to manylinux_2_{newer[1]}_{part.target.arch} or " if newer else ""
        users = [s.name for s in binary.imports if (s.library, s.version) == (library, version)]
        for name in users or [""]:
            subject = f"{name} needs" if name else "needs"
            part.problems.add(
                f"{subject} {version} of {library}, {limit}" + (part.name_origin(name) if name else ""),
                f"{raised}avoid {'the call' if name else 'the feature that needs it'}",
            )
