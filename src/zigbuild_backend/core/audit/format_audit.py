"""Audits the features of ELF and Mach-O alone: versions of symbols, loader flags, the system's version, signatures."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ..binaries.elf import ElfBinary
from ..binaries.macho import MachOBinary
from .platform_policy import GLIBC_LIBRARIES, Policy
from .promise import Slice

PYTHON_SYMBOL = re.compile(r"_?Py[A-Z_]")


def check_elf(part: Slice, binary: ElfBinary) -> None:
    """Add the problems of the ELF file *binary*, the slice *part*."""
    problems, policy = part.problems, part.promise.policy
    if binary.has_executable_stack:
        problems.add(
            "asks for an executable stack, which glibc 2.41 and hardened kernels refuse",
            "an assembly source lacks .note.GNU-stack, or a nested function of GCC is used",
        )
    if binary.has_text_relocations:
        problems.add("has relocations in its code, which musl and hardened kernels refuse", "compile with -fPIC")
    if binary.uses_neon and part.target.arch == "armv7l":
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
        _check_unresolved(part, [s.name for s in binary.imports if not (s.version or s.is_weak)])


def check_macho(part: Slice, binary: MachOBinary) -> None:
    """Add the problems of the Mach-O file *binary*, the slice *part*."""
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
    _check_unresolved(part, [s.name for s in binary.imports if not (s.library or s.is_weak)])


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


def _check_unresolved(part: Slice, names: Iterable[str]) -> None:
    """Check that *names*, which only the interpreter could define, are those of Python."""
    for name in names:
        if not PYTHON_SYMBOL.match(name):
            part.problems.add(
                f"uses {name}, which neither Python nor any library that it is linked with defines"
                + part.name_origin(name),
                "add the source or the library that defines it; if only a newer system does, raise the target",
            )
