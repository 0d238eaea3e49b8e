"""Libraries that are built by a recipe: their sources are fetched, patched, and compiled as libraries of the project.

A recipe of kind ``library`` is a folder of the project, or a folder in or beside the recipe that links the library. It
pins its source by hash, so that the digest of the project or recipe covers the source, too.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ..base.errors import ConfigurationError, ProblemList
from ..base.store import digest_tree
from ..settings.model import Settings
from ..settings.recipe_model import FILE_NAME, Recipe, parse_recipe
from .pyproject import parse_toml
from .source_tree import SourceTree
from .tree_reader import read_file


def read_recipes_of(settings: Settings, root: Path, tree: SourceTree, problems: ProblemList) -> dict[str, Recipe]:
    """Return the recipes of a project's libraries, by the names of the libraries.

    :raises ConfigurationError: if a recipe is not in the *tree* in *root*, or with all problems of a recipe.
    """

    def read(path: str) -> bytes:
        if path not in tree.by_path:
            raise ConfigurationError(
                "is no file of the project",
                where=path,
                hint="add it: files that git ignores are no part of the project",
            )
        return read_file(root, tree.by_path[path])

    found = {}
    for place, table in problems.each("library", settings.library):
        if table.recipe:
            folder = table.recipe.rstrip("/")
            if f"{folder}/{FILE_NAME}" not in tree.by_path:
                hint = "name the folder of a recipe; files that git ignores are no part of the project"
                place.at("recipe").add(f"there is no {folder}/{FILE_NAME} in the project", hint)
                problems.raise_any()
            found[table.name] = read_library_recipe(folder, read)
    return found


def read_library_recipe(folder: str, read: Callable[[str], bytes]) -> Recipe:
    """Return the recipe of kind ``library`` in *folder*; *read* returns the content of a file by its path.

    :raises ConfigurationError: with all problems of the recipe.
    """
    file = f"{folder}/{FILE_NAME}"
    data = read(file)
    settings = parse_recipe(parse_toml(data, file), file)
    if settings.recipe.kind != "library":
        raise ConfigurationError(
            "is no recipe of a library", where=f"{file}: recipe.kind", hint="write kind = 'library'"
        )
    patches = {name: read(f"{folder}/{name}") for name in settings.recipe.patches}
    return Recipe(settings, patches, digest_tree({FILE_NAME: data, **patches}), text=data)
