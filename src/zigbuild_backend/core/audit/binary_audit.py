"""Audits one binary against a promise: format, exports, libraries, versions of symbols, signature."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from ..base.errors import ProblemList
from ..base.pythons import Python
from ..binaries.binary import Binary, MalformedBinary
from ..binaries.parse import parse_slices
from .promise import Origin, Promise, Slice, is_python_symbol, list_names, no_origin

_FORMATS = {"linux": "elf", "macos": "macho", "windows": "pe"}
_FIRST_MODEXPORT = 15
"""PEP 793: CPython 3.15 and later look for ``PyModExport_`` before ``PyInit_``."""

_LINKER_SYMBOLS = frozenset(
    {
        # defined by linkers, in every library
        *("_init", "_fini", "_edata", "_end", "_bss_end__", "__bss_start", "__bss_start__", "__bss_end__", "__end__"),
        *("__dso_handle", "_mh_dylib_header", "_mh_bundle_header"),
        "_mh_execute_header",  # defined by Zig 0.15, in every binary for macOS
    }
)


def audit_module(
    data: bytes,
    module: str,
    promise: Promise,
    problems: ProblemList,
    *,
    origin: Origin = no_origin,
    is_open: bool = False,
) -> None:
    """Add the *problems* of the extension module *data*, whose dotted name is *module*, if it breaks *promise*.

    The last part of the name is in that of the init function. A module that *is_open* may export other symbols, too.
    """
    python = promise.python
    if python is None:
        raise TypeError("a module is promised to a Python")

    def check(part: Slice) -> None:
        _check_library(part)
        _check_exports(part, module, python, is_open)
        # A library that others link with needs its install name; tools that bundle libraries set it as they like.
        if part.binary.format == "macho" and part.binary.name.startswith("/"):
            part.problems.add(
                f"has the install name {part.binary.name}, a path of the machine that built it",
                "set it to @rpath/ and the file's name",
            )
        if python.stable_abi and promise.stable_abi is not None:
            _check_stable_abi(part, python, promise.stable_abi)

    _check_slices(data, promise, problems, check, origin=origin)


def audit_library(data: bytes, promise: Promise, problems: ProblemList) -> None:
    """Add the *problems* of the shared library *data*, which is no extension module, if it breaks *promise*."""
    _check_slices(data, replace(promise, python=None), problems, _check_library)


def audit_program(data: bytes, promise: Promise, problems: ProblemList) -> None:
    """Add the *problems* of the executable *data* if it breaks *promise*; it does not find libraries of the wheel."""
    _check_slices(
        data,
        replace(promise, python=None, bundled=frozenset()),
        problems,
        partial(_check_library, is_program=True),
        is_program=True,
    )


def init_symbols(module: str, python: Python) -> tuple[str, ...]:
    """Return the symbols of which *module* must export one: ``PyInit_spam`` or, if not in ASCII, ``PyInitU_…``.

    PEP 489 specifies them, and PEP 793 ``PyModExport_spam``.
    """
    name = module.rpartition(".")[2]
    prefixes = ("PyInit", "PyModExport") if python.minor >= _FIRST_MODEXPORT else ("PyInit",)
    if name.isascii():
        return tuple(f"{prefix}_{name}" for prefix in prefixes)
    encoded = name.encode("punycode").decode("ascii").replace("-", "_")
    return tuple(f"{prefix}U_{encoded}" for prefix in prefixes)


def _check_slices(
    data: bytes,
    promise: Promise,
    problems: ProblemList,
    check: Callable[[Slice], None],
    *,
    origin: Origin = no_origin,
    is_program: bool = False,
) -> None:
    """Call *check* with the slice for each architecture that is promised; other slices are ignored."""
    try:
        binaries = parse_slices(data)
    except MalformedBinary as error:
        problems.extend(error.problems)
        return
    found = {(binary.format, binary.arch): binary for binary in binaries if binary.is_library or is_program}
    there = ", ".join(f"{b.format} {b.arch}{'' if b.is_library else ' (no shared library)'}" for b in binaries)
    for target in promise.target.slices or (promise.target,):
        binary = found.get((_FORMATS[target.os], target.arch))
        if binary is None:
            wanted = f"a {'program' if is_program else 'shared library'} for {_FORMATS[target.os]} {target.arch}"
            message = f"holds {there or 'nothing'}, {promise.target} needs {wanted}"
            problems.add(message, "it was built for another target, or the wheel has the wrong tag")
            continue
        place = f"{problems.place} ({target.arch})" if len(binaries) > 1 else problems.place
        check(Slice(binary, target, promise, origin, ProblemList(place, problems.found)))


def _is_operator(binary: Binary, name: str) -> bool:
    """Return whether *name* is ``new`` or ``delete`` of libc++ on macOS, which unites weak symbols of all images."""
    return binary.format == "macho" and name.startswith(("_Znw", "_Zna", "_Zdl", "_Zda"))


def _check_exports(part: Slice, module: str, python: Python, is_open: bool) -> None:
    binary, wanted = part.binary, init_symbols(module, python)
    exports = [name for name in binary.exports if name not in _LINKER_SYMBOLS and not _is_operator(binary, name)]
    stray = [name for name in exports if name not in wanted]
    if len(stray) == len(exports):
        others = [name for name in stray if name.startswith(("PyInit", "PyModExport"))]
        if others:
            hint = f"it exports {list_names(others)}: the file and the init function must have one name"
        else:
            hint = "define it with PyMODINIT_FUNC, or give it default visibility"
        part.problems.add(f"does not export {' or '.join(wanted)}, so it cannot be imported as {module}", hint)
    if stray and not is_open:
        part.problems.add(
            f"exports {list_names(stray)} beside its init function",
            "compile with -fvisibility=hidden, make them static, or hide them with a version script",
        )


def _check_stable_abi(part: Slice, python: Python, stable_abi: frozenset[str]) -> None:
    for symbol in part.binary.imports:
        if is_python_symbol(symbol.name) and symbol.name not in stable_abi:
            part.problems.add(
                f"uses {symbol.name}, which is not in the stable ABI of CPython {python.version}"
                + part.name_origin(symbol.name),
                f"compile with Py_LIMITED_API={python.limited_api} and avoid the call, "
                "raise the version, or build for each CPython",
            )


def _check_library(part: Slice, *, is_program: bool = False) -> None:
    _check_needed(part)
    for path in part.binary.rpaths:
        if not re.match(r"(\$ORIGIN|\$\{ORIGIN\}|@loader_path)(/|$)", path):
            part.problems.add(
                f"searches the folder {path or '.'!r} for libraries",
                "use a path relative to the module ($ORIGIN, @loader_path) or none: the folder is this machine's",
            )
    # Most builds are for one target, and import the checks of its format alone.
    if part.binary.format == "elf":
        from .elf_audit import check_elf

        # zig's start code of glibc for armv7l is marked with NEON for every CPU, and has no instruction of it.
        check_elf(part, allows_neon=is_program)
    elif part.binary.format == "macho":
        from .macho_audit import check_macho

        check_macho(part)


def _check_needed(part: Slice) -> None:
    """Check the libraries that the loader must find."""
    binary, promise, python = part.binary, part.promise, part.promise.python
    for library in binary.libraries:
        known_as = library.lower() if binary.format == "pe" else library
        if python is not None and binary.format == "pe" and re.fullmatch(r"python\d+t?(_d)?\.dll", known_as):
            if known_as not in _list_python_dlls(python):
                part.problems.add(
                    f"is linked with {library}, a module for {python} must import {python.windows_dll}",
                    "link with the import library of that ABI",
                )
        elif re.search(r"(?:^|/)(?:libpython[23][^/]*|Python\.framework/.*|Python3?)$", library):
            part.problems.add(
                f"is linked with {library}, which the interpreter may not have or have twice",
                "leave it out: a module finds Python's symbols in the process that loads it",
            )
        elif not promise.policy.has_library(known_as) and library.rpartition("/")[2] not in promise.bundled:
            users = [symbol.name for symbol in binary.imports if symbol.library == library]
            part.problems.add(
                f"needs {library}, which {promise.target} does not promise"
                + (f" (for {list_names(users)})" if users else ""),
                "link it statically, or put it into the wheel",
            )


def _list_python_dlls(python: Python) -> tuple[str, ...]:
    """Return the DLLs that a module may import: abi3t modules, which load on every 3.15 and later, have their own."""
    if python.stable_abi and python.minor >= _FIRST_MODEXPORT:
        return (python.windows_dll, "python3t.dll")
    return (python.windows_dll,)
