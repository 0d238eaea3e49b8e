"""Libraries that are built by a recipe: their sources are fetched, patched, and compiled as libraries of the project.

A recipe of kind ``library`` is a folder of the project, or stands in or beside that of the recipe which links it. It
pins its source by hash, so that the digest of what holds the recipe says all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from .build_zig import SUPPORT_FOLDER
from .downloads import fetch_url
from .errors import ConfigurationError, Problem
from .files import read_file, read_tree
from .plan import Project
from .pyproject import parse_toml
from .settings import Inputs, Settings, Values
from .settings.recipe import FILE_NAME, PREFIX, Recipe, parse_recipe
from .sources import fetch, open_patched
from .store import Store, digest_tree
from .tree import SourceTree
from .units import LibraryUnit, Part, Unit, mark_cxx, resolve_units

_FOLDER = f"{SUPPORT_FOLDER}/libraries"
"""Where, beside build.zig, their sources are: a folder for each."""


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


def open_libraries(project: Project, store: Store, environ: Mapping[str, str]) -> tuple[Project, dict[str, Path]]:
    """The *project* with all that its libraries are compiled from, and the folders that this is in.

    Those are given by the paths where they are to stand beside build.zig.

    :raises NotFoundError: if a source cannot be had.
    :raises MismatchError: if it has another hash than its recipe says.
    :raises ConfigurationError: if it lacks what its recipe names.
    """
    if not project.library_recipes:
        return project, {}
    folders: dict[str, Path] = {}
    libraries = []
    for unit in project.units.libraries:
        if recipe := project.library_recipes.get(unit.name):
            place = f"{_FOLDER}/{unit.name}"
            folders[place] = open_library_source(recipe, store, environ)
            libraries.append(_merge(unit, _resolve(recipe, folders[place], unit.name), recipe, place))
        else:
            libraries.append(unit)
    units = mark_cxx(replace(project.units, libraries=tuple(libraries)))
    return replace(project, units=units), folders


def read_library_files(project: Project, folders: Mapping[str, Path]) -> dict[str, bytes]:
    """What *project*, opened, compiles of *folders*, and what is beside that: path beside build.zig → content."""
    files: dict[str, bytes] = {}
    for unit in project.units.libraries:
        if root := folders.get(f"{_FOLDER}/{unit.name}"):
            used = {*(path.rpartition("/")[0] for path in unit.sources), *_list_folders(unit)}
            for folder in sorted(used):
                inner = root / folder.removeprefix(f"{_FOLDER}/{unit.name}").lstrip("/")
                there = [path for path in sorted(inner.rglob("*")) if path.is_file()]
                files.update((f"{folder}/{path.relative_to(inner).as_posix()}", path.read_bytes()) for path in there)
    return files


def _list_folders(unit: Unit) -> Iterator[str]:
    """The folders of headers and templates that are part of a recipe's source."""
    place = f"{_FOLDER}/{unit.name}"
    yield from (folder for part in unit.parts for folder in part.table.include_dirs if folder.startswith(place))
    templates = [header.template for header in unit.settings.config_header]
    yield from (path.rpartition("/")[0] for path in templates if path.startswith(place))


def open_library_source(recipe: Recipe, store: Store, environ: Mapping[str, str]) -> Path:
    """The root of the source tree of a library's *recipe*, fetched, unpacked and patched once."""
    source = recipe.settings.recipe.source
    if source.sdist:
        # A library may come in the sdist of something that has another name.
        name = source.sdist.removesuffix(".tar.gz").rpartition("-")[0]
        file = fetch(name, source.sdist, source.sha256, store, environ)
    else:
        file = fetch_url(source.url, source.sha256, store)
    return open_patched(file, recipe.patches, source.sha256, store)


def _resolve(recipe: Recipe, root: Path, name: str) -> Unit:
    problems: list[Problem] = []
    units = resolve_units(recipe.settings, read_tree(root), PREFIX, problems)
    if problems:
        raise ConfigurationError.of(
            replace(problem, where=f"library {name!r}: {problem.where}") for problem in problems
        )
    (unit,) = units.libraries
    return unit


def _merge(own: LibraryUnit, unit: Unit, recipe: Recipe, place: str) -> LibraryUnit:
    """The *unit* of a recipe, its source in the folder *place*, with what the project's *own* table says besides."""
    settings = replace(
        own.settings,
        when=own.settings.when or unit.settings.when,
        config_header=(
            *(replace(header, template=_move(header.template, place)) for header in unit.settings.config_header),
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
        for part in unit.parts
    ]
    return LibraryUnit(settings, (*parts, *own.parts))


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
