"""Looks up sources, generated files, packages and data in the tree of a project, by its settings."""

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
    """Return the project with *metadata* and *settings*, whose products and contents are files of *tree*.

    *cxx_marked* are sources of Cython that ask for C++ by a comment; *place* names the settings in messages.

    :raises ConfigurationError: for sources that are missing or in no known language, and packages that are missing.
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
    on_disk = tree.by_path
    return Project(
        metadata,
        settings,
        tree,
        {path: source for path, source in contents.items() if source in on_disk},
        products,
        data={path: source for path, source in data.items() if source in on_disk},
        generations=generations,
        generated={path: source for path, source in everything.items() if source not in on_disk},
    )


def _refuse_without_package(name: str, problems: ProblemList) -> None:
    folder = name.replace("-", "_").replace(".", "/")
    hint = f"add {folder}/__init__.py or src/, or name the folders in 'packages'"
    problems.add(f"found no package or module that belongs to {name!r}", hint)
    problems.raise_any()


def _check_exclusions(settings: Settings, tree: SourceTree, problems: ProblemList) -> None:
    for place, pattern in problems.each("wheel.exclude", settings.wheel.exclude):
        if not tree.match([pattern]):
            hint = "mend the pattern, or remove it: files that git ignores are no part of the project anyway"
            place.add(f"no file of the project matches {pattern!r}", hint)


def _check_libraries(products: Products, generations: Iterable[Generation], problems: ProblemList) -> None:
    """Add a problem for each source of a library that is generated anew for every wheel."""
    made = {path for generation in generations if generation.settings.per == "wheel" for path in generation.outputs}
    for place, library in problems.each("library", products.libraries):
        for path in made.intersection(library.sources):
            hint = "generate it for each target, or make it a source of the extension"
            place.at("sources").add(
                f"the library is compiled once for all Pythons, but {path!r} is generated for each", hint
            )


def _list_sources(products: Products, generations: Iterable[Generation], tree: SourceTree) -> Iterator[str]:
    """Yield the files that are compiled, or that others are generated from."""
    for product in products.all:
        yield from product.sources
        yield from product.zig_files(tree)
    for generation in generations:
        yield from generation.sources
