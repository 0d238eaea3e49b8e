"""Opens libraries that are built by a recipe: their sources are fetched, patched, and compiled with the project."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from ..base.errors import ProblemList
from ..base.machine import Machine
from ..fetch.recipe_sources import open_source
from ..project.products import LibraryProduct, Part, Product, Products, resolve_products
from ..project.project import Project
from ..project.tree_reader import read_tree
from ..settings.fields import Values
from ..settings.product_tables import Inputs
from ..settings.recipe_model import PREFIX, Recipe
from ..zig.support_folders import LIBRARIES


def open_libraries(project: Project, machine: Machine) -> tuple[Products, dict[str, Path]]:
    """Return the products of *project* with the sources of all its libraries, and the folders that these are in.

    The folders (path beside build.zig → folder on this machine) are those of libraries that are built by a recipe.

    :raises NotFoundError: if a source cannot be had.
    :raises MismatchError: if it has another hash than its recipe says.
    :raises ConfigurationError: if it lacks what its recipe names.
    """
    if not project.library_recipes:
        return project.products, {}
    folders: dict[str, Path] = {}
    libraries = []
    for product in project.products.libraries:
        if recipe := project.library_recipes.get(product.name):
            place = f"{LIBRARIES}/{product.name}"
            folders[place] = open_source(recipe, machine)
            libraries.append(_merge(product, _resolve(recipe, folders[place], product.name), recipe, place))
        else:
            libraries.append(product)
    return replace(project.products, libraries=tuple(libraries)), folders


def read_library_files(products: Products, folders: Mapping[str, Path]) -> dict[str, bytes]:
    """Return the files (path beside build.zig → content) in each folder of *folders* that *products* compile from."""
    files: dict[str, bytes] = {}
    for product in products.libraries:
        if root := folders.get(f"{LIBRARIES}/{product.name}"):
            used = {*(path.rpartition("/")[0] for path in product.sources), *_list_folders(product)}
            for folder in sorted(used):
                inner = root / folder.removeprefix(f"{LIBRARIES}/{product.name}").lstrip("/")
                there = [path for path in sorted(inner.rglob("*")) if path.is_file()]
                files.update((f"{folder}/{path.relative_to(inner).as_posix()}", path.read_bytes()) for path in there)
    return files


def _list_folders(product: Product) -> Iterator[str]:
    """Yield the folders of headers and templates in the source of a library that a recipe builds."""
    place = f"{LIBRARIES}/{product.name}"
    yield from (folder for part in product.parts for folder in part.table.include_dirs if folder.startswith(place))
    templates = [header.template for header in product.settings.config_header]
    yield from (path.rpartition("/")[0] for path in templates if path.startswith(place))


def _resolve(recipe: Recipe, root: Path, name: str) -> Product:
    problems = ProblemList(f"library {name!r}: {PREFIX}")
    products = resolve_products(recipe.settings, read_tree(root), problems)
    problems.raise_any()
    (product,) = products.libraries
    return product


def _merge(own: LibraryProduct, product: Product, recipe: Recipe, place: str) -> LibraryProduct:
    """Return the *product* of a recipe, its source in the folder *place*, extended by the project's *own* table."""
    settings = replace(
        own.settings,
        when=own.settings.when or product.settings.when,
        config_header=(
            *(replace(header, template=_move(header.template, place)) for header in product.settings.config_header),
            *own.settings.config_header,
        ),
    )
    parts = [
        Part(
            _move_table(part.table, recipe, place),
            tuple(_move(path, place) for path in part.sources),
            tuple(_move(path, place) for path in part.objects),
            part.when,
        )
        for part in product.parts
    ]
    return LibraryProduct(settings, (*parts, *own.parts))


def _move_table(table: Inputs, recipe: Recipe, place: str) -> Inputs:
    return replace(
        table,
        include_dirs=tuple(_move(folder, place) for folder in table.include_dirs),
        defines=_name_release(table.defines, recipe),
    )


def _move(path: str, place: str) -> str:
    return place if path == "." else f"{place}/{path}" if path else ""


def _name_release(defines: Values, recipe: Recipe) -> Values:
    """*defines* with the recipe's name and version where the project's would stand."""
    release = recipe.settings.recipe
    return tuple(
        (name, text.replace("{version}", release.version).replace("{name}", release.name))
        if isinstance(text, str)
        else (name, text)
        for name, text in defines
    )
