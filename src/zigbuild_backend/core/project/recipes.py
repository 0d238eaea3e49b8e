"""Opens a project: a folder, an sdist, or a recipe, which describes the build of somebody else's sdist."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from os import pathsep
from pathlib import Path

from ..base.errors import ConfigurationError, NotFoundError
from ..base.machine import Machine
from ..base.store import Store, digest_tree
from ..base.suggestions import suggest
from ..fetch.recipe_sources import fetch_source, open_source
from ..fetch.sdists import open_sdist
from ..settings.overrides import Override, apply_overrides, render_overrides
from ..settings.recipe_model import FILE_NAME, PREFIX, Recipe, parse_recipe
from .library_recipes import read_library_recipe
from .pkg_info import read_pkg_info
from .project import Checkout
from .project_folder import list_build_requires, read_cxx_marked, read_project
from .project_resolver import resolve_project
from .pyproject import parse_toml, read_pyproject
from .tree_reader import read_tree
from .written_by import written_by

VARIABLE = "ZIGBUILD_RECIPES"
"""The environment variable that names folders of recipes, separated as in ``PATH``."""


def open_project(argument: str, machine: Machine, cwd: Path, overrides: Sequence[Override] = ()) -> Checkout:
    """Return the project that *argument* names, with the folder of its tree.

    *argument* is a folder with pyproject.toml, an sdist, the folder of a recipe, or the name of a recipe in ``recipes``
    of *cwd* or in a folder of ``ZIGBUILD_RECIPES``.

    :raises NotFoundError: if nothing has that name, or the source of a recipe cannot be fetched.
    :raises ConfigurationError: if it is a wheel or of another backend, or with all problems of the project.
    """
    path = _find_path(argument, machine.environ, cwd)
    if path.is_file():
        return _open_file(path, machine.store, overrides)
    if (path / FILE_NAME).is_file() and not (path / "pyproject.toml").is_file():
        return open_recipe(read_recipe(path, overrides), machine)
    return _open_tree(path, argument, overrides)


def find_sdist(argument: str, machine: Machine, cwd: Path) -> Path | None:
    """Return the sdist that *argument* names, itself or by a recipe; None for the folder of a project.

    :raises NotFoundError: as :func:`open_project`.
    """
    path = _find_path(argument, machine.environ, cwd)
    if path.is_file():
        return path
    if (path / "pyproject.toml").is_file():
        return None
    recipe = read_recipe(path)
    return fetch_source(recipe, machine) if recipe.settings.recipe.source.sdist else None


def _find_path(argument: str, environ: Mapping[str, str], cwd: Path) -> Path:
    """Return the file, or the folder with pyproject.toml or recipe.toml, that *argument* names.

    :raises NotFoundError: if there is none.
    """
    path = cwd / argument
    if path.name in ("pyproject.toml", FILE_NAME):
        path = path.parent
    if path.is_file() or (path / "pyproject.toml").is_file() or (path / FILE_NAME).is_file():
        return path
    recipes = find_recipes(environ, cwd)
    if folder := recipes.get(_canonical(argument)):
        return folder
    if path.is_dir():
        raise NotFoundError(
            f"holds neither pyproject.toml nor {FILE_NAME}", where=argument, hint="name the folder of a project"
        )
    hint = suggest(_canonical(argument), recipes, describe_places(cwd), count=3)
    raise NotFoundError("is no folder, no sdist and no recipe", where=argument, hint=hint)


def find_recipes(environ: Mapping[str, str], cwd: Path) -> dict[str, Path]:
    """Return canonical name → folder of each recipe in the folders of :func:`list_places`; earlier folders win."""
    found: dict[str, Path] = {}
    for place in list_places(environ, cwd):
        for file in sorted(place.glob(f"*/{FILE_NAME}")):
            found.setdefault(_canonical(file.parent.name), file.parent)
    return found


def list_places(environ: Mapping[str, str], cwd: Path) -> tuple[Path, ...]:
    """Return the folders in which recipes are found by name: ``recipes`` in *cwd*, then ``ZIGBUILD_RECIPES``."""
    return (cwd / "recipes", *(cwd / place for place in environ.get(VARIABLE, "").split(pathsep) if place))


def describe_places(cwd: Path) -> str:
    """Return a hint that names the folders of :func:`list_places`."""
    return f"recipes are looked for in {cwd / 'recipes'} and the folders of {VARIABLE}"


def read_recipe(folder: Path, overrides: Sequence[Override] = ()) -> Recipe:
    """Return the recipe in *folder*; *overrides* replace its settings.

    :raises NotFoundError: if the recipe, or a patch that it names, is missing.
    :raises ConfigurationError: with all problems of the recipe.
    """
    data = _read(folder / FILE_NAME)
    settings = parse_recipe(apply_overrides(parse_toml(data, FILE_NAME), overrides))
    patches = {name: _read(folder / name) for name in settings.recipe.patches}
    libraries = {table.name: _read_library(folder, table.recipe) for table in settings.library if table.recipe}
    recipe = Recipe(settings, patches, "", render_overrides(overrides), data, libraries)
    return replace(recipe, digest=digest_tree(recipe.files))


def _read_library(folder: Path, name: str) -> Recipe:
    """Return the recipe of a library, from the folder *name* in *folder* or beside it."""
    parent = folder if (folder / name / FILE_NAME).is_file() else folder.parent
    return read_library_recipe(name, lambda path: _read(parent / path))


def open_recipe(recipe: Recipe, machine: Machine) -> Checkout:
    """Return the project that *recipe* makes of its source, with the folder of the tree, unpacked and patched.

    :raises NotFoundError: if the source cannot be fetched.
    :raises MismatchError: if the source has another hash than the recipe pins.
    :raises ConfigurationError: if the source has another name or version than the recipe.
    """
    release = recipe.settings.recipe
    if release.kind == "library":
        raise ConfigurationError(
            f"{release.name} is a library, of which no wheel is made",
            where=f"{PREFIX}recipe.kind",
            hint="link it into a module: [[tool.zigbuild.library]] with 'recipe'",
        )
    root = open_source(recipe, machine)
    pyproject = read_pyproject(root) if (root / "pyproject.toml").is_file() else {}
    metadata = read_pkg_info(root, pyproject)
    if (_canonical(metadata.name), metadata.version) != (_canonical(release.name), _normal(release.version)):
        raise ConfigurationError(
            f"the source is {metadata.name} {metadata.version}, not {release.name} {release.version}",
            where=f"{PREFIX}recipe",
            hint="mend 'name' and 'version', or 'source'",
        )
    tree = read_tree(root)
    project = replace(
        resolve_project(metadata, recipe.settings, tree, cxx_marked=read_cxx_marked(root, tree), place=PREFIX),
        requirements=written_by(),
        recipe_digest=recipe.digest,
        overrides=recipe.overrides,
        build_requires=list_build_requires(pyproject),
        library_recipes=recipe.libraries,
    )
    return Checkout(project, root)


def _open_tree(root: Path, name: str, overrides: Sequence[Override]) -> Checkout:
    """Return the project in *root*, which *name* names in messages.

    :raises ConfigurationError: if it has another backend and no settings, since its modules would be missing.
    """
    pyproject = read_pyproject(root)
    build_system, tool = pyproject.get("build-system"), pyproject.get("tool")
    backend = build_system.get("build-backend") if isinstance(build_system, dict) else None
    if backend != "zigbuild_backend" and not (isinstance(tool, dict) and "zigbuild" in tool):
        raise ConfigurationError(
            f"is built by {backend or 'setuptools'}, and has no [tool.zigbuild]",
            where=name,
            hint="add [tool.zigbuild] to its pyproject.toml, or write a recipe if it is not yours",
        )
    return Checkout(read_project(root, overrides), root)


def _open_file(path: Path, store: Store, overrides: Sequence[Override]) -> Checkout:
    if path.suffix == ".whl":
        raise ConfigurationError("is a wheel, not its source", where=path.name, hint=f"zigbuild rebuild {path.name}")
    root = open_sdist(path, store)
    if not (root / "PKG-INFO").is_file():
        raise ConfigurationError("holds no PKG-INFO", where=path.name, hint="give an sdist, not the archive of a tree")
    return _open_tree(root, path.name, overrides)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise NotFoundError(
            f"cannot be read: {error.strerror}", where=path.name, hint=f"it must be in {path.parent}"
        ) from None


def _canonical(name: str) -> str:
    from packaging.utils import canonicalize_name

    return canonicalize_name(name)


def _normal(version: str) -> str:
    from packaging.version import Version

    return str(Version(version))
