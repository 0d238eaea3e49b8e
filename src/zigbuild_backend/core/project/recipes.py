"""What can be built: a project's folder, an sdist, or a recipe, which says how to build somebody else's sdist."""

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

    It is a folder with pyproject.toml, an sdist, or a recipe: its folder, or its name in ``recipes`` of *cwd* or in a
    folder of ``ZIGBUILD_RECIPES``.

    :raises NotFoundError: if there is nothing of that name, or the source of a recipe cannot be had.
    :raises ConfigurationError: if it is something else, or with all that is wrong in it.
    """
    path = _find_path(argument, machine.environ, cwd)
    if path.is_file():
        return _open_file(path, machine.store, overrides)
    if (path / FILE_NAME).is_file() and not (path / "pyproject.toml").is_file():
        return open_recipe(read_recipe(path, overrides), machine)
    return _open_tree(path, argument, overrides)


def find_sdist(argument: str, machine: Machine, cwd: Path) -> Path | None:
    """The sdist that *argument* is, or that the recipe that it names builds; None for the folder of a project.

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
    """A file, or a folder with pyproject.toml or recipe.toml."""
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
    """The folders of the recipes that can be called by name, by that (canonical) name; sorted, earlier places first."""
    found: dict[str, Path] = {}
    for place in list_places(environ, cwd):
        for file in sorted(place.glob(f"*/{FILE_NAME}")):
            found.setdefault(_canonical(file.parent.name), file.parent)
    return found


def list_places(environ: Mapping[str, str], cwd: Path) -> tuple[Path, ...]:
    """Return the folders whose recipes can be called by name: ``recipes`` of *cwd*, and those of the environment."""
    return (cwd / "recipes", *(cwd / place for place in environ.get(VARIABLE, "").split(pathsep) if place))


def describe_places(cwd: Path) -> str:
    """Return a hint that names :func:`list_places`."""
    return f"recipes are looked for in {cwd / 'recipes'} and the folders of {VARIABLE}"


def read_recipe(folder: Path, overrides: Sequence[Override] = ()) -> Recipe:
    """The recipe in *folder*.

    :raises NotFoundError: if it, or a patch that it names, is not there.
    :raises ConfigurationError: with all that is wrong in it.
    """
    data = _read(folder / FILE_NAME)
    settings = parse_recipe(apply_overrides(parse_toml(data, FILE_NAME), overrides))
    patches = {name: _read(folder / name) for name in settings.recipe.patches}
    libraries = {table.name: _read_library(folder, table.recipe) for table in settings.library if table.recipe}
    recipe = Recipe(settings, patches, "", render_overrides(overrides), data, libraries)
    return replace(recipe, digest=digest_tree(recipe.files))


def _read_library(folder: Path, name: str) -> Recipe:
    """The recipe of a library, in a folder of that *name* in *folder* or beside it."""
    parent = folder if (folder / name / FILE_NAME).is_file() else folder.parent
    return read_library_recipe(name, lambda path: _read(parent / path))


def open_recipe(recipe: Recipe, machine: Machine) -> Checkout:
    """Return the project that *recipe* makes of its source, with the folder of the tree, unpacked and patched.

    :raises NotFoundError: if the source cannot be had.
    :raises MismatchError: if it has another hash than the recipe says.
    :raises ConfigurationError: if the source is not what the recipe takes it for.
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
    """The project in *root*; one of another backend is refused, since without settings it would have no modules."""
    pyproject = read_pyproject(root)
    build_system, tool = pyproject.get("build-system"), pyproject.get("tool")
    backend = build_system.get("build-backend") if isinstance(build_system, dict) else None
    if backend != "zigbuild_backend" and not (isinstance(tool, dict) and "zigbuild" in tool):
        raise ConfigurationError(
            f"is built by {backend or 'setuptools'}, and has no [tool.zigbuild]",
            where=name,
            hint="say there how it is built, or in a recipe if it is not yours",
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
            f"cannot be read: {error.strerror}", where=path.name, hint=f"it belongs to {path.parent}"
        ) from None


def _canonical(name: str) -> str:
    from packaging.utils import canonicalize_name

    return canonicalize_name(name)


def _normal(version: str) -> str:
    from packaging.version import Version

    return str(Version(version))
