"""Finds the source that a wheel was built from: the sdist, and the recipe if it was built by one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from ..core.base import store_folders
from ..core.base.errors import ConfigurationError, MismatchError, NotFoundError, Problem, ZigbuildError
from ..core.base.machine import Machine
from ..core.base.store import Store, digest_file
from ..core.fetch.downloads import keep_download
from ..core.fetch.recipe_sources import fetch_source, name_archive
from ..core.fetch.sdists import fetch_sdist, is_sdist_of, open_sdist
from ..core.project.recipes import describe_places, list_places, open_recipe, read_recipe
from ..core.project.tree_reader import read_tree
from ..core.settings.recipe_model import FILE_NAME, Recipe
from ..core.wheel.spec import WheelSpec


@dataclass(frozen=True)
class WheelSource:
    """The source of a wheel: an sdist, and the folder of the recipe that it is built by, if there is one."""

    sdist: Path
    recipe: Path | None = None


@dataclass(frozen=True)
class SourcePlaces:
    """The places in which a source is looked for, beside the store and the indexes.

    ``sdist`` is the file that was given, ``beside`` the folder of the wheel. Recipes are looked for in the folders
    ``recipes``, and in those where recipes are called by name from the folder ``cwd``.
    """

    cwd: Path
    sdist: Path | None = None
    beside: Path | None = None
    recipes: tuple[Path, ...] = ()


def find_source(spec: WheelSpec, machine: Machine, places: SourcePlaces) -> WheelSource:
    """Return the source whose digests are those of *spec*.

    :raises NotFoundError: if there is none.
    :raises MismatchError: if those that were found have other digests; the message has both.
    """
    if spec.recipe:
        recipe, folder = _find_recipe(spec, machine.environ, places)
        archive = _find_archive(recipe, machine, places)
        if problem := _find_mismatch(archive, open_recipe(recipe, machine).project.tree.digest, spec):
            raise MismatchError.of([problem])
        return WheelSource(archive, folder)
    mismatches: list[Problem] = []
    for sdist in _list_sdists(spec, machine.store, places):
        if not (problem := _find_mismatch(sdist, digest_source(sdist, machine.store), spec)):
            return WheelSource(sdist)
        mismatches.append(problem)
    if not places.sdist and (fetched := _fetch_sdist(spec, machine, is_required=not mismatches)):
        if not (problem := _find_mismatch(fetched, digest_source(fetched, machine.store), spec)):
            return WheelSource(fetched)
        mismatches.append(problem)
    raise MismatchError.of(mismatches)


def digest_source(sdist: Path, store: Store) -> str:
    """Return the digest of the tree in *sdist*, see :class:`~zigbuild_backend.core.project.source_tree.SourceTree`."""
    status = sdist.stat() if sdist.is_file() else None  # opening a file that is missing says so
    return _digest_source(sdist, store, status and (status.st_ino, status.st_size, status.st_mtime_ns))


@lru_cache(maxsize=64)
def _digest_source(sdist: Path, store: Store, _version: object) -> str:
    return read_tree(open_sdist(sdist, store)).digest


def _find_mismatch(file: Path, found: str, spec: WheelSpec) -> Problem | None:
    if found == spec.source:
        return None
    return Problem(
        f"its tree has the digest {found}, the wheel was built from {spec.source}",
        file.name,
        f"give the sdist of {spec.name} {spec.version} that the wheel was built from: --sdist FILE",
    )


def _list_sdists(spec: WheelSpec, store: Store, places: SourcePlaces) -> Iterator[Path]:
    """Yield the sdists of the release that are on this machine, or only the one that was given."""
    if given := places.sdist:
        if given.is_dir():
            raise ConfigurationError("is a folder", where=str(given), hint=f"make its sdist: zigbuild sdist {given}")
        yield given
        return
    near = sorted(places.beside.glob("*.tar.gz")) if places.beside else []
    kept = sorted(store.root.glob(f"{store_folders.DOWNLOADS}/*/*.tar.gz"))
    yield from (file for file in (*near, *kept) if is_sdist_of(file.name, spec.name, spec.version))


def _fetch_sdist(spec: WheelSpec, machine: Machine, *, is_required: bool) -> Path | None:
    """Return the sdist of the release, downloaded from an index; None if it cannot be, and is not required.

    :raises NotFoundError: if it cannot be downloaded, and is required.
    """
    try:
        return fetch_sdist(spec.name, spec.version, machine)
    except ZigbuildError as error:
        if not is_required:
            return None
        raise NotFoundError(
            f"its sdist cannot be found: {error.problems[0].message}",
            where=f"{spec.name} {spec.version}",
            hint=f"give it with --sdist FILE, or put it beside the wheel\n{error.problems[0].hint}".rstrip(),
        ) from None


def _find_recipe(spec: WheelSpec, environ: Mapping[str, str], places: SourcePlaces) -> tuple[Recipe, Path]:
    """Return the recipe with the digest that *spec* has, and its folder."""
    from packaging.utils import canonicalize_name

    others: list[str] = []
    name = canonicalize_name(spec.name)
    for folder in _list_recipes(environ, places):
        try:
            recipe = read_recipe(folder)
        except ZigbuildError:
            continue  # the recipe of the wheel was sound
        if recipe.digest == spec.recipe:
            return recipe, folder
        if canonicalize_name(recipe.settings.recipe.name) == name:
            others.append(f"{folder}, of {recipe.settings.recipe.version}, has {recipe.digest}")
    hint = describe_places(places.cwd)
    if others:
        raise MismatchError(
            f"the wheel was built by a recipe with the digest {spec.recipe}; " + "; ".join(others),
            where=spec.file_name,
            hint=f"get the recipe as it was then, for example from its history in git\n{hint}",
        )
    raise NotFoundError(
        f"the recipe with the digest {spec.recipe} is not on this machine", where=spec.file_name, hint=hint
    )


def _list_recipes(environ: Mapping[str, str], places: SourcePlaces) -> Iterator[Path]:
    """Yield the folders of all recipes: those that were given, and those that can be called by name."""
    for place in dict.fromkeys((*places.recipes, *list_places(environ, places.cwd))):
        if (place / FILE_NAME).is_file():
            yield place
        yield from (file.parent for file in sorted(place.glob(f"*/{FILE_NAME}")))


def _find_archive(recipe: Recipe, machine: Machine, places: SourcePlaces) -> Path:
    """Return the archive that *recipe* names by its hash: the one that was given, beside the wheel, or downloaded."""
    release = recipe.settings.recipe
    sha256, file_name = release.source.sha256, name_archive(release.source)
    given = places.sdist
    if given and not given.is_file():
        raise NotFoundError("there is no such file", where=str(given), hint="check the path")
    if given and (found := digest_file(given)) != sha256:
        raise MismatchError(
            f"has the sha256 {found}, the recipe names {sha256}",
            where=given.name,
            hint=f"give {file_name} of {release.name} {release.version}",
        )
    near = places.beside / file_name if places.beside else None
    path = given or (near if near and near.is_file() and digest_file(near) == sha256 else None)
    if path:
        keep_download(path, file_name, sha256, machine.store)
    return fetch_source(recipe, machine)
