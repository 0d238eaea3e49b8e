"""Looks up what the settings name in the tree of a project: sources, generated files, packages and data."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from ..base.errors import ProblemList
from ..settings import TABLE
from ..settings.model import Settings
from .core_metadata import Metadata
from .generations import Generation, add_outputs, resolve_generations
from .package_layout import choose_packages, find_contents, find_data, find_included
from .products import Products, resolve_products
from .project import Project
from .source_tree import SourceTree


def resolve_project(
    metadata: Metadata,
    settings: Settings,
    tree: SourceTree,
    *,
    cxx_marked: Collection[str] = (),
    place: str = TABLE,
) -> Project:
    """Return the project, with sources and packages looked up in its tree.

    *cxx_marked* are sources of Cython that ask for C++ by a comment; *place* is that of the settings in messages.

    :raises ConfigurationError: for sources that are missing or in no known language, and packages that are not there.
    """
    problems = ProblemList(place)
    generations = resolve_generations(settings, tree, cxx_marked, problems)
    products = resolve_products(settings, add_outputs(tree, generations), problems, generations)
    packed = add_outputs(tree, [generation for generation in generations if generation.settings.per == "project"])
    _check_libraries(products, generations, problems)
    _check_exclusions(settings, packed, problems)
    problems.raise_any()
    data = find_data(packed, settings.wheel, problems.at("wheel"))
    excluded = packed.match(settings.wheel.exclude)
    included = find_included(packed, settings.wheel.include, problems.at("wheel.include"), excluded)
    modules = [
        *(module.import_name for module in products.modules),
        *(library.import_name for library in products.shared),
    ]
    packages = choose_packages(packed, settings.packages, metadata.name, modules)
    if not (packages or included or data or products.programs) and all("." in module for module in modules):
        _refuse_without_package(metadata.name, problems.at("packages"))
    left_out = {*_list_sources(products, generations, packed), *excluded}
    contents = find_contents(packed, packages, included, left_out, problems)
    everything = contents | {f"{metadata.file_name}.data/{path}": source for path, source in data.items()}
    there = tree.by_path
    return Project(
        metadata,
        settings,
        tree,
        {path: source for path, source in contents.items() if source in there},
        products,
        data={path: source for path, source in data.items() if source in there},
        generations=generations,
        generated={path: source for path, source in everything.items() if source not in there},
    )


def _refuse_without_package(name: str, problems: ProblemList) -> None:
    folder = name.replace("-", "_").replace(".", "/")
    hint = f"add {folder}/__init__.py or src/, or name the folders in 'packages'"
    problems.add(f"found no package or module that belongs to {name!r}", hint)
    problems.raise_any()


def _check_exclusions(settings: Settings, tree: SourceTree, problems: ProblemList) -> None:
    for place, pattern in problems.each("wheel.exclude", settings.wheel.exclude):
        if not tree.match([pattern]):
            hint = "remove it, or mend it: what git ignores is no part of the project anyway"
            place.add(f"no file of the project matches {pattern!r}", hint)


def _check_libraries(products: Products, generations: Iterable[Generation], problems: ProblemList) -> None:
    """Add a problem for each library with sources that are generated for one wheel: it is compiled for several."""
    made = {path for generation in generations if generation.settings.per == "wheel" for path in generation.outputs}
    for place, library in problems.each("library", products.libraries):
        for path in made.intersection(library.sources):
            hint = "generate it for each target, or make it a source of the extension"
            place.at("sources").add(f"is compiled once for all Pythons, and {path!r} is generated for each", hint)


def _list_sources(products: Products, generations: Iterable[Generation], tree: SourceTree) -> Iterator[str]:
    """What is compiled, or generated from."""
    for product in products.all:
        yield from product.sources
        yield from product.zig_files(tree)
    for generation in generations:
        yield from generation.sources
