"""What is compiled: extension modules, and the libraries and programs beside them."""

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
    """What is compiled and linked. Where tables add up, lists are joined, tables merged, and single values replaced."""

    sources: tuple[str, ...] = setting(
        "C, C++, Objective-C, assembler and Zig files, relative to pyproject.toml; globs, where ``**`` is any number "
        "of folders. Of Zig name the root file",
        rule=rules.path,
        default=(),
    )
    include_dirs: tuple[str, ...] = setting("folders of headers", rule=rules.path, default=())
    headers_from: tuple[str, ...] = setting(
        "packages among the build requirements whose headers are used, such as ``numpy`` or ``pybind11``",
        rule=rules.project_name,
        default=(),
    )
    defines: Values = setting(
        "macros: text or a number as it should stand in the code, ``true`` for 1, ``false`` to undefine; ``{name}`` "
        "and ``{version}`` in text are the project's",
        rule=rules.define,
        default=(),
    )
    flags: Flags = setting("compiler flags, by language; a plain ``-Werror`` is left out", default=Flags())
    std: Std = setting("language standards", default=Std())
    link: tuple[str, ...] = setting(
        "names of ``library`` and ``dependency`` tables that are linked in, with their headers",
        rule=rules.library,
        default=(),
    )
    libraries: tuple[str, ...] = setting(
        "system libraries that zig has for the target, such as ``m``, or ``ws2_32`` on Windows",
        rule=rules.library,
        default=(),
    )
    frameworks: tuple[str, ...] = setting("frameworks of macOS; they need its SDK", rule=rules.library, default=())
    objects: tuple[str, ...] = setting(
        "object files and static libraries of the source tree that are linked as they are; globs",
        rule=rules.path,
        default=(),
    )
    link_flags: tuple[str, ...] = setting(
        "``-Wl,-rpath,$ORIGIN/…`` and the few other flags of linkers that zig's build system knows",
        rule=rules.link_flag,
        default=(),
    )


@dataclass(frozen=True)
class Conditional:
    """What is said for some targets and Pythons only."""

    when: When = setting("for which: all keys must hold, and of the names in an array any", is_single=True)


@dataclass(frozen=True)
class Addition(Inputs, Conditional):
    """``on``: what there is besides, where a condition holds."""


@dataclass(frozen=True)
class ConfigAddition(Conditional):
    """Other values of a config header, where a condition holds."""

    values: Values = setting("more values; the same name replaces", rule=rules.define, default=())


@dataclass(frozen=True)
class ConfigHeader:
    """A header of facts about the target, as configure and CMake would write it."""

    path: str = setting("the name by which it is included, such as ``config.h``", rule=rules.path)
    template: str = setting("the template, such as ``config.h.in``; without one all values are written", default="")
    style: Literal["autoconf", "autoconf-at", "cmake", "plain"] = setting(
        "how the template marks its places: ``#undef NAME``, ``@NAME@``, or ``#cmakedefine NAME`` and ``${NAME}``. "
        "``plain`` has no template",
        default="plain",
    )
    values: Values = setting(
        "the values: text as it should stand in the code, a number, ``true`` for 1, ``false`` to leave it undefined",
        rule=rules.define,
        default=(),
    )
    on: tuple[ConfigAddition, ...] = setting("other values for some of the targets, in their order", default=())


@dataclass(frozen=True)
class Named:
    """What has a name of its own."""

    name: str = setting("its name, by which ``link`` knows it", rule=rules.library)


@dataclass(frozen=True)
class ProductTable(Inputs, Named):
    """Something that is compiled and linked."""

    exclude: tuple[str, ...] = setting("globs of files that ``sources`` should leave out", rule=rules.path, default=())
    config_header: tuple[ConfigHeader, ...] = setting(
        "a header of facts about the target, or an array of such", default=(), is_single=True
    )
    when: When = setting(
        "where it exists at all; of several tables any must hold; default: everywhere", default=When(), is_single=True
    )
    on: tuple[Addition, ...] = setting("additions where a condition holds, applied in their order", default=())

    def tables(self, target: Target, python: Python | None = None) -> tuple[Inputs, ...]:
        """What is said for *target*, a single slice, and *python*: this table, and the additions to it that hold."""
        return (self, *(addition for addition in self.on if addition.when.holds(target, python)))


@dataclass(frozen=True)
class Extension(ProductTable):
    """``[[tool.zigbuild.extension]]``: one extension module."""

    name: str = setting("the dotted name that is imported, such as ``spam._speedups``", rule=rules.module_name)
    translate: tuple[str, ...] = setting(
        "C headers that Zig sources import beside ``python``, each by the name of its file without ``.h``",
        rule=rules.path,
        default=(),
    )
    stable_abi: str = setting(
        "use the limited API from this CPython on: with ``cp310`` one wheel serves all later ones with the GIL, with "
        "``cp315t`` (abi3t) the free-threaded ones, too. It takes effect where every extension of the project has it, "
        "of the same kind",
        rule=rules.stable_abi,
        default="",
    )
    visibility: Literal["hidden", "default"] = setting(
        "``default`` lets others link with the module's symbols; only its init function is seen otherwise",
        default="hidden",
    )
    optional: bool = setting(
        "where it cannot be compiled the wheel is made without it, and that is said; it is pure if nothing is left",
        default=False,
    )


@dataclass(frozen=True)
class Library(ProductTable):
    """``[[tool.zigbuild.library]]``: a library, compiled once for each target, whatever the number of Pythons.

    Its folders of headers and its config headers are those of whoever links it, too.
    """

    linkage: Literal["static", "shared"] = setting(
        "``static`` libraries become part of what links them. ``shared`` ones are files of the wheel, for extensions, "
        "other shared libraries and ctypes",
        default="static",
    )
    package: str = setting(
        "the package of the wheel that a shared library is put into, such as ``spam``",
        rule=rules.module_name,
        default="",
    )
    visibility: Literal["default", "hidden"] = setting(
        "what a shared library shows: ``default`` all that its sources do not hide, ``hidden`` only what they mark as "
        "visible or ``dllexport``",
        default="default",
    )

    recipe: str = setting(
        "the folder of a recipe of kind ``library`` that it is built by, instead of sources",
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

    url: str = setting("where its archive is, as ``zig fetch`` takes it", rule=rules.package_url, default="")
    hash: str = setting("the hash by which zig checks it, as ``zig fetch`` prints it", rule=rules.zig_hash, default="")
    path: str = setting("its folder in the project, instead of ``url``", rule=rules.path, default="")
    artifact: str = setting("the artifact of it that is linked; default: its name", rule=rules.library, default="")
    options: Values = setting("options of its build.zig", rule=rules.option, default=())
