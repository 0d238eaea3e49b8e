"""Looks up what the settings name in the tree of a project: sources, generated files, packages and data."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from ..base.errors import ConfigurationError, Problem
from ..settings.model import Settings
from .core_metadata import Metadata
from .generations import Generation, add_outputs, resolve_generations
from .package_layout import find_contents, find_data, find_included
from .products import Products, resolve_products
from .project import Project
from .source_tree import SourceTree


def resolve_project(
    metadata: Metadata,
    settings: Settings,
    tree: SourceTree,
    *,
    requirements: tuple[str, ...] = (),
    recipe_digest: str = "",
    build_requires: tuple[str, ...] = (),
    overrides: tuple[str, ...] = (),
    cxx_marked: Collection[str] = (),
    prefix: str = "tool.zigbuild.",
) -> Project:
    """The project, with sources and packages looked up in its tree.

    *cxx_marked* are sources of Cython that say of themselves that they become C++; *prefix* is what the names of
    settings begin with in messages.

    :raises ConfigurationError: for sources that are missing or in no known language, and packages that are not there.
    """
    problems: list[Problem] = []
    generations = resolve_generations(settings, tree, cxx_marked, prefix, problems)
    products = resolve_products(settings, add_outputs(tree, generations), prefix, problems, generations)
    packed = add_outputs(tree, [generation for generation in generations if generation.settings.per == "project"])
    problems += _find_sources_of_wheels(products, generations, prefix)
    problems += [
        Problem(
            f"no file of the project matches {pattern!r}",
            f"{prefix}wheel.exclude[{number}]",
            "remove it, or mend it: what git ignores is no part of the project anyway",
        )
        for number, pattern in enumerate(settings.wheel.exclude)
        if not packed.match([pattern])
    ]
    if problems:
        raise ConfigurationError.of(problems)
    excluded = packed.match(settings.wheel.exclude)
    data = find_data(packed, settings.wheel, prefix)
    contents = find_contents(
        packed,
        settings.packages,
        metadata.name,
        [
            *(module.name for module in products.modules),
            *(f"{product.settings.package}.{product.name}" for product in products.shared),
        ],
        {*_list_sources(products, generations, packed), *excluded},
        prefix,
        included=find_included(packed, settings.wheel.include, excluded, f"{prefix}wheel.include"),
        has_others=bool(data or products.programs),
    )
    everything = contents | {f"{metadata.file_name}.data/{path}": source for path, source in data.items()}
    there = tree.by_path
    return Project(
        metadata,
        settings,
        tree,
        {path: source for path, source in contents.items() if source in there},
        products,
        requirements,
        recipe_digest,
        {path: source for path, source in data.items() if source in there},
        generations=generations,
        generated={path: source for path, source in everything.items() if source not in there},
        build_requires=build_requires,
        overrides=overrides,
    )


def _find_sources_of_wheels(products: Products, generations: Iterable[Generation], prefix: str) -> Iterator[Problem]:
    """A problem for each library with sources that are generated for one wheel: it is compiled for several."""
    made = {path for generation in generations if generation.settings.per == "wheel" for path in generation.outputs}
    for index, library in enumerate(products.libraries):
        for path in made.intersection(library.sources):
            hint = "generate it for each target, or make it a source of the extension"
            where = f"{prefix}library[{index}].sources"
            yield Problem(f"is compiled once for all Pythons, and {path!r} is made for each", where, hint)


def _list_sources(products: Products, generations: Iterable[Generation], tree: SourceTree) -> Iterator[str]:
    """What is compiled, or generated from."""
    for product in products.all:
        yield from product.sources
        yield from product.zig_files(tree)
    for generation in generations:
        yield from generation.sources
