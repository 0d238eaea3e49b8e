"""The compiler arguments of a project's sources: folders of headers, macros and flags, by product, target and Python.

build.zig, compile_commands.json and the search for the origin of an undefined symbol are rendered from them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ..base.frozen import dataclass
from ..base.pythons import Python
from ..base.targets import Target
from ..project.core_metadata import Metadata
from ..project.products import LANGUAGES, LibraryProduct, Module, Part, Product
from ..settings.conditions import When
from ..settings.product_tables import Inputs
from ..zig.support_folders import GENERATED, HEADERS, INCLUDE, PYCONFIG, name_generated
from .graph import Graph
from .package_bindings import BINDINGS, EXPORT_MACROS

COMMON_FLAGS = ("-fvisibility=hidden",)
"""The flags of every source that clang compiles."""


@dataclass(frozen=True)
class IncludeFolder:
    """A folder of headers, relative to build.zig.

    One that differs between wheels is in ``start`` below a folder named after ``per``: the ``system``, the ``version``
    of CPython, the ``target`` or the ``wheel``; ``end`` follows that name.
    """

    start: str
    per: str = ""
    end: str = ""

    def resolve(self, python: Python, target: Target) -> str:
        """Return its path for a wheel; for a target of several slices it is that of the first."""
        if not self.per:
            return self.start
        part = (target.slices or (target,))[0]
        known = {"system": target.system, "version": python.version}
        return f"{self.start}/{known.get(self.per) or name_generated(self.per, python, target, part)}{self.end}"


PYTHON_FOLDERS = (IncludeFolder(PYCONFIG, "system"), IncludeFolder(INCLUDE, "version"))
"""The folders of CPython's headers. Those of a version hold no pyconfig.h: it depends on the target's system."""


@dataclass(frozen=True)
class Macro:
    """A macro that is defined for a compiler; with ``needs_free_threading`` for free-threaded Pythons only."""

    name: str
    value: str
    needs_free_threading: bool = False


@dataclass(frozen=True)
class PartArguments:
    """The compiler arguments of one part of a product, which apply where ``when`` holds.

    ``flags`` are those of the project by language, macros of its settings among them; every source has the
    :data:`COMMON_FLAGS` before them.
    """

    when: When
    folders: tuple[IncludeFolder, ...]
    macros: tuple[Macro, ...]
    flags: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class CompilerArguments:
    """The arguments of one run of clang. ``folders`` are relative to build.zig, ``macros`` names with their values."""

    folders: tuple[str, ...]
    macros: tuple[tuple[str, str], ...]
    flags: tuple[str, ...]

    def render(self) -> list[str]:
        """Return them as clang reads them."""
        macros = (f"-D{name}={value}" for name, value in self.macros)
        return [*COMMON_FLAGS, *(f"-I{folder}" for folder in self.folders), *macros, *self.flags]


def describe_arguments(graph: Graph, product: Product) -> tuple[PartArguments, ...]:
    """Return the compiler arguments of each part of *product*."""
    tables = [part.table for part in product.parts]
    flags = {language: compiler_flags(graph.project.metadata, tables, language) for language in LANGUAGES}
    if shows_symbols(product):
        for parts in flags.values():
            parts[0] = ("-fvisibility=default", *parts[0])
    return tuple(
        PartArguments(
            part.when,
            list_folders(graph, part.table),
            list_macros(part.table),
            {language: parts[number] for language, parts in flags.items()},
        )
        for number, part in enumerate(product.parts)
    )


def resolve_arguments(
    graph: Graph, product: Product, language: str, python: Python, target: Target
) -> CompilerArguments:
    """Return the arguments with which the sources of *product* in a *language* are compiled for one wheel.

    Of a target that has several slices they are those of the first.
    """
    part = (target.slices or (target,))[0]
    own = [arguments for arguments in describe_arguments(graph, product) if arguments.when.holds(part, python)]
    linked = _list_linked_parts(graph, product, python, part)
    is_module = isinstance(product, Module)
    folders = [*(PYTHON_FOLDERS if is_module else ()), *(folder for arguments in own for folder in arguments.folders)]
    folders += [folder for other in linked for folder in list_folders(graph, other.table)]
    macros = [macro for arguments in own for macro in arguments.macros]
    macros += [macro for other in linked for macro in list_macros(other.table)]
    defined = {macro.name: macro.value for macro in macros if python.free_threaded or not macro.needs_free_threading}
    return CompilerArguments(
        folders=tuple(dict.fromkeys(folder.resolve(python, target) for folder in folders)),
        macros=(*(python.macros.items() if is_module else ()), *defined.items()),
        flags=tuple(flag for arguments in own for flag in arguments.flags[language]),
    )


def _list_linked_parts(graph: Graph, product: Product, python: Python, target: Target) -> Iterator[Part]:
    """Yield the parts of the libraries that *product* itself links: it sees their headers."""
    names = {name for part in product.parts_for(target, python) for name in part.table.link}
    for library in graph.products.libraries:
        if library.name in names and library.is_for(target):
            yield from library.parts_for(target, python)


def shows_symbols(product: Product) -> bool:
    """Return whether symbols of *product* are visible to others unless its sources hide them."""
    if isinstance(product, LibraryProduct) and not product.is_shared:
        return False
    return isinstance(product, Module | LibraryProduct) and product.settings.visibility == "default"


def list_folders(graph: Graph, table: Inputs) -> tuple[IncludeFolder, ...]:
    """Return the folders of headers that *table* names, and those of headers that are generated for them."""
    folders = [IncludeFolder(folder) for folder in table.include_dirs]
    generated = list_generated(graph)
    for folder in table.include_dirs:
        prefix = "" if folder == "." else f"{folder.rstrip('/')}/"
        found = {per for path, per in generated.items() if path.startswith(prefix)}
        folders += [IncludeFolder(GENERATED, per, f"/{prefix}".rstrip("/")) for per in sorted(found)]
    return (*folders, *(IncludeFolder(f"{HEADERS}/{name}") for name in table.headers_from))


def list_macros(table: Inputs) -> tuple[Macro, ...]:
    """Return the macros that the headers of other packages need; those of the settings are flags."""
    macros = [Macro(EXPORT_MACROS[name], "") for name in table.headers_from if name in EXPORT_MACROS]
    bindings = [BINDINGS[name] for name in table.headers_from if name in BINDINGS]
    return (*macros, *(Macro(binding.free_threaded_macro, "1", True) for binding in bindings))


def list_generated(graph: Graph) -> dict[str, str]:
    """Return ``target`` or ``wheel`` by the path of each file that is generated for each of them."""
    return {
        output: generation.settings.per
        for generation in graph.project.generations
        if generation.settings.per != "project"
        for output in generation.outputs
    }


def compiler_flags(metadata: Metadata, tables: Sequence[Inputs], language: str) -> list[tuple[str, ...]]:
    """Return the flags of each of *tables* for one language; a later table replaces macros of an earlier one."""
    defined: set[str] = set()
    flags = []
    for table in tables:
        flags.append(tuple(_list_flags(metadata, table, language, defined)))
        defined.update(name for name, _ in table.defines)
    return flags


def _list_flags(metadata: Metadata, table: Inputs, language: str, defined: set[str]) -> Iterator[str]:
    """Yield the flags of one table; the macros that it replaces are among those that are *defined*."""
    families = {"objective_c": "c", "objective_cpp": "cpp", "assembly_with_preprocessor": "assembly"}
    family = families.get(language, language)
    if standard := {"c": table.std.c, "cpp": table.std.cxx}.get(family):
        yield f"-std={standard}"
    for name, text in table.defines:
        if name in defined or text is False:
            yield f"-U{name}"
        if isinstance(text, str):
            yield f"-D{name}={text.replace('{version}', metadata.version).replace('{name}', metadata.name)}"
        elif text is not False:
            yield f"-D{name}={int(text)}"
    own = {"c": table.flags.c, "cpp": table.flags.cxx, "assembly": table.flags.asm}[family]
    # A warning of another compiler, or of this one for another target, is no reason to make no wheel.
    yield from (flag for flag in (*table.flags.all, *own) if flag != "-Werror")
