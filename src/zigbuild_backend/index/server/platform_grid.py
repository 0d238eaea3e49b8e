"""The grid of a release's wheels, platforms by Pythons, with readable names for tags."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

_LINUX = re.compile(r"(many|musl)linux_(\d+)_(\d+)_(\w+)")
_LEGACY = re.compile(r"manylinux(1|2010|2014)_(\w+)")
_MACOS = re.compile(r"macosx_(\d+)_(\d+)_(\w+)")
_PYTHON = re.compile(r"([a-z]+)(\d)(\d*)")
_GLIBC = {"1": (2, 5), "2010": (2, 12), "2014": (2, 17)}
_WINDOWS = {"win_amd64": "x86_64", "win_arm64": "ARM64", "win32": "x86"}
_IMPLEMENTATIONS = {"cp": "CPython", "pp": "PyPy", "py": "Python"}


@dataclass(frozen=True)
class PlatformRow:
    """A row of the grid: the platform tag, its readable name, and a detail (``glibc 2.17 or later``)."""

    tag: str
    name: str
    detail: str = ""


@dataclass(frozen=True)
class InterpreterColumn:
    """A column of the grid: ``CPython 3.13``, and a detail (``free-threaded``)."""

    name: str
    detail: str = ""


class HasFileName(Protocol):
    @property
    def name(self) -> str: ...


N = TypeVar("N", bound=HasFileName)


@dataclass(frozen=True)
class PlatformGrid(Generic[N]):
    """Wheels by platform and interpreter; each row has one cell per interpreter, with the wheels in it."""

    interpreters: tuple[InterpreterColumn, ...]
    rows: tuple[tuple[PlatformRow, tuple[tuple[N, ...], ...]], ...]


def make_grid(wheels: Iterable[N]) -> PlatformGrid[N]:
    """Return the grid of *wheels*, placed by the tags in their file names."""
    cells: dict[PlatformRow, dict[InterpreterColumn, list[N]]] = defaultdict(lambda: defaultdict(list))
    order: dict[InterpreterColumn, tuple[object, ...]] = {}
    for wheel in wheels:
        python_tag, abi_tag, platform_tag = wheel.name.removesuffix(".whl").rsplit("-", 3)[1:]
        interpreter = name_interpreter(python_tag, abi_tag)
        order[interpreter] = _order(python_tag, abi_tag)
        cells[name_platform(platform_tag)][interpreter].append(wheel)
    columns = tuple(sorted(order, key=lambda interpreter: order[interpreter]))
    rows = sorted(cells, key=lambda platform: (platform.name.casefold(), platform.detail, platform.tag))
    return PlatformGrid(
        columns, tuple((row, tuple(tuple(_get(cells[row], column)) for column in columns)) for row in rows)
    )


def name_platform(tag: str) -> PlatformRow:
    """Return the readable name of a platform tag, or of several that are joined by dots."""
    if tag == "any":
        return PlatformRow(tag, "any")
    # The oldest of several systems is shown: newer ones run the wheel too.
    name, requirement, version = min((_name_one(part) for part in tag.split(".")), key=lambda named: named[2])
    return PlatformRow(tag, name, f"{requirement}{'.'.join(map(str, version))} or later" if version else "")


def name_interpreter(python_tag: str, abi_tag: str) -> InterpreterColumn:
    """Return the readable name of the interpreters that a wheel supports."""
    found = _PYTHON.fullmatch(python_tag.split(".")[-1])
    if not found:
        return InterpreterColumn(python_tag, abi_tag)
    kind, major, minor = found.groups()
    name = f"{_IMPLEMENTATIONS.get(kind, kind)} {major}{f'.{minor}' if minor else ''}"
    if abi_tag.startswith("abi3"):
        return InterpreterColumn(name, "and later")
    if abi_tag.endswith("t") and kind == "cp":
        return InterpreterColumn(name, "free-threaded")
    return InterpreterColumn(name)


def _name_one(tag: str) -> tuple[str, str, tuple[int, ...]]:
    """Return the platform's name, the prefix of its requirement, and the required version; empty if there is none."""
    if found := _LINUX.fullmatch(tag):
        libc = "glibc" if found[1] == "many" else "musl"
        return f"Linux {found[4]}", f"{libc} ", (int(found[2]), int(found[3]))
    if found := _LEGACY.fullmatch(tag):
        return f"Linux {found[2]}", "glibc ", _GLIBC[found[1]]
    if found := _MACOS.fullmatch(tag):
        return f"macOS {found[3]}", "", (int(found[1]), int(found[2]))
    return (f"Windows {_WINDOWS[tag]}" if tag in _WINDOWS else tag), "", ()


def _order(python_tag: str, abi_tag: str) -> tuple[object, ...]:
    found = _PYTHON.fullmatch(python_tag.split(".")[-1])
    kind, major, minor = found.groups() if found else (python_tag, "0", "")
    return kind, int(major), int(minor or 0), not abi_tag.startswith("abi3"), abi_tag


def _get(cells: Mapping[InterpreterColumn, list[N]], interpreter: InterpreterColumn) -> list[N]:
    return cells.get(interpreter, [])
