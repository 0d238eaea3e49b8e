"""Libraries that are built by a recipe: their sources are fetched, patched, and compiled as libraries of the project.

A recipe of kind ``library`` is a folder of the project, or stands in or beside that of the recipe which links it. It
pins its source by hash, so that the digest of what holds the recipe says all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from ..base.errors import ConfigurationError
from ..base.store import digest_tree
from ..settings.model import Settings
from ..settings.recipe_model import FILE_NAME, PREFIX, Recipe, parse_recipe
from .pyproject import parse_toml
from .source_tree import SourceTree
from .tree_reader import read_file


def read_recipes_of(settings: Settings, root: Path, tree: SourceTree, prefix: str) -> dict[str, Recipe]:
    """The recipes that libraries of a project are built by, by the names of the libraries.

    :raises ConfigurationError: if one is no part of the *tree* in *root*, or with all that is wrong in it.
    """

    def read(path: str) -> bytes:
        if path not in tree.by_path:
            raise ConfigurationError(
                "is no file of the project", where=path, hint="name the folder of a recipe; what git ignores is none"
            )
        return read_file(root, tree.by_path[path])

    found = {}
    for index, table in enumerate(settings.library):
        if table.recipe:
            folder = table.recipe.rstrip("/")
            if f"{folder}/{FILE_NAME}" not in tree.by_path:
                raise ConfigurationError(
                    f"there is no {folder}/{FILE_NAME} in the project",
                    where=f"{prefix}library[{index}].recipe",
                    hint="name the folder of a recipe; what git ignores is no part of the project",
                )
            found[table.name] = read_library_recipe(folder, read)
    return found


def read_library_recipe(folder: str, read: Callable[[str], bytes]) -> Recipe:
    """The recipe of kind ``library`` in *folder*; *read* gives the content of a file by its path.

    :raises ConfigurationError: with all that is wrong in it.
    """
    data = read(f"{folder}/{FILE_NAME}")
    try:
        settings = parse_recipe(parse_toml(data, FILE_NAME))
        if settings.recipe.kind != "library":
            raise ConfigurationError(
                "is no recipe of a library", where=f"{PREFIX}recipe.kind", hint="write kind = 'library'"
            )
    except ConfigurationError as error:
        raise ConfigurationError.of(
            replace(problem, where=f"{folder}/{problem.where}") for problem in error.problems
        ) from None
    patches = {name: read(f"{folder}/{name}") for name in settings.recipe.patches}
    return Recipe(settings, patches, digest_tree({FILE_NAME: data, **patches}), text=data)
