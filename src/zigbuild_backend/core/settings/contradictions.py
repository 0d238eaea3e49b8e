"""Finds values that contradict each other: names given twice or to nothing, conditions that never hold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..base.errors import ProblemList
from ..base.pythons import PYTHONS, STABLE_ABIS
from ..base.suggestions import suggest
from ..base.targets import TARGETS
from .conditions import When
from .contents import Fragment, VersionSource
from .fields import key_of
from .generators import Generator
from .model import Settings
from .product_tables import ConfigHeader, Dependency, Executable, Extension, Library, Named, ProductTable

_SLICES = tuple(part for target in TARGETS for part in target.slices or (target,))
_ABIS = (*PYTHONS, *STABLE_ABIS)


def check_contradictions(settings: Settings, problems: ProblemList) -> None:
    """Add the *problems* between values in different places of *settings*."""
    extensions = list(problems.each("extension", settings.extension))
    libraries = list(problems.each("library", settings.library))
    programs = list(problems.each("executable", settings.executable))
    dependencies = list(problems.each("dependency", settings.dependency))
    linkable = [*libraries, *dependencies]
    _check_names(extensions, "module")
    _check_names(linkable, "library")
    _check_names(programs, "program")
    _check_cycles(libraries)
    for place, product in (*extensions, *libraries, *programs):
        _check_conditions(product, place)
        _check_links(product, [table.name for _, table in linkable], place)
        if isinstance(product, Library):
            _check_recipe(product, place)
            _check_linkage(product, place)
        _check_loading(product, settings.library, place)
        for header_place, header in place.each("config-header", product.config_header):
            _check_header(header, header_place)
    for place, dependency in dependencies:
        _check_dependency(dependency, place)
    for place, generator in problems.each("generate", settings.generate):
        _check_generator(generator, place)
    if settings.version:
        _check_version(settings.version, problems.at("version"))
    if settings.readme:
        for place, fragment in problems.at("readme").each("fragments", settings.readme.fragments):
            _check_fragment(fragment, place)


def _check_names(named: Sequence[tuple[ProblemList, Named]], kind: str) -> None:
    first: dict[str, str] = {}
    for place, table in named:
        if (earlier := first.setdefault(table.name, place.where)) != place.where:
            hint = f"give each {kind} one table with all its sources"
            place.at("name").add(f"the {kind} {table.name!r} is already {earlier}", hint)


def _check_conditions(product: ProductTable, problems: ProblemList) -> None:
    conditions = [(problems, product.when)]
    conditions += [(place, addition.when) for place, addition in problems.each("on", product.on)]
    for header_place, header in problems.each("config-header", product.config_header):
        conditions += [(place, addition.when) for place, addition in header_place.each("on", header.on)]
    for place, when in conditions:
        if not isinstance(product, Extension) and when.asks_python:
            hint = "ask for os, arch and libc only; what depends on the Python belongs to an extension"
            place.at("when").add("is compiled once for all Pythons", hint)
        elif not _is_possible(when):
            keys = " or ".join(repr(key_of(key)) for condition in when for key in condition.keys)
            place.at("when").add("no target satisfies the condition", f"loosen {keys}")


def _is_possible(when: When) -> bool:
    if not when.asks_python:
        return any(when.holds(target) for target in _SLICES)
    return any(when.holds(target, python) for target in _SLICES for python in _ABIS)


def _list_links(product: ProductTable, problems: ProblemList) -> Iterator[tuple[ProblemList, str]]:
    """Yield each name that *product* links, after its place: those of its own table, then those of its additions."""
    yield from problems.each("link", product.link)
    for place, addition in problems.each("on", product.on):
        yield from place.each("link", addition.link)


def _check_links(product: ProductTable, linkable: Sequence[str], problems: ProblemList) -> None:
    for place, name in _list_links(product, problems):
        if name not in linkable:
            hint = suggest(name, linkable, "a library of the system belongs in 'libraries'")
            place.add(f"there is no library or dependency {name!r}", hint)


def _check_cycles(libraries: Sequence[tuple[ProblemList, Library]]) -> None:
    """Add a problem for each circle of libraries that link each other."""
    links = {table.name: [name for _, name in _list_links(table, place)] for place, table in libraries}
    places = {table.name: place for place, table in libraries}
    done: set[str] = set()
    for name in links:
        path: list[str] = []
        pending = [(name, 0)]
        while pending:
            current, depth = pending.pop()
            del path[depth:]
            if current in path:
                circle = " → ".join([*path[path.index(current) :], current])
                places[current].at("link").add(f"links itself: {circle}", "take one of them out")
                break
            if current not in done:
                path.append(current)
                pending += [(linked, depth + 1) for linked in links.get(current, ()) if linked in links]
        done.update(path)


def _check_recipe(library: Library, problems: ProblemList) -> None:
    if library.recipe and any(table.sources or table.objects for table in (library, *library.on)):
        problems.add("has sources and a recipe", "name one of 'sources' and 'recipe'")


def _check_linkage(library: Library, problems: ProblemList) -> None:
    if library.linkage == "shared" and not library.package:
        problems.add("a shared library needs a package", "name it in 'package', such as 'spam'")
    if library.linkage == "static":
        for name, value, usual in (("package", library.package, ""), ("visibility", library.visibility, "default")):
            if value != usual:
                hint = "remove it, or write linkage = 'shared'"
                problems.at(name).add(
                    "belongs to shared libraries: a static one is part of the products that link it", hint
                )


def _check_loading(product: ProductTable, libraries: Sequence[Library], problems: ProblemList) -> None:
    """Add a problem for each shared library that *product* could not find when it is loaded or run."""
    shared = [table.name for table in libraries if table.linkage == "shared"]
    for place, name in _list_links(product, problems):
        if name in shared and isinstance(product, Executable):
            hint = "link a static library: the path from commands to packages differs between Pythons"
            place.add(f"a program would not find the shared library {name!r}", hint)
        elif name in shared and isinstance(product, Library) and product.linkage == "static":
            hint = "let the extensions link both; this one only needs the 'include-dirs' of the other"
            place.add(f"a static library cannot link the shared {name!r}", hint)


def _check_header(header: ConfigHeader, problems: ProblemList) -> None:
    if header.template and header.style == "plain":
        hint = "style = 'cmake' for #cmakedefine, 'autoconf' for #undef, 'autoconf-at' for @NAME@"
        problems.add("a template needs a style", hint)
    if not header.template and header.style != "plain":
        problems.add(f"the style {header.style!r} needs a template", "name it in 'template'")


def _check_dependency(dependency: Dependency, problems: ProblemList) -> None:
    if bool(dependency.url) == bool(dependency.path):
        problems.add("needs either 'url' or 'path'", "write 'path' for a folder of the project, else 'url'")
    elif dependency.url and not dependency.hash:
        problems.add("needs the 'hash' of the archive at 'url'", f"write the output of 'zig fetch {dependency.url}'")


_VERSION_KEYS = {
    "file": ("path", "pattern"),
    "attribute": ("attribute",),
    "vcs": ("tag_prefix", "tag_pattern", "fallback", "write_to"),
}
"""The keys that belong to each ``from``."""


def _check_version(version: VersionSource, problems: ProblemList) -> None:
    """Add the *problems* of keys that belong to another ``from``, and of the one that is missing."""
    known = _VERSION_KEYS[version.from_]
    if version.from_ != "vcs" and not getattr(version, known[0]):
        problems.add(f"from = {version.from_!r} needs {known[0]!r}", f"add {known[0]} = …")
    for origin, names in _VERSION_KEYS.items():
        for name in names:
            if name not in known and getattr(version, name):
                problems.at(key_of(name)).add(f"belongs to from = {origin!r}", "remove it, or change 'from'")


def _check_fragment(fragment: Fragment, problems: ProblemList) -> None:
    if bool(fragment.text) == bool(fragment.path):
        problems.add("needs either 'text' or 'path'", "write a table for each piece")
    for name in ("start_after", "end_before", "pattern"):
        if not fragment.path and getattr(fragment, name):
            problems.at(key_of(name)).add("applies to a file", "name it in 'path', or write the text alone")


_OWN_KEYS = {
    "cxx": ("cython", "cffi"),
    "directives": ("cython",),
    "include_dirs": ("cython",),
    "ffi": ("cffi",),
    "values": ("template",),
    "command": ("command",),
}
"""The keys of generators that belong to some kinds alone, with those kinds."""


def _check_generator(generator: Generator, problems: ProblemList) -> None:
    kind, unset = generator.with_, Generator(generator.with_)
    for name, kinds in _OWN_KEYS.items():
        if kind not in kinds and getattr(generator, name) != getattr(unset, name):
            problems.at(key_of(name)).add(f"does not apply to {kind!r}", f"it belongs to {' and '.join(kinds)}")
    if not generator.sources and kind != "command":
        problems.at("sources").add("needs at least one source", "name the files to generate from")
    if kind == "command":
        for name in ("command", "outputs"):
            if not getattr(generator, name):
                hint = "write the program with its arguments, and the files that it generates"
                problems.add(f"{key_of(name)!r} is missing", hint)
    elif kind != "template" and generator.per != "project":
        problems.at("per").add(f"{kind} generates the same for every target", "remove it")
