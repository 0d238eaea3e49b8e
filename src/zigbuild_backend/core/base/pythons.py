"""The Pythons that wheels are made for: versions and ABIs of CPython, their tags (PEP 425, PEP 703) and file names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from .errors import ConfigurationError
from .targets import Target


@dataclass(frozen=True, order=True)
class Python:
    """An ABI of CPython 3.*minor* that a wheel is made for.

    With ``stable_abi`` it is the limited API of that version: one wheel for it and every later CPython with the GIL
    (abi3, PEP 384), or if it is ``free_threaded``, too, for every later CPython (abi3t, PEP 803).
    """

    minor: int
    free_threaded: bool = False
    stable_abi: bool = False

    @property
    def version(self) -> str:
        """``3.13``"""
        return f"3.{self.minor}"

    @property
    def python_tag(self) -> str:
        """``cp313``, or ``py3`` for any Python"""
        if not self.minor:
            return "py3"
        return f"cp3{self.minor}"

    @property
    def abi(self) -> str:
        """The ABI: ``cp313``, ``cp313t``, ``abi3`` or ``abi3t``, and ``none`` for any Python"""
        if not self.minor:
            return "none"
        return f"{'abi3' if self.stable_abi else self.python_tag}{'t' if self.free_threaded else ''}"

    @property
    def abi_tag(self) -> str:
        """The ABI tag of wheels: the ABI, or ``abi3.abi3t`` for abi3t, which Pythons with the GIL load, too"""
        return "abi3.abi3t" if self.abi == "abi3t" else self.abi

    @property
    def name(self) -> str:
        """The name in selectors and wheel identifiers: ``cp313``, ``cp313t``, ``cp313-abi3`` or ``cp315-abi3t``."""
        if not self.minor:
            return self.python_tag
        return f"{self.python_tag}-{self.abi}" if self.stable_abi else self.abi

    @property
    def limited_api(self) -> str:
        """The version of the limited API as in macros (``0x030D0000``), empty for a version-specific ABI."""
        return f"0x03{self.minor:02X}0000" if self.stable_abi else ""

    @property
    def macros(self) -> Mapping[str, str]:
        """The macros that select this ABI in CPython's headers, name → value."""
        if self.stable_abi:
            return {"Py_TARGET_ABI3T" if self.free_threaded else "Py_LIMITED_API": self.limited_api}
        return {"Py_GIL_DISABLED": "1"} if self.free_threaded else {}

    @property
    def beginning(self) -> Python:
        """The version-specific ABI that a stable one begins with, as ``stable-abi`` names it: ``cp315t``."""
        return replace(self, stable_abi=False)

    def serves(self, other: Python) -> bool:
        """Return whether *other* loads modules of this ABI."""
        if not self.stable_abi:
            return self == other
        return self.minor <= other.minor and (self.free_threaded or not other.free_threaded)

    @property
    def suffix(self) -> str:
        """The suffix of extension modules on POSIX: ``.cpython-313-{platform}.so``, or ``.abi3.so``.

        ``{platform}`` stands for :attr:`.Target.platform`.
        """
        if self.stable_abi:
            return f".{self.abi}.so"
        return f".cpython-3{self.minor}{'t' if self.free_threaded else ''}-{{platform}}.so"

    @property
    def windows_suffix(self) -> str:
        """The suffix of extension modules on Windows: ``.cp313-{platform}.pyd``, or ``.pyd``."""
        return ".pyd" if self.stable_abi else f".{self.abi}-{{platform}}.pyd"

    @property
    def names_musl(self) -> bool:
        """Return whether suffixes tell musl from glibc, as they do since CPython 3.11."""
        return self.minor >= _FIRST_NAMING_MUSL

    def extension_suffix(self, target: Target) -> str:
        """Return the suffix by which this Python's importer finds an extension module on *target*."""
        suffix = self.windows_suffix if target.is_windows else self.suffix
        return suffix.format(platform=target.platform if self.names_musl else target.platform_without_musl)

    @property
    def windows_dll(self) -> str:
        """The DLL that a Windows module imports: ``python313.dll``, ``python313t.dll``, ``python3.dll``, …"""
        return f"python3{'' if self.stable_abi else self.minor}{'t' if self.free_threaded else ''}.dll"

    def __str__(self) -> str:
        return self.name


ANY_PYTHON = Python(0)
"""The Python of wheels that have programs and no modules: their tag is ``py3-none-PLATFORM``."""

OLDEST, NEWEST = 9, 15
_FIRST_FREE_THREADED = 13
_FIRST_NAMING_MUSL = 11
FIRST_ABI3T = 15
"""The minor version of the first CPython that loads ``.abi3t.so`` (PEP 803)."""

PYTHONS: tuple[Python, ...] = (
    *(Python(minor) for minor in range(OLDEST, NEWEST + 1)),
    *(Python(minor, free_threaded=True) for minor in range(_FIRST_FREE_THREADED, NEWEST + 1)),
)
"""Every supported version-specific ABI, in the order of listings."""

STABLE_ABIS: tuple[Python, ...] = (
    *(Python(minor, stable_abi=True) for minor in range(OLDEST, NEWEST + 1)),
    *(Python(minor, free_threaded=True, stable_abi=True) for minor in range(FIRST_ABI3T, NEWEST + 1)),
)
"""Every stable ABI, ordered by the version that it begins with."""


def find_python(name: str) -> Python:
    """Return the Python of a selector: ``cp313``, ``cp313t``, ``cp310-abi3`` or ``cp315-abi3t``.

    :raises ConfigurationError: if it is no CPython that wheels can be made for.
    """
    match = re.fullmatch(r"cp3([0-9]|[1-9][0-9])(?:(t?)|-(abi3t?))", name)
    hint = f"known are {', '.join(p.name for p in PYTHONS)}, cp3XX-abi3, cp3XX-abi3t from 3.{FIRST_ABI3T} on, and all"
    if not match:
        raise ConfigurationError("not the name of a CPython", where=name, hint=hint)
    python = Python(int(match[1]), "t" in name, bool(match[3]))
    first = (FIRST_ABI3T if python.stable_abi else _FIRST_FREE_THREADED) if python.free_threaded else OLDEST
    if not first <= python.minor <= NEWEST:
        raise ConfigurationError("not a CPython that wheels can be made for", where=name, hint=hint)
    return python


def select_pythons(names: Iterable[str]) -> tuple[Python, ...]:
    """Return the Pythons that *names* (selectors, or ``all``) select, each once, in the order of the table.

    :raises ConfigurationError: for a name that is not a selector.
    """
    chosen: set[Python] = set()
    for name in names:
        chosen.update(PYTHONS if name == "all" else (find_python(name),))
    return tuple(sorted(chosen, key=lambda p: (p.free_threaded, p.minor, p.stable_abi)))
