"""Is one shared library what the tags say: format, symbols, libraries, versions, signature."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from ..base.errors import Problem
from ..base.pythons import Python
from ..base.targets import Target
from ..binaries.binary import Binary, MalformedBinary
from ..binaries.elf import ElfBinary
from ..binaries.macho import MachOBinary
from ..binaries.parse import parse_slices
from ..binaries.pe import PeBinary
from .platform_policy import GLIBC_LIBRARIES, Policy

Origin = Callable[[str], str | None]
"""What to call the object or source file that asked for a symbol, if that is known."""

_FORMATS = {"linux": "elf", "macos": "macho", "windows": "pe"}
_FIRST_MODEXPORT = 15
"""PEP 793: CPython 3.15 and later look for ``PyModExport_`` before ``PyInit_``."""

_LIBPYTHON = re.compile(r"(?:^|/)(?:libpython[23][^/]*|Python\.framework/.*|Python3?)$")
_PYTHON_DLL = re.compile(r"python\d+t?(_d)?\.dll")
_PYTHON_SYMBOL = re.compile(r"_?Py[A-Z_]")
_RELATIVE_RPATH = re.compile(r"(\$ORIGIN|\$\{ORIGIN\}|@loader_path)(/|$)")
_LINKER_SYMBOLS = frozenset(
    {
        # what linkers define by themselves, in every library
        *("_init", "_fini", "_edata", "_end", "_bss_end__", "__bss_start", "__bss_start__", "__bss_end__", "__end__"),
        *("__dso_handle", "_mh_dylib_header", "_mh_bundle_header"),
        "_mh_execute_header",  # which Zig 0.15 puts into everything for macOS
    }
)
_SHOWN = 5
"""How many symbols a message lists before it only counts."""


@dataclass(frozen=True)
class _Promise:
    """What a library is held against: one target (of a universal2 wheel: one slice) and what its tag says."""

    tag: str
    target: Target
    policy: Policy
    bundled: frozenset[str]
    origin: Origin

    def pulled_in(self, symbol: str) -> str:
        """``", pulled in by src/spam.c"`` where that is known."""
        name = self.origin(symbol)
        return f", pulled in by {name}" if name else ""


def audit_module(
    data: bytes,
    *,
    path: str,
    module: str,
    target: Target,
    python: Python,
    policy: Policy,
    stable_abi: frozenset[str] | None = None,
    bundled: frozenset[str] = frozenset(),
    origin: Origin = lambda _: None,
    is_open: bool = False,
) -> tuple[Problem, ...]:
    """Everything that is wrong with the extension module *data* for *target* and *python*; empty if it is sound.

    *path* is what the problems call it and *module* its dotted name, whose last part is in the name of the init
    function. *stable_abi* are the names of the stable ABI up to *python*'s version, not judged if ``None``. *bundled*
    are the base names of libraries that the wheel brings with it. A module that *is_open* may export what it likes.
    """

    def check(binary: Binary, promise: _Promise) -> Iterator[Problem]:
        yield from _check_library(binary, promise, python)
        yield from _check_exports(binary, module, python, is_open)
        # A library that others link with needs its install name; tools that bundle libraries set it as they like.
        if isinstance(binary, MachOBinary) and binary.name.startswith("/"):
            yield Problem(
                f"has the install name {binary.name}, a path of the machine that built it",
                hint="set it to @rpath/ and the file's name",
            )
        if python.stable_abi and stable_abi is not None:
            yield from _check_stable_abi(binary, promise, python, stable_abi)

    return _check_slices(data, path, target, policy, bundled, origin, check)


def audit_library(
    data: bytes,
    *,
    path: str,
    target: Target,
    policy: Policy,
    bundled: frozenset[str] = frozenset(),
    origin: Origin = lambda _: None,
) -> tuple[Problem, ...]:
    """:func:`audit_module` for a shared library that is no extension module and knows of no Python."""
    return _check_slices(data, path, target, policy, bundled, origin, _check_library)


def audit_program(data: bytes, *, path: str, target: Target, policy: Policy) -> tuple[Problem, ...]:
    """:func:`audit_module` for an executable."""
    return _check_slices(data, path, target, policy, frozenset(), lambda _: None, _check_program, is_program=True)


def init_symbols(module: str, python: Python) -> tuple[str, ...]:
    """The symbols of which *module* must export one: ``PyInit_spam`` or, if its name is not ASCII, ``PyInitU_…``.

    PEP 489 says how, PEP 793 adds ``PyModExport_spam``.
    """
    name = module.rpartition(".")[2]
    prefixes = ("PyInit", "PyModExport") if python.minor >= _FIRST_MODEXPORT else ("PyInit",)
    if name.isascii():
        return tuple(f"{prefix}_{name}" for prefix in prefixes)
    encoded = name.encode("punycode").decode("ascii").replace("-", "_")
    return tuple(f"{prefix}U_{encoded}" for prefix in prefixes)


def _check_slices(
    data: bytes,
    path: str,
    target: Target,
    policy: Policy,
    bundled: frozenset[str],
    origin: Origin,
    check: Callable[[Binary, _Promise], Iterator[Problem]],
    *,
    is_program: bool = False,
) -> tuple[Problem, ...]:
    """*check* of the slice for each architecture that *target* needs; other slices do no harm."""
    try:
        binaries = parse_slices(data)
    except MalformedBinary as error:
        return tuple(replace(problem, where=path) for problem in error.problems)
    found = {(binary.format, binary.arch): binary for binary in binaries if binary.is_library or is_program}
    there = ", ".join(f"{b.format} {b.arch}{'' if b.is_library else ' (no shared library)'}" for b in binaries)
    problems = []
    for part in target.slices or (target,):
        binary = found.get((_FORMATS[part.os], part.arch))
        if binary is None:
            kind = "program" if is_program else "shared library"
            message = f"holds {there or 'nothing'}, {target} needs a {kind} for {_FORMATS[part.os]} {part.arch}"
            problems.append(Problem(message, path, "it was built for another target, or the wheel has the wrong tag"))
            continue
        where = f"{path} ({part.arch})" if len(binaries) > 1 else path
        promise = _Promise(str(target), part, policy, bundled, origin)
        problems += [replace(problem, where=where) for problem in check(binary, promise)]
    return tuple(problems)


def _is_operator(binary: Binary, name: str) -> bool:
    """Whether it is ``new`` or ``delete`` of libc++ on macOS, where weak symbols of all images are made one."""
    return binary.format == "macho" and name.startswith(("_Znw", "_Zna", "_Zdl", "_Zda"))


def _check_exports(binary: Binary, module: str, python: Python, is_open: bool) -> Iterator[Problem]:
    wanted = init_symbols(module, python)
    exports = [name for name in binary.exports if name not in _LINKER_SYMBOLS and not _is_operator(binary, name)]
    stray = [name for name in exports if name not in wanted]
    if len(stray) == len(exports):
        others = [name for name in stray if name.startswith(("PyInit", "PyModExport"))]
        if others:
            hint = f"it exports {_list(others)}: the file and the init function must have one name"
        else:
            hint = "define it with PyMODINIT_FUNC, or give it default visibility"
        yield Problem(f"does not export {' or '.join(wanted)}, so it cannot be imported as {module}", hint=hint)
    if stray and not is_open:
        yield Problem(
            f"exports {_list(stray)} beside its init function",
            hint="compile with -fvisibility=hidden, make them static, or hide them with a version script",
        )


def _check_stable_abi(
    binary: Binary, promise: _Promise, python: Python, stable_abi: frozenset[str]
) -> Iterator[Problem]:
    for symbol in binary.imports:
        if _PYTHON_SYMBOL.match(symbol.name) and symbol.name not in stable_abi:
            yield Problem(
                f"uses {symbol.name}, which is not in the stable ABI of CPython {python.version}"
                + promise.pulled_in(symbol.name),
                hint=f"compile with Py_LIMITED_API={python.limited_api} and avoid the call, "
                "raise the version, or build for each CPython",
            )


def _check_library(binary: Binary, promise: _Promise, python: Python | None = None) -> Iterator[Problem]:
    yield from _check_libraries(binary, promise, python)
    for path in binary.rpaths:
        if not _RELATIVE_RPATH.match(path):
            yield Problem(
                f"searches the folder {path or '.'!r} for libraries",
                hint="use a path relative to the module ($ORIGIN, @loader_path) or none: the folder is this machine's",
            )
    if isinstance(binary, ElfBinary):
        yield from _check_elf(binary, promise)
    elif isinstance(binary, MachOBinary):
        yield from _check_macho(binary, promise)


def _check_program(binary: Binary, promise: _Promise) -> Iterator[Problem]:
    # zig's start code of glibc for armv7l is marked with NEON, whatever CPU is asked for, and has no instruction of it.
    yield from _check_library(replace(binary, uses_neon=False) if isinstance(binary, ElfBinary) else binary, promise)


def _check_libraries(binary: Binary, promise: _Promise, python: Python | None) -> Iterator[Problem]:
    for library in binary.libraries:
        known_as = library.lower() if isinstance(binary, PeBinary) else library
        if python is not None and isinstance(binary, PeBinary) and _PYTHON_DLL.fullmatch(known_as):
            if known_as not in _python_dlls(python):
                yield Problem(
                    f"is linked with {library}, a module for {python} must import {python.windows_dll}",
                    hint="link with the import library of that ABI",
                )
        elif _LIBPYTHON.search(library):
            yield Problem(
                f"is linked with {library}, which the interpreter may not have or have twice",
                hint="leave it out: a module finds Python's symbols in the process that loads it",
            )
        elif not promise.policy.has_library(known_as) and library.rpartition("/")[2] not in promise.bundled:
            yield Problem(
                f"needs {library}, which {promise.tag} does not promise"
                + _uses(symbol.name for symbol in binary.imports if symbol.library == library),
                hint="link it statically, or put it into the wheel",
            )


def _python_dlls(python: Python) -> tuple[str, ...]:
    """The DLLs that a module may import: abi3t modules, which load on every 3.15 and later, have their own."""
    if python.stable_abi and python.minor >= _FIRST_MODEXPORT:
        return (python.windows_dll, "python3t.dll")
    return (python.windows_dll,)


def _check_elf(binary: ElfBinary, promise: _Promise) -> Iterator[Problem]:
    if binary.has_executable_stack:
        yield Problem(
            "asks for an executable stack, which glibc 2.41 and hardened kernels refuse",
            hint="an assembly source lacks .note.GNU-stack, or a nested function of GCC is used",
        )
    if binary.has_text_relocations:
        yield Problem("has relocations in its code, which musl and hardened kernels refuse", hint="compile with -fPIC")
    if binary.uses_neon and promise.target.arch == "armv7l":
        yield Problem("uses NEON instructions, which not every armv7l has", hint="compile for VFPv3-D16 without NEON")
    yield from _check_versions(binary, promise)
    for symbol in binary.imports:
        if symbol.name in promise.policy.private.get(symbol.library, ()):
            yield Problem(
                f"uses {symbol.name}, which is private to {symbol.library}" + promise.pulled_in(symbol.name),
                hint="avoid the call: another build of the library may not have it",
            )
    # Every symbol of glibc has a version, so what has none can come only from Python or another library.
    if promise.target.libc == "glibc" and all(map(Policy(GLIBC_LIBRARIES).has_library, binary.libraries)):
        unresolved = [s.name for s in binary.imports if not (s.version or s.is_weak)]
        yield from _check_unresolved(unresolved, promise)


def _check_versions(binary: ElfBinary, promise: _Promise) -> Iterator[Problem]:
    """Symbol versions beyond the promise; of a version that no symbol uses, the whole module is accused."""
    for library, version in binary.version_needs:
        if promise.policy.has_version(version) or library in promise.bundled:
            continue
        if promise.policy.glibc:
            limit = f"the tag {promise.tag} promises {'.'.join(map(str, promise.policy.glibc))}"
        else:
            limit = f"the tag {promise.tag} promises no glibc"
        newer = re.fullmatch(r"GLIBC_2\.(\d+)", version) if promise.policy.glibc else None
        raised = f"raise the target to manylinux_2_{newer[1]}_{promise.target.arch} or " if newer else ""
        users = [s.name for s in binary.imports if (s.library, s.version) == (library, version)]
        for name in users or [""]:
            subject = f"{name} needs" if name else "needs"
            yield Problem(
                f"{subject} {version} of {library}, {limit}" + (promise.pulled_in(name) if name else ""),
                hint=f"{raised}avoid {'the call' if name else 'what needs it'}",
            )


def _check_macho(binary: MachOBinary, promise: _Promise) -> Iterator[Problem]:
    if binary.platform != "macos":
        yield Problem(f"is for {binary.platform or 'an unknown platform'}, not for macOS")
    major, minor = promise.target.os_version
    if binary.min_version[:2] > (major, minor):
        needed = ".".join(map(str, binary.min_version[:2]))
        yield Problem(
            f"needs macOS {needed}, the tag {promise.tag} promises {major}.{minor}",
            hint=f"compile with -mmacosx-version-min={major}.{minor}, or raise the target's version",
        )
    if binary.signature is None:
        if binary.arch == "arm64":
            yield Problem("has no code signature, without which no arm64 Mac loads it", hint="sign it ad hoc")
    elif not binary.signature.is_valid:
        yield Problem(
            "has a code signature that does not fit its bytes, so macOS kills the process that loads it",
            hint="it was changed after signing (stripped, renamed): sign it again",
        )
    unresolved = [s.name for s in binary.imports if not (s.library or s.is_weak)]
    yield from _check_unresolved(unresolved, promise)


def _check_unresolved(names: Iterable[str], promise: _Promise) -> Iterator[Problem]:
    """Names that only the interpreter could define, but that are not Python's."""
    for name in names:
        if not _PYTHON_SYMBOL.match(name):
            yield Problem(
                f"uses {name}, which neither Python nor any library that it is linked with defines"
                + promise.pulled_in(name),
                hint="add the source or the library that defines it; if only a newer system does, raise the target",
            )


def _uses(symbols: Iterable[str]) -> str:
    names = list(symbols)
    return f" (for {_list(names)})" if names else ""


def _list(names: list[str]) -> str:
    rest = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {rest} more" if rest > 0 else "")
