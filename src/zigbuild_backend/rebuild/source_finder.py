"""Finds what a wheel was built from: the sdist, and the recipe where it took one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from os import pathsep
from pathlib import Path

from ..core.base import store_folders
from ..core.base.errors import ConfigurationError, MismatchError, NotFoundError, Problem, ZigbuildError
from ..core.base.machine import Machine
from ..core.base.store import Store, digest_file
from ..core.fetch.downloads import keep_download, name_download
from ..core.fetch.sdists import fetch_sdist, fetch_source, is_sdist_of, open_sdist
from ..core.project.recipes import VARIABLE, open_recipe, read_recipe
from ..core.project.tree_reader import read_tree
from ..core.settings.recipe_model import FILE_NAME, Recipe
from ..core.wheel.spec import WheelSpec


@dataclass(frozen=True)
class Source:
    """What a wheel is built from: an sdist, and the folder of the recipe, if there is one."""

    sdist: Path
    recipe: Path | None = None


def find_source(
    spec: WheelSpec,
    machine: Machine,
    cwd: Path,
    *,
    sdist: Path | None = None,
    beside: Path | None = None,
    recipes: Iterable[Path] = (),
) -> Source:
    """The source of the wheel of *spec*, whose digests it has.

    It is the given *sdist*, else one in the folder *beside* the wheel, in the store, or of the indexes. A recipe is
    looked for by its digest: in the folders *recipes* and in those where recipes are called by name.

    :raises NotFoundError: if there is none.
    :raises MismatchError: if what there is has other digests; the message has both.
    """
    if spec.recipe:
        recipe, folder = _find_recipe(spec, machine.environ, cwd, recipes)
        file = _find_archive(recipe, machine, sdist, beside)
        found = open_recipe(recipe, machine).project.tree.digest
        if found != spec.source:
            raise _tree_mismatch(file, found, spec)
        return Source(file, folder)
    mismatches: list[Problem] = []
    for file in _list_sdists(spec, machine, sdist, beside, mismatches):
        found = digest_source(file, machine.store)
        if found == spec.source:
            return Source(file)
        mismatches += _tree_mismatch(file, found, spec).problems
    raise MismatchError.of(mismatches)


def digest_source(sdist: Path, store: Store) -> str:
    """The digest of the tree in *sdist*: that of :class:`~zigbuild_backend.core.project.source_tree.SourceTree`."""
    status = sdist.stat() if sdist.is_file() else None  # what is not there is said when it is opened
    return _digest_source(sdist, store, status and (status.st_ino, status.st_size, status.st_mtime_ns))


@lru_cache(maxsize=64)
def _digest_source(sdist: Path, store: Store, _version: object) -> str:
    return read_tree(open_sdist(sdist, store)).digest


def _tree_mismatch(file: Path, found: str, spec: WheelSpec) -> MismatchError:
    return MismatchError(
        f"its tree has the digest {found}, the wheel was built from {spec.source}",
        where=file.name,
        hint=f"give the very sdist of {spec.name} {spec.version} that the wheel was built from: --sdist FILE",
    )


def _list_sdists(
    spec: WheelSpec,
    machine: Machine,
    given: Path | None,
    beside: Path | None,
    mismatches: list[Problem],
) -> Iterator[Path]:
    """Where the sdist may be, in turn; the index is only asked if none of these was it."""
    if given:
        if given.is_dir():
            raise ConfigurationError("is a folder", where=str(given), hint=f"make its sdist: zigbuild sdist {given}")
        yield given
        return
    near = sorted(beside.glob("*.tar.gz")) if beside else []
    kept = sorted(machine.store.root.glob(f"{store_folders.DOWNLOADS}/*/*.tar.gz"))
    yield from (file for file in (*near, *kept) if is_sdist_of(file.name, spec.name, spec.version))
    try:
        yield fetch_sdist(spec.name, spec.version, machine)
    except ZigbuildError as error:
        if mismatches:
            return
        raise NotFoundError(
            f"its sdist is not to be had: {error.problems[0].message}",
            where=f"{spec.name} {spec.version}",
            hint=f"give it with --sdist FILE, or put it beside the wheel\n{error.problems[0].hint}".rstrip(),
        ) from None


def _find_recipe(spec: WheelSpec, environ: Mapping[str, str], cwd: Path, given: Iterable[Path]) -> tuple[Recipe, Path]:
    """The recipe with the digest that *spec* has, and its folder."""
    from packaging.utils import canonicalize_name

    others: list[str] = []
    name = canonicalize_name(spec.name)
    for folder in _list_recipes(environ, cwd, given):
        try:
            recipe = read_recipe(folder)
        except ZigbuildError:
            continue  # it is not the wheel's: that one was sound
        if recipe.digest == spec.recipe:
            return recipe, folder
        if canonicalize_name(recipe.settings.recipe.name) == name:
            others.append(f"{folder}, of {recipe.settings.recipe.version}, has {recipe.digest}")
    places = f"recipes are looked for in {cwd / 'recipes'} and the folders of {VARIABLE}"
    if others:
        raise MismatchError(
            f"the wheel was built by a recipe with the digest {spec.recipe}; " + "; ".join(others),
            where=spec.file_name,
            hint=f"get the recipe as it was then, for example from its history in git\n{places}",
        )
    raise NotFoundError(
        f"the recipe with the digest {spec.recipe} is not on this machine", where=spec.file_name, hint=places
    )


def _list_recipes(environ: Mapping[str, str], cwd: Path, given: Iterable[Path]) -> Iterator[Path]:
    """The folders of all recipes: *given* ones, and those in the folders where recipes are called by name."""
    named = (cwd / place for place in environ.get(VARIABLE, "").split(pathsep) if place)
    for place in dict.fromkeys((*given, cwd / "recipes", *named)):
        if (place / FILE_NAME).is_file():
            yield place
        yield from (file.parent for file in sorted(place.glob(f"*/{FILE_NAME}")))


def _find_archive(recipe: Recipe, machine: Machine, given: Path | None, beside: Path | None) -> Path:
    """The archive that *recipe* names by its hash, kept in the store."""
    release = recipe.settings.recipe
    source = release.source
    file_name = source.sdist or name_download(source.url)
    if given and not given.is_file():
        raise NotFoundError("there is no such file", where=str(given), hint="check the path")
    if given and (found := digest_file(given)) != source.sha256:
        raise MismatchError(
            f"has the sha256 {found}, the recipe is for {source.sha256}",
            where=given.name,
            hint=f"give {file_name} of {release.name} {release.version}",
        )
    near = beside / file_name if beside else None
    path = given or (near if near and near.is_file() and digest_file(near) == source.sha256 else None)
    if path:
        keep_download(path, file_name, source.sha256, machine.store)
    return fetch_source(recipe, machine)
