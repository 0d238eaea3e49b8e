"""The promises of platform tags: the libraries, with versions, that every system of the platform has."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import field
from fnmatch import fnmatchcase
from pathlib import Path

from ..base.frozen import dataclass
from ..base.targets import Target


@dataclass(frozen=True)
class Policy:
    """The promises of one platform tag.

    ``libraries`` are names as the loader knows them (in lower case for Windows), with ``*`` as in globs. ``glibc`` is
    the newest version of glibc's symbols, empty where there is none. ``versions`` are those of other libraries by their
    prefixes: ``{"GLIBCXX": {"3.4.19", …}}``. ``private`` has the symbols of a library that no module may use.
    """

    libraries: frozenset[str]
    glibc: tuple[int, ...] = ()
    versions: Mapping[str, frozenset[str]] = field(default_factory=dict)
    private: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def has_library(self, name: str) -> bool:
        """Return whether the library *name* is promised."""
        return name in self.libraries or any(fnmatchcase(name, known) for known in self.libraries if "*" in known)

    def has_version(self, version: str) -> bool:
        """Return whether a symbol version such as ``GLIBC_2.17`` is promised."""
        prefix, _, number = version.partition("_")
        if self.glibc and re.fullmatch(r"GLIBC_\d+(\.\d+)+", version):
            return tuple(map(int, number.split("."))) <= (*self.glibc, _ANY_PATCH)
        return number in self.versions.get(prefix, ())


_ANY_PATCH = 1 << 16
"""A number above any third one: ``GLIBC_2.2.5`` belongs to glibc 2.2."""

_LOADERS = frozenset({"ld-linux*.so.*", "ld64.so.*"})
GLIBC_LIBRARIES = _LOADERS | {
    *("libc.so.6", "libm.so.6", "libmvec.so.1", "libpthread.so.0", "libdl.so.2", "librt.so.1"),
    *("libutil.so.1", "libresolv.so.2", "libanl.so.1"),
}
"""The parts of glibc; all their symbols have versions."""

# Modules that zig links need libc.so, those of Alpine's compilers libc.musl-ARCH.so.1. musl's loader takes any name
# that starts with "libc." for its own.
_MUSL_LIBRARIES = frozenset({"libc.so", "libc.musl-*.so.1", "ld-musl-*.so.1"})

_MACOS_LIBRARIES = frozenset({"/usr/lib/*", "/System/Library/*"})

# Windows has the universal C runtime, and CPython installs the compiler's part of it (vcruntime140). The older
# msvcrt.dll and the C++ runtimes of GCC and MSVC are left out on purpose.
_WINDOWS_NAMES = """
api-ms-win-* ext-ms-win-* ucrtbase vcruntime140 vcruntime140_1
advapi32 avicap32 avrt bcrypt bcryptprimitives cfgmgr32 combase comctl32 comdlg32 credui crypt32 cryptbase
d2d1 d3d11 d3d12 d3d9 d3dcompiler_47 dbghelp dnsapi dwmapi dwrite dxgi gdi32 gdiplus glu32 hid imm32 iphlpapi
kernel32 kernelbase mf mfplat mfreadwrite mpr msimg32 msvfw32 mswsock ncrypt netapi32 normaliz ntdll ole32 oleacc
oleaut32 opengl32 pdh powrprof propsys psapi rpcrt4 secur32 setupapi shell32 shlwapi user32 userenv usp10 uxtheme
version wininet winhttp winmm wintrust wldap32 windowscodecs ws2_32 wsock32 wtsapi32 xinput1_4
"""
_WINDOWS_LIBRARIES = frozenset(f"{name}.dll" for name in _WINDOWS_NAMES.split())


def find_policy(target: Target) -> Policy:
    """Return the promises of *target*: those of auditwheel where it is installed, else the built-in ones."""
    return read_auditwheel_policy(target) or builtin_policy(target)


def builtin_policy(target: Target) -> Policy:
    """Return the promises of PEP 600 and PEP 656, or the libraries that every macOS or Windows has.

    They are stricter than auditwheel's tables, which also allow a GCC runtime, X11 and glib up to certain versions:
    modules that zig links need none of them.
    """
    if target.libc == "glibc":
        return Policy(GLIBC_LIBRARIES, target.os_version)
    return Policy({"musl": _MUSL_LIBRARIES, "libSystem": _MACOS_LIBRARIES, "ucrt": _WINDOWS_LIBRARIES}[target.libc])


def read_auditwheel_policy(target: Target) -> Policy | None:
    """Return the promises in auditwheel's data files, of the newest tag that is not newer than *target*.

    They are None if auditwheel is not installed, its files are in another format, or there is no such table. Its code
    is not imported, which would be slow.
    """
    import importlib.util
    import json

    spec = importlib.util.find_spec("auditwheel")
    if spec is None or spec.origin is None or target.os != "linux":
        return None
    try:
        tables = json.loads((Path(spec.origin).parent / "policy" / f"{target.group}-policy.json").read_bytes())
        fitting = {
            version: table
            for table in tables
            if target.arch in table["symbol_versions"] and (version := _version_of(table["name"])) <= target.os_version
        }
        if not fitting:
            return None
        table = fitting[max(fitting)]
        own = _MUSL_LIBRARIES if target.libc == "musl" else _LOADERS
        return Policy(
            libraries=own | frozenset(table["lib_whitelist"]),
            glibc=target.os_version if target.libc == "glibc" else (),
            versions={k: frozenset(v) for k, v in table["symbol_versions"][target.arch].items()},
            private={k: frozenset(v) for k, v in table["blacklist"].items()},
        )
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return None


def _version_of(name: str) -> tuple[int, int]:
    """Return the version in ``manylinux_2_17``."""
    major, minor = name.split("_")[1:]
    return int(major), int(minor)
