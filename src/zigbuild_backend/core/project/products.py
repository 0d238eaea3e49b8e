"""The products of a project (modules, libraries, programs), with globs resolved to files of its tree."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from ..base.errors import ProblemList
from ..base.frozen import dataclass
from ..base.pythons import Python, find_python
from ..base.targets import Target
from ..settings.conditions import When
from ..settings.model import Settings
from ..settings.product_tables import Extension, Inputs, Library, ProductTable
from .generations import Generation
from .named_files import check_file, check_folders, check_patterns
from .source_tree import SourceTree

LANGUAGES = {
    "c": (".c",),
    "cpp": (".cc", ".cpp", ".cxx", ".c++", ".C"),
    "objective_c": (".m",),
    "objective_cpp": (".mm",),
    "assembly": (".s",),
    "assembly_with_preprocessor": (".S",),
}
"""Zig's names of the languages that clang compiles, and the suffixes of their files."""

OBJECTIVE_SUFFIXES = LANGUAGES["objective_c"] + LANGUAGES["objective_cpp"]
CXX_SUFFIXES = LANGUAGES["cpp"] + LANGUAGES["objective_cpp"]
ZIG_SUFFIX = ".zig"
OBJECT_SUFFIXES = (".o", ".obj", ".a", ".lib")


@dataclass(frozen=True)
class Part:
    """One table of a product, its own or an ``on`` table, with the files that the table names."""

    table: Inputs
    sources: tuple[str, ...] = ()
    objects: tuple[str, ...] = ()
    when: When = When()

    def sources_in(self, suffixes: Collection[str]) -> list[str]:
        """Return the sources with any of *suffixes*."""
        return [source for source in self.sources if source.endswith(tuple(suffixes))]


@dataclass(frozen=True)
class Product:
    """A module, library or program. ``parts`` begins with the product's own table; its ``on`` tables follow."""

    settings: ProductTable
    parts: tuple[Part, ...]

    @property
    def name(self) -> str:
        return self.settings.name

    @property
    def sources(self) -> tuple[str, ...]:
        """The sources of all parts, for every target."""
        return tuple(dict.fromkeys(source for part in self.parts for source in part.sources))

    @property
    def is_cxx(self) -> bool:
        """True if a source is C++ or Objective-C++."""
        return any(source.endswith(CXX_SUFFIXES) for source in self.sources)

    @property
    def zig_root(self) -> str:
        """The root file of the Zig sources, empty without any."""
        return next((source for source in self.sources if source.endswith(ZIG_SUFFIX)), "")

    def zig_files(self, tree: SourceTree) -> list[str]:
        """Return the Zig files of *tree* in the folder of the root file: zig imports none from above it."""
        folder = self.zig_root.rpartition("/")[0]
        return [path for path in tree.below(folder) if path.endswith(ZIG_SUFFIX)] if self.zig_root else []

    def is_for(self, target: Target, python: Python | None = None) -> bool:
        """Return whether the product is made for *target* (for every slice of a universal one) and *python*."""
        return all(self.settings.when.holds(part, python) for part in target.slices or (target,))

    def parts_for(self, target: Target, python: Python | None = None) -> tuple[Part, ...]:
        """Return the parts that apply to *target*, a single slice, and *python*."""
        return tuple(part for part in self.parts if part.when.holds(target, python))


@dataclass(frozen=True)
class Module(Product):
    """An extension module."""

    settings: Extension

    @property
    def import_name(self) -> str:
        return self.name

    @property
    def folder(self) -> str:
        """The module's folder in a wheel, empty at the top."""
        return "/".join(self.name.split(".")[:-1])

    def path(self, python: Python, target: Target) -> str:
        """Return the path of the module in a wheel."""
        return self.name.replace(".", "/") + python.extension_suffix(target)

    @property
    def stable_abi(self) -> Python | None:
        """The oldest CPython whose stable ABI the module uses; None if it uses no stable ABI."""
        name = self.settings.stable_abi
        return replace(find_python(name), stable_abi=True) if name else None


@dataclass(frozen=True)
class LibraryProduct(Product):
    """A library, static or shared."""

    settings: Library

    @property
    def is_shared(self) -> bool:
        return self.settings.linkage == "shared"

    @property
    def import_name(self) -> str:
        """The dotted name that a module at the library's place would have."""
        return f"{self.settings.package}.{self.name}"

    @property
    def folder(self) -> str:
        """The folder of a shared library in a wheel."""
        return self.settings.package.replace(".", "/")

    def path(self, target: Target) -> str:
        """Return the path of a shared library in a wheel."""
        suffix = {"windows": ".dll", "macos": ".dylib"}.get(target.os, ".so")
        return f"{self.folder}/{'' if target.is_windows else 'lib'}{self.name}{suffix}"


@dataclass(frozen=True)
class Products:
    """The products of a project: modules, libraries and programs."""

    modules: tuple[Module, ...] = ()
    libraries: tuple[LibraryProduct, ...] = ()
    programs: tuple[Product, ...] = ()

    @property
    def all(self) -> tuple[Product, ...]:
        return (*self.modules, *self.libraries, *self.programs)

    @property
    def shared(self) -> tuple[LibraryProduct, ...]:
        """The shared libraries, which are files of wheels."""
        return tuple(library for library in self.libraries if library.is_shared)

    @property
    def headers_from(self) -> tuple[str, ...]:
        """The names of the packages whose headers are included."""
        tables = [part.table for product in self.all for part in product.parts]
        return tuple(dict.fromkeys(name for table in tables for name in table.headers_from))

    def modules_for(self, target: Target, python: Python) -> tuple[Module, ...]:
        """Return the extension modules of the wheel for *target* and *python*."""
        return tuple(module for module in self.modules if module.is_for(target, python))

    def programs_for(self, target: Target) -> tuple[Product, ...]:
        """Return the programs of a wheel for *target*."""
        return tuple(product for product in self.programs if product.is_for(target))

    def shared_for(self, target: Target) -> tuple[LibraryProduct, ...]:
        """Return the shared libraries of a wheel for *target*."""
        return tuple(library for library in self.shared if library.is_for(target))

    def has_frameworks(self, target: Target) -> bool:
        """Return whether *target* is macOS and a product links frameworks."""
        return target.os == "macos" and any(part.table.frameworks for product in self.all for part in product.parts)

    def linked_by(
        self, product: Product, target: Target | None = None, python: Python | None = None
    ) -> tuple[LibraryProduct, ...]:
        """Return the libraries that *product* links, directly or through other libraries, each once.

        Only links for *target*, a single slice, and *python* count; without a target all links do.
        """
        available = [library for library in self.libraries if target is None or library.is_for(target)]
        found: list[LibraryProduct] = []
        for member in (pending := [product]):
            parts = member.parts if target is None else member.parts_for(target, python)
            names = {name for part in parts for name in part.table.link}
            new = [library for library in available if library.name in names and library not in found]
            found += new
            pending += new
        return tuple(found)

    def links_cxx(self, product: Product) -> bool:
        """Return whether *product* or a library that it links is C++."""
        return any(member.is_cxx for member in (product, *self.linked_by(product)))


def resolve_products(
    settings: Settings, tree: SourceTree, problems: ProblemList, generations: Sequence[Generation] = ()
) -> Products:
    """Return the products that *settings* name, with files of *tree*, and add the *problems* of their tables.

    *tree* has the outputs of the *generations*, too. A source of Cython or cffi is replaced by its output.
    """
    made_of = {run.sources[0]: run.outputs[0] for run in generations if run.is_compiler and run.sources and run.outputs}

    def resolve(table: ProductTable, place: ProblemList) -> tuple[Part, ...]:
        parts = _resolve_parts(table, tree, made_of, place)
        if not settings.build_file and not (isinstance(table, Library) and table.recipe) and not _has_inputs(parts):
            place.at("sources").add("needs at least one source", "name its files")
        return parts

    libraries = [LibraryProduct(table, resolve(table, at)) for at, table in problems.each("library", settings.library)]
    modules = [Module(table, resolve(table, at)) for at, table in problems.each("extension", settings.extension)]
    programs = [Product(table, resolve(table, at)) for at, table in problems.each("executable", settings.executable)]
    return Products(tuple(modules), tuple(libraries), tuple(programs))


def _resolve_parts(
    table: ProductTable, tree: SourceTree, made_of: Mapping[str, str], problems: ProblemList
) -> tuple[Part, ...]:
    """Return the parts of one product, and add a problem for each file that it names and the *tree* lacks.

    *made_of* maps sources to the outputs that replace them.
    """
    excluded = set(tree.match(table.exclude))
    places: list[tuple[ProblemList, Inputs, When]] = [(problems, table, When())]
    places += [(place, addition, addition.when) for place, addition in problems.each("on", table.on)]
    parts = []
    for place, inputs, when in places:
        check_patterns(inputs.sources, tree, place.at("sources"))
        check_patterns(inputs.objects, tree, place.at("objects"))
        check_folders(inputs.include_dirs, tree, place.at("include-dirs"))
        matched = tree.match(inputs.sources)
        sources = tuple(dict.fromkeys(made_of.get(path, path) for path in matched if path not in excluded))
        if matched and not sources:
            problems.at("exclude").add("leaves out every source", "narrow its globs")
        _check_languages(sources, place.at("sources"))
        parts.append(Part(inputs, sources, tuple(tree.match(inputs.objects)), when))
    for place, header in problems.each("config-header", table.config_header):
        if header.template:
            check_file(header.template, tree, place.at("template"))
    for place, path in problems.each("translate", table.translate if isinstance(table, Extension) else ()):
        check_file(path, tree, place)
    roots = {source for part in parts for source in part.sources if source.endswith(ZIG_SUFFIX)}
    if len(roots) > 1:
        hint = "name the one that imports the others with @import"
        problems.at("sources").add(f"has {len(roots)} root files of Zig", hint)
    return tuple(parts)


def _has_inputs(parts: Sequence[Part]) -> bool:
    return any(part.sources or part.objects or part.table.sources for part in parts)


def _check_languages(sources: Sequence[str], problems: ProblemList) -> None:
    known = (*(suffix for suffixes in LANGUAGES.values() for suffix in suffixes), ZIG_SUFFIX)
    for path in sources:
        if not path.endswith(known):
            hint = f"known: {' '.join(known)}"
            if path.endswith(OBJECT_SUFFIXES):
                hint = "name compiled files in 'objects'"
            problems.add(f"{path!r} is in no language that can be compiled", hint)
