"""What wheels are rebuilt from, gathered while it is at hand: a rebuild years later needs no network.

Recipes, header sets, backends and compilers are kept by their digests, and shared by all wheels that need the same.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from ..core.base import store_folders
from ..core.base.errors import MismatchError, NotFoundError, Problem, ZigbuildError
from ..core.base.machine import Machine
from ..core.base.store import Store
from ..core.cpython.header_sets import read_header_set, recover_header_set
from ..core.cpython.include_tree import read_include_folder
from ..core.fetch.sdists import open_sdist
from ..core.project.project import Project
from ..core.project.project_folder import read_project
from ..core.project.recipes import find_recipes, open_recipe, read_recipe
from ..core.project.tree_reader import read_tree
from ..core.settings.recipe_model import Recipe
from ..core.wheel.spec import PythonInput, WheelSpec
from ..rebuild.environments.environment import obtain_environment
from ..rebuild.environments.interpreters import read_interpreter
from ..rebuild.prefetch import find_required_sdk, prefetch_project, prefetch_sources, prefetch_tools
from .repository import SOURCE_TOPIC, Repository, render_source_key

Say = Callable[[str], None]


class RebuildInputs:
    """Gathers inputs into *repository*, from the *user*'s store, this machine, and if need be the indexes of pip.

    *adopt* is given sdists that a recipe needs and the user's store has.
    """

    def __init__(
        self,
        repository: Repository,
        user: Store,
        environ: Mapping[str, str],
        say: Say,
        adopt: Callable[[Path], None] = lambda path: None,
    ) -> None:
        self.repository = repository
        self.user = user
        self.environ = environ
        self.say = say
        self.adopt = adopt
        self._recipes: dict[str, Path] = {}
        self._settled: dict[tuple[object, ...], tuple[Problem, ...]] = {}

    def offer_recipes(self, cwd: Path) -> None:
        """Lets wheels find the recipes that can be called by name from the folder *cwd*."""
        for folder in find_recipes(self.environ, cwd).values():
            try:
                self._recipes.setdefault(read_recipe(folder).digest, folder)
            except ZigbuildError:
                continue  # a broken one is no wheel's

    def keep_recipe(self, folder: Path) -> Recipe:
        """Keeps the recipe in *folder*, and its sdist if the user's store has it.

        :raises ZigbuildError: if it is none, or not sound.
        """
        recipe = read_recipe(folder)
        Store(self.repository.folder).keep_tree(store_folders.RECIPES, recipe.files)
        source = recipe.settings.recipe.source
        for path in sorted((self.user.root / store_folders.DOWNLOADS / source.sha256).glob("*")):
            if source.sdist:
                self.adopt(path)
            elif self.repository.blobs.find_path(source.sha256) is None:
                self.repository.blobs.add(path, source.sha256)
            self._place_download(source.sha256, path.name)
        return recipe

    def note_source(self, root: Path, sha256: str) -> None:
        """Remembers that the sdist with that hash unpacks to the tree in *root*."""
        self.repository.ledger.remember(SOURCE_TOPIC, read_tree(root).digest, sha256.encode())

    def keep(self, spec: WheelSpec) -> tuple[Problem, ...]:
        """Keeps all that wheels of *spec* are rebuilt from; what could not be had, with its mend."""
        environment = (spec.backend, spec.requirements, spec.zig)
        problems = [*self._once(("source", render_source_key(spec)), lambda: self._keep_source(spec))]
        if not problems:
            tools = (render_source_key(spec), spec.requirements, spec.headers)
            problems += self._once(("tools", tools), lambda: self._keep_tools(spec))
        if python := spec.python:
            problems += self._once(("headers", python.headers), lambda: self._keep_headers(python))
        problems += self._once(("sdk", spec.sdk), lambda: self._look_for_sdk(spec))
        problems += self._once(("environment", environment), lambda: self._keep_environment(spec))
        return tuple(problems)

    def _once(self, key: tuple[object, ...], keep: Callable[[], None]) -> tuple[Problem, ...]:
        """What is wrong with an input that many wheels share: tried for the first of them only."""
        if key not in self._settled:
            try:
                keep()
                self._settled[key] = ()
            except ZigbuildError as error:
                self._settled[key] = error.problems
        return self._settled[key]

    def _keep_source(self, spec: WheelSpec) -> None:
        if spec.recipe:
            self._keep_recipe_of(spec)
        sdist = self.repository.find_sdist(spec)
        if not spec.recipe:
            store = self.repository.store
            prefetch_project(open_sdist(sdist, store), Machine(store, self.environ, self.say))

    def _keep_recipe_of(self, spec: WheelSpec) -> None:
        """Keeps the recipe of *spec*, and sees to it that it makes that source tree of its sdist."""
        folder = self.repository.find_recipe(spec.recipe) or self._recipes.get(spec.recipe)
        if folder is None:
            raise NotFoundError(
                f"the recipe that wheels of {spec.name} {spec.version} were built by is not in the repository",
                where=spec.recipe[:12],
                hint="give it with --recipe FOLDER; it must be the very same",
            )
        recipe = self.keep_recipe(folder)
        source = recipe.settings.recipe.source
        if self.repository.blobs.find_path(source.sha256) is None:
            raise NotFoundError(
                f"the source that the recipe of {spec.name} {spec.version} names is not in the repository",
                where=source.sdist or source.url,
                hint=f"zigbuild cache add {source.sdist or 'FILE'}",
            )
        if source.sdist:
            self._place_download(source.sha256, source.sdist)
        checkout = open_recipe(recipe, Machine(self.repository.store, self.environ))
        prefetch_sources(checkout, Machine(self.repository.store, self.environ, self.say))
        if checkout.project.tree.digest != spec.source:
            raise MismatchError(
                f"the recipe makes the source tree {checkout.project.tree.digest[:12]} of it, the wheel was built from"
                f" {spec.source[:12]}",
                where=source.sdist or source.url,
                hint="was the wheel altered?",
            )
        self.repository.ledger.remember(SOURCE_TOPIC, render_source_key(spec), source.sha256.encode())

    def _place_download(self, sha256: str, name: str) -> None:
        """Lets a kept file be found where downloads are, so that nobody asks an index for it."""
        kept = self.repository.blobs.find_path(sha256)
        if kept:
            self.repository.store.keep((store_folders.DOWNLOADS, sha256, name), lambda path: _link(kept, path))

    def _keep_headers(self, python: PythonInput) -> None:
        store = self.repository.store
        try:
            read_header_set(store, python.headers)
        except NotFoundError:
            found = recover_header_set(python.version, python.headers, Machine(self.user, self.environ))
            store.keep_tree(store_folders.HEADERS, read_include_folder(found.folder))

    def _keep_tools(self, spec: WheelSpec) -> None:
        """Keeps what the source of *spec*, which is kept already, is generated by and includes headers of."""
        store = self.repository.store

        def open_source() -> Project:
            if folder := self.repository.find_recipe(spec.recipe) if spec.recipe else None:
                return open_recipe(read_recipe(folder), Machine(store, self.environ)).project
            return read_project(open_sdist(self.repository.find_sdist(spec), store))

        prefetch_tools(
            spec, open_source, read_interpreter(Path(sys.executable)), Machine(store, self.environ, self.say)
        )

    def _look_for_sdk(self, spec: WheelSpec) -> None:
        """Sees to it that the SDK of *spec*, which nobody may keep for others, is where it is looked for."""
        find_required_sdk(spec, Machine(self.repository.store, self.environ))

    def _keep_environment(self, spec: WheelSpec) -> None:
        obtain_environment(spec, Machine(self.repository.store, self.environ, self.say))


def group_by_problem(problems: Iterable[tuple[str, Problem]]) -> dict[Problem, list[str]]:
    """Problem → the names that it is about, in the order in which they came."""
    about: dict[Problem, list[str]] = {}
    for name, problem in problems:
        about.setdefault(problem, []).append(name)
    return about


def _link(source: Path, target: Path) -> None:
    """Another name for a file that is never written to, or a copy where the file system has no such thing."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
