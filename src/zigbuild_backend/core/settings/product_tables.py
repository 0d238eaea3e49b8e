"""Tables of the products that are compiled: extension modules, libraries and programs."""

from __future__ import annotations

from typing import Literal, TypeVar

from ..base.frozen import dataclass
from ..base.pythons import Python
from ..base.targets import Target
from . import rules
from .conditions import When
from .fields import Values, setting

P = TypeVar("P", bound="ProductTable")


@dataclass(frozen=True)
class Flags:
    """Compiler flags, by language."""

    all: tuple[str, ...] = setting("for every language but Zig", rule=rules.compiler_flag, default=())
    c: tuple[str, ...] = setting("for C and Objective-C", rule=rules.compiler_flag, default=())
    cxx: tuple[str, ...] = setting("for C++ and Objective-C++", rule=rules.compiler_flag, default=())
    asm: tuple[str, ...] = setting("for assembler", rule=rules.compiler_flag, default=())


@dataclass(frozen=True)
class Std:
    """The language standards, as the compiler's ``-std`` takes them."""

    c: str = setting("for C, such as ``c11``", rule=rules.standard, default="")
    cxx: str = setting("for C++, such as ``c++17``", rule=rules.standard, default="")


@dataclass(frozen=True)
class Inputs:
    """The inputs of a compile. Of several tables, arrays are joined, tables merged, and single values replaced."""

    sources: tuple[str, ...] = setting(
        "C, C++, Objective-C, assembler and Zig files, relative to pyproject.toml, by globs; of Zig the root file "
        "alone",
        rule=rules.path,
        default=(),
    )
    include_dirs: tuple[str, ...] = setting("folders of headers", rule=rules.path, default=())
    headers_from: tuple[str, ...] = setting(
        "the build requirements whose headers are used, such as ``numpy`` or ``pybind11``",
        rule=rules.project_name,
        default=(),
    )
    defines: Values = setting(
        "macros: text or a number as in the code, ``true`` for 1, ``false`` to undefine; ``{name}`` and ``{version}`` "
        "in text are those of the project",
        rule=rules.define,
        default=(),
    )
    flags: Flags = setting("compiler flags, by language; a plain ``-Werror`` is ignored", default=Flags())
    std: Std = setting("language standards", default=Std())
    link: tuple[str, ...] = setting(
        "the names of ``library`` and ``dependency`` tables to link, whose headers are found, too",
        rule=rules.library,
        default=(),
    )
    libraries: tuple[str, ...] = setting(
        "system libraries to link, of those that zig has for the target, such as ``m``, or ``ws2_32`` on Windows",
        rule=rules.library,
        default=(),
    )
    frameworks: tuple[str, ...] = setting(
        "frameworks of macOS to link; they need its SDK", rule=rules.library, default=()
    )
    objects: tuple[str, ...] = setting(
        "object files and static libraries of the project to link, by globs",
        rule=rules.path,
        default=(),
    )
    link_flags: tuple[str, ...] = setting(
        "flags for the linker: ``-Wl,-rpath,$ORIGIN/…`` and a few others that zig's build system supports",
        rule=rules.link_flag,
        default=(),
    )


@dataclass(frozen=True)
class Conditional:
    """A table for some targets and Pythons only."""

    when: When = setting("the condition: all keys must hold, and of the names in an array one", is_single=True)


@dataclass(frozen=True)
class Addition(Inputs, Conditional):
    """``on``: more inputs if a condition holds."""


@dataclass(frozen=True)
class ConfigAddition(Conditional):
    """Other values of a config header if a condition holds."""

    values: Values = setting("more values, or replacements of those with the same name", rule=rules.define, default=())


@dataclass(frozen=True)
class ConfigHeader:
    """A header with properties of the target, as configure or CMake writes it."""

    path: str = setting("the name in ``#include``, such as ``config.h``", rule=rules.path)
    template: str = setting("the template, such as ``config.h.in``; without one, the header has all values", default="")
    style: Literal["autoconf", "autoconf-at", "cmake", "plain"] = setting(
        "the placeholders of the template: ``#undef NAME``, ``@NAME@``, or ``#cmakedefine NAME`` and ``${NAME}``; "
        "``plain`` without a template",
        default="plain",
    )
    values: Values = setting(
        "the values: text or a number as in the code, ``true`` for 1, ``false`` to leave it undefined",
        rule=rules.define,
        default=(),
    )
    on: tuple[ConfigAddition, ...] = setting("other values for some targets, applied in their order", default=())


@dataclass(frozen=True)
class Named:
    """A table with a name."""

    name: str = setting("the name, for ``link``", rule=rules.library)


@dataclass(frozen=True)
class ProductTable(Inputs, Named):
    """A product: an extension module, a library or a program."""

    exclude: tuple[str, ...] = setting(
        "globs of files that are no sources although ``sources`` matches them", rule=rules.path, default=()
    )
    config_header: tuple[ConfigHeader, ...] = setting(
        "a header with properties of the target, or an array of them", default=(), is_single=True
    )
    when: When = setting(
        "the condition for it to exist; of several tables one must hold; default: always",
        default=When(),
        is_single=True,
    )
    on: tuple[Addition, ...] = setting("more inputs if a condition holds, applied in their order", default=())

    def tables(self, target: Target, python: Python | None = None) -> tuple[Inputs, ...]:
        """Return the inputs for *target*, a single slice, and *python*: this table, and the additions that hold."""
        return (self, *(addition for addition in self.on if addition.when.holds(target, python)))


@dataclass(frozen=True)
class Extension(ProductTable):
    """``[[tool.zigbuild.extension]]``: one extension module."""

    name: str = setting("the dotted name for ``import``, such as ``spam._speedups``", rule=rules.module_name)
    translate: tuple[str, ...] = setting(
        "C headers that Zig sources import besides ``python``, each by its file name without ``.h``",
        rule=rules.path,
        default=(),
    )
    stable_abi: str = setting(
        "use the limited API from this CPython on: with ``cp310`` one wheel is for all later ones with the GIL, with "
        "``cp315t`` (abi3t) for the free-threaded ones, too. It takes effect if all extensions of the project have it, "
        "of one kind",
        rule=rules.stable_abi,
        default="",
    )
    visibility: Literal["hidden", "default"] = setting(
        "``default`` exports the symbols of the module, ``hidden`` only its init function",
        default="hidden",
    )
    optional: bool = setting(
        "if it cannot be compiled, the wheel is made without it, with a warning; a wheel without any product is pure",
        default=False,
    )


@dataclass(frozen=True)
class Library(ProductTable):
    """``[[tool.zigbuild.library]]``: a library, compiled once for each target.

    Products that link it find its folders of headers and its config headers, too.
    """

    linkage: Literal["static", "shared"] = setting(
        "``static`` libraries become part of the products that link them; ``shared`` ones are files of the wheel, for "
        "extensions, other shared libraries and ctypes",
        default="static",
    )
    package: str = setting(
        "the package in the wheel that has the shared library, such as ``spam``",
        rule=rules.module_name,
        default="",
    )
    visibility: Literal["default", "hidden"] = setting(
        "the exports of a shared library: ``default`` all symbols that its sources do not hide, ``hidden`` only those "
        "that they mark as visible or ``dllexport``",
        default="default",
    )

    recipe: str = setting(
        "the folder of a recipe of kind ``library`` that builds it, instead of sources",
        rule=rules.path,
        default="",
    )


@dataclass(frozen=True)
class Executable(ProductTable):
    """``[[tool.zigbuild.executable]]``: a program, installed among the scripts of the environment."""

    name: str = setting("the name of the command", rule=rules.command_name)


@dataclass(frozen=True)
class Dependency(Named):
    """``[[tool.zigbuild.dependency]]``: a Zig package, such as a C library's port, with a build.zig of its own."""

    url: str = setting("the address of its archive, as for ``zig fetch``", rule=rules.package_url, default="")
    hash: str = setting("the hash of its content, as ``zig fetch`` prints it", rule=rules.zig_hash, default="")
    path: str = setting("a folder of the project with it, instead of ``url``", rule=rules.path, default="")
    artifact: str = setting("the artifact of it to link; default: its name", rule=rules.library, default="")
    options: Values = setting("options of its build.zig", rule=rules.option, default=())
