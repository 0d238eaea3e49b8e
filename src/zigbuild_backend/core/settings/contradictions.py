"""What no single value shows to be wrong: names that are given twice or to nothing, conditions that never hold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import get_close_matches

from ..base.errors import Problem
from ..base.pythons import PYTHONS, STABLE_ABIS
from ..base.targets import TARGETS
from .conditions import When
from .contents import Fragment, VersionSource
from .fields import key_of
from .generators import Generator
from .model import Settings
from .product_tables import ConfigHeader, Dependency, Executable, Extension, Library, ProductTable

_SLICES = tuple(part for target in TARGETS for part in target.slices or (target,))
_ABIS = (*PYTHONS, *STABLE_ABIS)


def find_contradictions(settings: Settings, prefix: str) -> list[Problem]:
    """The problems between what *settings* say in different places; *prefix* is what their places begin with."""
    products: list[tuple[str, ProductTable]] = [
        *((f"{prefix}extension[{index}]", product) for index, product in enumerate(settings.extension)),
        *((f"{prefix}library[{index}]", product) for index, product in enumerate(settings.library)),
        *((f"{prefix}executable[{index}]", product) for index, product in enumerate(settings.executable)),
    ]
    dependencies = [(f"{prefix}dependency[{index}]", table) for index, table in enumerate(settings.dependency)]
    libraries = [(where, product) for where, product in products if isinstance(product, Library)]
    programs = [(f"{prefix}executable[{index}]", table.name) for index, table in enumerate(settings.executable)]
    problems = [
        *_find_twice([(where, table.name) for where, table in products if isinstance(table, Extension)], "module"),
        *_find_twice([(where, table.name) for where, table in (*libraries, *dependencies)], "library"),
        *_find_twice(programs, "program"),
        *_find_cycles(libraries),
    ]
    linkable = [table.name for _, table in (*libraries, *dependencies)]
    for where, product in products:
        problems += _find_unfit_conditions(where, product)
        problems += _find_unknown_links(where, product, linkable)
        problems += _find_sources_beside_recipe(where, product)
        problems += _find_unfit_linkage(where, product)
        problems += _find_lost_libraries(where, product, [table for _, table in libraries])
        for number, header in enumerate(product.config_header):
            problems += _find_unfit_header(f"{where}.config-header[{number}]", header)
    for where, dependency in dependencies:
        problems += _find_unfit_dependency(where, dependency)
    for index, generator in enumerate(settings.generate):
        problems += _find_unfit_generator(f"{prefix}generate[{index}]", generator)
    if settings.version:
        problems += _find_unfit_version(f"{prefix}version", settings.version)
    for index, fragment in enumerate(settings.readme.fragments if settings.readme else ()):
        problems += _find_unfit_fragment(f"{prefix}readme.fragments[{index}]", fragment)
    return problems


def _find_twice(named: Sequence[tuple[str, str]], kind: str) -> Iterator[Problem]:
    first: dict[str, str] = {}
    for where, name in named:
        if (earlier := first.setdefault(name, where)) != where:
            hint = f"give each {kind} one table with all its sources"
            yield Problem(f"the {kind} {name!r} is already {earlier}", f"{where}.name", hint)


def _find_unfit_conditions(where: str, product: ProductTable) -> Iterator[Problem]:
    conditions = [(f"{where}.when", product.when)]
    conditions += [(f"{where}.on[{index}].when", addition.when) for index, addition in enumerate(product.on)]
    for number, header in enumerate(product.config_header):
        place = f"{where}.config-header[{number}].on"
        conditions += [(f"{place}[{index}].when", addition.when) for index, addition in enumerate(header.on)]
    for place, when in conditions:
        if not isinstance(product, Extension) and when.asks_python:
            hint = "ask for os, arch and libc only; what depends on the Python belongs to an extension"
            yield Problem("is compiled once for all Pythons", place, hint)
        elif not _is_possible(when):
            keys = " or ".join(repr(key_of(key)) for condition in when for key in condition.keys)
            yield Problem("no target is all of that", place, f"loosen {keys}")


def _is_possible(when: When) -> bool:
    if not when.asks_python:
        return any(when.holds(target) for target in _SLICES)
    return any(when.holds(target, python) for target in _SLICES for python in _ABIS)


def _find_unknown_links(where: str, product: ProductTable, linkable: Sequence[str]) -> Iterator[Problem]:
    places = [(f"{where}.link", product.link)]
    places += [(f"{where}.on[{index}].link", addition.link) for index, addition in enumerate(product.on)]
    for place, names in places:
        for index, name in enumerate(names):
            if name not in linkable:
                close = get_close_matches(name, linkable, n=1, cutoff=0.6)
                hint = f"did you mean {close[0]!r}?" if close else "a library of the system belongs in 'libraries'"
                yield Problem(f"there is no library or dependency {name!r}", f"{place}[{index}]", hint)


def _find_cycles(libraries: Sequence[tuple[str, ProductTable]]) -> Iterator[Problem]:
    """Libraries that link each other in a circle, each circle once."""
    links = {table.name: [*table.link, *(name for part in table.on for name in part.link)] for _, table in libraries}
    places = {table.name: where for where, table in libraries}
    done: set[str] = set()
    for name in links:
        path: list[str] = []
        pending = [(name, 0)]
        while pending:
            current, depth = pending.pop()
            del path[depth:]
            if current in path:
                circle = " → ".join([*path[path.index(current) :], current])
                yield Problem(f"links itself: {circle}", f"{places[current]}.link", "take one of them out")
                break
            if current not in done:
                path.append(current)
                pending += [(linked, depth + 1) for linked in links.get(current, ()) if linked in links]
        done.update(path)


def _find_sources_beside_recipe(where: str, product: ProductTable) -> Iterator[Problem]:
    has_sources = product.sources or product.objects or any(table.sources or table.objects for table in product.on)
    if isinstance(product, Library) and product.recipe and has_sources:
        yield Problem("has sources and a recipe", where, "name one of 'sources' and 'recipe'")


def _find_unfit_linkage(where: str, product: ProductTable) -> Iterator[Problem]:
    if not isinstance(product, Library):
        return
    if product.linkage == "shared" and not product.package:
        yield Problem("a shared library is put into a package", where, "name it in 'package', such as 'spam'")
    if product.linkage == "static":
        for name, value, usual in (("package", product.package, ""), ("visibility", product.visibility, "default")):
            if value != usual:
                hint = "remove it, or write linkage = 'shared'"
                yield Problem("is of shared libraries: a static one is part of what links it", f"{where}.{name}", hint)


def _find_lost_libraries(where: str, product: ProductTable, libraries: Sequence[ProductTable]) -> Iterator[Problem]:
    """Shared libraries that a product links from where it cannot find them when it is run."""
    shared = [table.name for table in libraries if isinstance(table, Library) and table.linkage == "shared"]
    places = [(f"{where}.link", product.link)]
    places += [(f"{where}.on[{index}].link", addition.link) for index, addition in enumerate(product.on)]
    for place, names in places:
        for index, name in enumerate(names):
            if name in shared and isinstance(product, Executable):
                hint = "link a static library: between commands and packages, paths differ from one Python to the next"
                yield Problem(f"a program does not find the shared library {name!r}", f"{place}[{index}]", hint)
            elif name in shared and isinstance(product, Library) and product.linkage == "static":
                hint = "let the extensions link both; of the other one, this one needs no more than its 'include-dirs'"
                yield Problem(f"a static library cannot link the shared {name!r}", f"{place}[{index}]", hint)


def _find_unfit_header(where: str, header: ConfigHeader) -> Iterator[Problem]:
    if header.template and header.style == "plain":
        hint = "style = 'cmake' for #cmakedefine, 'autoconf' for #undef, 'autoconf-at' for @NAME@"
        yield Problem("a template needs a style", where, hint)
    if not header.template and header.style != "plain":
        yield Problem(f"the style {header.style!r} needs a template", where, "name it in 'template'")


def _find_unfit_dependency(where: str, dependency: Dependency) -> Iterator[Problem]:
    if bool(dependency.url) == bool(dependency.path):
        yield Problem("needs either 'url' or 'path'", where, "'path' for a folder of the project, else 'url'")
    elif dependency.url and not dependency.hash:
        yield Problem("needs the hash of what 'url' gives", where, f"hash = the output of 'zig fetch {dependency.url}'")


_VERSION_KEYS = {
    "file": ("path", "pattern"),
    "attribute": ("attribute",),
    "vcs": ("tag_prefix", "tag_pattern", "fallback", "write_to"),
}


def _find_unfit_version(where: str, version: VersionSource) -> Iterator[Problem]:
    """Keys that are of another ``from``, and the one that is missing."""
    known = _VERSION_KEYS[version.from_]
    if version.from_ != "vcs" and not getattr(version, known[0]):
        yield Problem(f"from = {version.from_!r} needs {known[0]!r}", where, f"add {known[0]} = …")
    for origin, names in _VERSION_KEYS.items():
        for name in names:
            if name not in known and getattr(version, name):
                yield Problem(f"is of from = {origin!r}", f"{where}.{key_of(name)}", "remove it, or change 'from'")


def _find_unfit_fragment(where: str, fragment: Fragment) -> Iterator[Problem]:
    if bool(fragment.text) == bool(fragment.path):
        yield Problem("needs either 'text' or 'path'", where, "a table for each piece")
    for name in ("start_after", "end_before", "pattern"):
        if not fragment.path and getattr(fragment, name):
            yield Problem("is about a file", f"{where}.{key_of(name)}", "name it in 'path', or write just the text")


_OWN_KEYS = {
    "cxx": ("cython", "cffi"),
    "directives": ("cython",),
    "include_dirs": ("cython",),
    "ffi": ("cffi",),
    "values": ("template",),
    "command": ("command",),
}
"""Keys of generators that belong to some kinds alone."""


def _find_unfit_generator(where: str, generator: Generator) -> Iterator[Problem]:
    kind, unset = generator.with_, Generator(generator.with_)
    for name, kinds in _OWN_KEYS.items():
        if kind not in kinds and getattr(generator, name) != getattr(unset, name):
            yield Problem(f"means nothing with {kind!r}", f"{where}.{key_of(name)}", f"it is of {' and '.join(kinds)}")
    if not generator.sources and kind != "command":
        yield Problem("needs at least one source", f"{where}.sources", "name what is made something of")
    if kind == "command":
        for name in ("command", "outputs"):
            if not getattr(generator, name):
                hint = "write the program and its arguments, and the files that it makes"
                yield Problem(f"{key_of(name)!r} is missing", where, hint)
    elif kind != "template" and generator.per != "project":
        yield Problem(f"{kind} makes the same for every target", f"{where}.per", "remove it")
