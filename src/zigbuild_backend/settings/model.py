"""What can be set: the single source of the parser, and of every page that lists the settings.

A field's name is the key in TOML with ``_`` for ``-``, its annotation is its type, its ``doc`` says what it does and
its ``rule`` (a function of :mod:`.rules`) what its values must look like.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, dataclass, field
from typing import Any, Literal

from ..errors import Problem
from ..pins import DEFAULT_ZIG
from ..targets import Target
from . import rules

Define = str | int | bool
"""The text or number of a macro; ``True`` defines it as 1, ``False`` undefines it."""

Defines = tuple[tuple[str, Define], ...]
"""The macros of a table, in its order."""


class Names(tuple[str, ...]):
    """Names of which any will do: in TOML a string, or an array of them."""


Optimize = Literal["fast", "safe", "small", "debug"]


def setting(doc: str, *, rule: Callable[[Any], Problem | None] | None = None, default: Any = MISSING) -> Any:
    """A field with its documentation; without *default* it must be given."""
    metadata = {"doc": doc, "rule": rule}
    return field(metadata=metadata) if default is MISSING else field(default=default, metadata=metadata)


@dataclass(frozen=True)
class Flags:
    """Compiler flags, by language."""

    all: tuple[str, ...] = setting("for every language", rule=rules.compiler_flag, default=())
    c: tuple[str, ...] = setting("for C", rule=rules.compiler_flag, default=())
    cxx: tuple[str, ...] = setting("for C++", rule=rules.compiler_flag, default=())


@dataclass(frozen=True)
class Std:
    """The language standards, as the compiler's ``-std`` takes them."""

    c: str = setting("for C, such as ``c11``", rule=rules.standard, default="")
    cxx: str = setting("for C++, such as ``c++17``", rule=rules.standard, default="")


@dataclass(frozen=True)
class Condition:
    """``when``: what a target must be. All that is said must hold; what is not said may be anything."""

    os: Names = setting("``linux``, ``macos`` or ``windows``", rule=rules.system, default=Names())
    arch: Names = setting(
        "the machine, as the tags of Linux spell it, such as ``x86_64``, and ``aarch64`` everywhere",
        rule=rules.machine,
        default=Names(),
    )
    libc: Names = setting("``glibc`` or ``musl``, on Linux", rule=rules.libc, default=Names())

    def holds(self, target: Target) -> bool:
        """Whether it holds for *target*, a single slice."""
        facts = ((self.os, target.os), (self.arch, target.machine), (self.libc, target.libc))
        return all(fact in names for names, fact in facts if names)


@dataclass(frozen=True)
class Addition:
    """``[[tool.zigbuild.extension.on]]``: what an extension has besides, where a condition holds."""

    when: Condition = setting("the targets: all keys must hold, and of the names in an array any")
    include_dirs: tuple[str, ...] = setting("more folders of headers", rule=rules.path, default=())
    defines: Defines = setting("more macros; the same name replaces", rule=rules.define, default=())
    flags: Flags = setting("more compiler flags, by language", default=Flags())
    std: Std = setting("other language standards", default=Std())
    libraries: tuple[str, ...] = setting(
        "more system libraries, such as ``ws2_32`` on Windows", rule=rules.library, default=()
    )


@dataclass(frozen=True)
class Extension:
    """``[[tool.zigbuild.extension]]``: one extension module."""

    name: str = setting("the dotted name that is imported, such as ``spam._speedups``", rule=rules.module_name)
    sources: tuple[str, ...] = setting(
        "C and C++ files, relative to pyproject.toml; globs, where ``**`` is any number of folders", rule=rules.path
    )
    exclude: tuple[str, ...] = setting("globs of files that ``sources`` should leave out", rule=rules.path, default=())
    include_dirs: tuple[str, ...] = setting("folders of headers", rule=rules.path, default=())
    defines: Defines = setting(
        "macros: text or a number as it should stand in the code, ``true`` for 1, ``false`` to undefine; ``{name}`` "
        "and ``{version}`` in text are the project's",
        rule=rules.define,
        default=(),
    )
    flags: Flags = setting("compiler flags, by language", default=Flags())
    std: Std = setting("language standards", default=Std())
    libraries: tuple[str, ...] = setting(
        "system libraries that every target has, such as ``m``; what zig ships for the target can be named",
        rule=rules.library,
        default=(),
    )
    stable_abi: str = setting(
        "use the limited API from this CPython on, such as ``cp310``: one wheel then serves all later ones. It takes "
        "effect where every extension of the project has it, and never for free-threaded Pythons",
        rule=rules.stable_abi,
        default="",
    )
    on: tuple[Addition, ...] = setting("additions for some of the targets, applied in their order", default=())

    def tables(self, target: Target) -> tuple[Extension | Addition, ...]:
        """What is said for *target*, a single slice: this table, and the additions to it that hold."""
        return (self, *(addition for addition in self.on if addition.when.holds(target)))


@dataclass(frozen=True)
class WheelContents:
    """``[tool.zigbuild.wheel]``: what goes into the wheels."""

    exclude: tuple[str, ...] = setting(
        "globs of files that stay out though they are in the packages; compiled sources always do",
        rule=rules.path,
        default=(),
    )


@dataclass(frozen=True)
class Settings:
    """``[tool.zigbuild]``."""

    zig: str = setting("the exact version of zig, one of those supported", rule=rules.zig_version, default=DEFAULT_ZIG)
    targets: tuple[str, ...] = setting(
        "the matrix's platforms: platform tags and the groups manylinux, musllinux, linux, macos, windows, all",
        rule=rules.target,
        default=("all",),
    )
    pythons: tuple[str, ...] = setting(
        "the matrix's Pythons, such as ``cp312`` and ``cp313t``; default: all that ``requires-python`` admits",
        rule=rules.python,
        default=(),
    )
    packages: tuple[str, ...] = setting(
        "folders of packages and single modules that go into the wheel; default: found by the project's name",
        rule=rules.path,
        default=(),
    )
    optimize: Optimize = setting("the compiler's mode", default="fast")
    extension: tuple[Extension, ...] = setting("the extension modules", default=())
    wheel: WheelContents = setting("what goes into the wheels", default=WheelContents())
