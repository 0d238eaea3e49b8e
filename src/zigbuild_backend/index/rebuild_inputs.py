"""Gathers the inputs of rebuilds when wheels are added, so that a rebuild years later needs no network.

Recipes, header sets, backends and compilers are stored by their digests, and shared by all wheels that need them.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from ..core.base import store_folders
from ..core.base.errors import MismatchError, NotFoundError, Problem, ZigbuildError
from ..core.base.store import Store, link_or_copy
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


class RebuildInputs:
    """Gathers inputs into *repository* from *user_store*, from this machine, and from pip's indexes if need be.

    *add_sdist* is called with the sdists in *user_store* that a recipe names.
    """

    def __init__(
        self, repository: Repository, user_store: Store, add_sdist: Callable[[Path], None] = lambda path: None
    ) -> None:
        self.repository = repository
        self.machine = repository.machine
        self.user_store = user_store
        self.add_sdist = add_sdist
        self._candidates: dict[str, Path] = {}
        self._problems: dict[tuple[object, ...], tuple[Problem, ...]] = {}

    def add_recipe_candidates(self, cwd: Path) -> None:
        """Add the recipes that can be named in the folder *cwd* to those that wheels are matched with."""
        for folder in find_recipes(self.machine.environ, cwd).values():
            try:
                self._candidates.setdefault(read_recipe(folder).digest, folder)
            except ZigbuildError:
                continue  # no wheel was built by an invalid recipe

    def store_recipe(self, folder: Path) -> Recipe:
        """Store the recipe in *folder*, and its source if *user_store* has it.

        :raises ZigbuildError: if *folder* holds no valid recipe.
        """
        recipe = read_recipe(folder)
        Store(self.repository.folder).keep_tree(store_folders.RECIPES, recipe.files)
        source = recipe.settings.recipe.source
        for path in sorted((self.user_store.root / store_folders.DOWNLOADS / source.sha256).glob("*")):
            if source.sdist:
                self.add_sdist(path)
            elif self.repository.blobs.verified_path(source.sha256) is None:
                self.repository.blobs.add(path, source.sha256)
            self._link_download(source.sha256, path.name)
        return recipe

    def record_source(self, root: Path, sha256: str) -> None:
        """Record that the sdist with that hash unpacks to the source tree in *root*."""
        self.repository.ledger.write_note(SOURCE_TOPIC, read_tree(root).digest, sha256.encode())

    def gather_inputs(self, spec: WheelSpec) -> tuple[Problem, ...]:
        """Store every input of the wheel of *spec*; return a problem for each that is not available."""
        environment = (spec.backend, spec.requirements, spec.zig)
        source_key = render_source_key(spec)
        problems = [*self._once(("source", source_key), lambda: self._store_source(spec))]
        if not problems:
            tools = (source_key, spec.requirements, spec.headers)
            problems += self._once(("tools", tools), lambda: self._store_tools(spec))
        if python := spec.python:
            problems += self._once(("headers", python.headers), lambda: self._store_headers(python))
        problems += self._once(("sdk", spec.sdk), lambda: self._check_sdk(spec))
        problems += self._once(("environment", environment), lambda: self._store_environment(spec))
        return tuple(problems)

    def _once(self, key: tuple[object, ...], store: Callable[[], None]) -> tuple[Problem, ...]:
        """Call *store* for the first wheel with that *key*; return its problems for every such wheel."""
        if key not in self._problems:
            try:
                store()
                self._problems[key] = ()
            except ZigbuildError as error:
                self._problems[key] = error.problems
        return self._problems[key]

    def _store_source(self, spec: WheelSpec) -> None:
        if spec.recipe:
            self._store_recipe_of(spec)
        sdist = self.repository.find_sdist(spec)
        if not spec.recipe:
            prefetch_project(open_sdist(sdist, self.machine.store), self.machine)

    def _store_recipe_of(self, spec: WheelSpec) -> None:
        """Store the recipe of *spec*, and check that it turns its source into the wheel's source tree."""
        folder = self.repository.recipe_folder(spec.recipe) or self._candidates.get(spec.recipe)
        if folder is None:
            raise NotFoundError(
                f"the recipe that wheels of {spec.name} {spec.version} were built by is not in the repository",
                where=spec.recipe[:12],
                hint="give the identical recipe with --recipe FOLDER",
            )
        recipe = self.store_recipe(folder)
        source = recipe.settings.recipe.source
        if self.repository.blobs.verified_path(source.sha256) is None:
            raise NotFoundError(
                f"the source that the recipe of {spec.name} {spec.version} names is not in the repository",
                where=source.sdist or source.url,
                hint=f"zigbuild cache add {source.sdist or 'FILE'}",
            )
        if source.sdist:
            self._link_download(source.sha256, source.sdist)
        checkout = open_recipe(recipe, self.machine)
        prefetch_sources(checkout, self.machine)
        if checkout.project.tree.digest != spec.source:
            raise MismatchError(
                f"the recipe turns it into the source tree {checkout.project.tree.digest[:12]}, the wheel was built"
                f" from {spec.source[:12]}",
                where=source.sdist or source.url,
                hint="get the wheel again from where it was published: it may have been altered",
            )
        self.repository.ledger.write_note(SOURCE_TOPIC, render_source_key(spec), source.sha256.encode())

    def _link_download(self, sha256: str, name: str) -> None:
        """Link a stored file into the folder of downloads, so that no index is asked for it."""
        stored = self.repository.blobs.verified_path(sha256)
        if stored:
            self.machine.store.keep(
                (store_folders.DOWNLOADS, sha256, name), lambda path: link_or_copy(str(stored), str(path))
            )

    def _store_headers(self, python: PythonInput) -> None:
        try:
            read_header_set(self.machine.store, python.headers)
        except NotFoundError:
            user = replace(self.machine, store=self.user_store)
            found = recover_header_set(python.version, python.headers, user)
            self.machine.store.keep_tree(store_folders.HEADERS, read_include_folder(found.folder))

    def _store_tools(self, spec: WheelSpec) -> None:
        """Store the generators and header packages that the stored source of *spec* needs."""

        def open_source() -> Project:
            if folder := self.repository.recipe_folder(spec.recipe) if spec.recipe else None:
                return open_recipe(read_recipe(folder), self.machine).project
            return read_project(open_sdist(self.repository.find_sdist(spec), self.machine.store))

        prefetch_tools(spec, open_source, read_interpreter(Path(sys.executable)), self.machine)

    def _check_sdk(self, spec: WheelSpec) -> None:
        """Check that the SDK of *spec*, whose licence forbids storing it for others, is where rebuilds look for it."""
        find_required_sdk(spec, self.machine)

    def _store_environment(self, spec: WheelSpec) -> None:
        obtain_environment(spec, self.machine)
