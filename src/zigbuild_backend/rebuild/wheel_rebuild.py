"""Rebuilds wheels: runs the command line of the backend that made them in a sandbox, once for all of a release."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from ..core.base.errors import ConfigurationError, MismatchError, NotFoundError, ZigbuildError
from ..core.base.machine import Machine
from ..core.base.pins import DEFAULT_ZIG
from ..core.base.store import Store, digest_file, temporary_folder
from ..core.cpython.header_sets import HeaderSet, read_header_set, recover_header_set
from ..core.fetch.recipe_sources import list_kept
from ..core.fetch.sdists import open_sdist
from ..core.project.project import Project
from ..core.project.project_folder import read_project
from ..core.project.pyproject import read_pyproject
from ..core.project.recipes import open_recipe, read_recipe
from ..core.wheel.spec import PythonInput, WheelSpec
from ..core.zig.build_roots import clear_workspace
from .backend_command import BackendCommand, MadeWheels, WheelsRequest
from .build_variations import Variation
from .cache_priming import forget_priming, prime_caches
from .environments.environment import compile_bytecode, obtain_environment, obtain_toml_reader
from .environments.interpreters import read_interpreter
from .prefetch import find_required_sdk, prefetch_project, prefetch_sources, prefetch_tools
from .sandbox.command import Sandbox
from .source_finder import WheelSource
from .wheel_specs import check_spec, group_specs, identify


@dataclass(frozen=True)
class Rebuilt:
    """The result of a rebuild: a wheel with its sha256 (hex) and size in bytes, or the error that prevents it.

    ``seconds`` is its share of the time that the run took which made it.
    """

    spec: WheelSpec
    path: Path | None = None
    sha256: str = ""
    size: int = 0
    seconds: float = 0.0
    error: ZigbuildError | None = None


@dataclass(frozen=True)
class RebuildSetup:
    """The machine, the sandbox and the variation of a rebuild.

    ``headers`` are folders and archives in which CPython's headers are looked for, beside the store and this machine.
    """

    machine: Machine
    sandbox: Sandbox
    variation: Variation
    headers: Sequence[Path] = ()


@dataclass(frozen=True)
class _OpenedSource:
    """A source as a run is given it: the path that it names, the paths that it reads, and the zig that it is pinned to.

    ``root`` is the root of its tree; ``project`` is known already if a recipe builds it.
    """

    argument: Path
    readable: tuple[Path, ...]
    zig: str
    root: Path
    project: Project | None = None

    def read_project(self) -> Project:
        return self.project or read_project(self.root)


def rebuild(specs: Iterable[WheelSpec], source: WheelSource, out: Path, setup: RebuildSetup) -> Iterator[Rebuilt]:
    """Make the wheels of *specs* from *source* into the folder *out*; yield the result for each.

    All that must be fetched, or is made once for all projects, is put into the store before the foreign source is run.

    :raises ZigbuildError: if *source* cannot be opened.
    """
    out.mkdir(parents=True, exist_ok=True)
    recipe = _resolve_parent(source.recipe) if source.recipe else None
    opened = _open_source(WheelSource(_resolve_parent(source.sdist), recipe), setup.machine)
    for group in group_specs(specs):
        try:
            yield from _rebuild_group(group, opened, _resolve_parent(out), setup)
        except ZigbuildError as error:
            yield from (Rebuilt(spec, error=error) for spec in group)


def _resolve_parent(path: Path) -> Path:
    """Return *path* in its real folder, with its own name: a sandbox has no folder that ``..`` could lead back to."""
    return path.absolute().parent.resolve() / path.name


def _open_source(source: WheelSource, machine: Machine) -> _OpenedSource:
    """Unpack and patch the source, and fetch what it names, so that the run finds all of it in the store."""
    root = open_sdist(source.sdist, machine.store)
    if source.recipe:
        recipe = read_recipe(source.recipe)
        checkout = open_recipe(recipe, machine)
        siblings = (source.recipe.parent / table.recipe for table in recipe.settings.library if table.recipe)
        readable = {source.recipe, root, checkout.root, *(folder for folder in siblings if folder.is_dir())}
        readable.update(list_kept(recipe, machine.store))
        readable.update(prefetch_sources(checkout, machine))
        return _OpenedSource(source.recipe, tuple(readable), recipe.settings.zig, checkout.root, checkout.project)
    tool = read_pyproject(root).get("tool", {})
    table = tool.get("zigbuild", {}) if isinstance(tool, dict) else {}
    readable = {source.sdist, root, *prefetch_project(root, machine)}
    return _OpenedSource(source.sdist, tuple(readable), str(table.get("zig", DEFAULT_ZIG)), root)


def _rebuild_group(
    group: Sequence[WheelSpec], source: _OpenedSource, out: Path, setup: RebuildSetup
) -> Iterator[Rebuilt]:
    """Make wheels that one run can make."""
    spec, machine = check_spec(group[0]), setup.machine
    zig = spec.zig or source.zig
    backend = _prepare_backend(replace(spec, zig=zig), source, setup)
    pythons = {spec.python for spec in group if spec.python}
    headers = {python.python.minor: _find_headers(python, setup) for python in pythons}
    is_primed = prime_caches(backend, group, headers, zig, machine.say)
    if setup.variation.is_cold:
        clear_workspace(machine.store, spec.name)
    with temporary_folder(out) as scratch:
        folder = scratch / setup.variation.folder
        folder.mkdir()
        overrides = [] if zig == source.zig else [f"zig={zig}"]
        request = WheelsRequest(
            source.argument, group, tuple(headers.values()), folder, source.readable, overrides=overrides
        )
        try:
            made = backend.make_wheels(request)
        except ConfigurationError as error:
            if is_primed or os.strerror(errno.EROFS) not in str(error):
                raise
            forget_priming(backend)  # the caches have been cleared since
            prime_caches(backend, group, headers, zig)
            made = backend.make_wheels(request)
        for spec in group:
            yield _take_wheel(spec, made, folder, out)


def _prepare_backend(spec: WheelSpec, source: _OpenedSource, setup: RebuildSetup) -> BackendCommand:
    """Return the command line of the backend that made the wheel of *spec*, in its environment."""
    machine = setup.machine
    sdk = find_required_sdk(spec, machine)
    environment = obtain_environment(spec, machine)
    interpreter = read_interpreter(setup.variation.python)
    if not environment.admits(interpreter):
        environment = replace(environment, folders=(*environment.folders, obtain_toml_reader(machine)))
    environment = replace(environment, tools=prefetch_tools(spec, source.read_project, interpreter, machine))
    compile_bytecode(environment, interpreter, machine.store)
    return BackendCommand(environment, interpreter, machine.store, setup.sandbox, setup.variation, sdk)


def _find_headers(python: PythonInput, setup: RebuildSetup) -> HeaderSet:
    try:
        return _load_headers(setup.machine.store, python.headers)
    except NotFoundError:
        return recover_header_set(python.version, python.headers, setup.machine, setup.headers)


@lru_cache
def _load_headers(store: Store, digest: str) -> HeaderSet:
    """Return a header set of the store, which is looked through once in the life of a process."""
    return read_header_set(store, digest)


def _take_wheel(spec: WheelSpec, made: MadeWheels, folder: Path, out: Path) -> Rebuilt:
    """Move a wheel from the *folder* of the run into *out*."""
    identifier = identify(spec)
    seconds = made.seconds / max(1, len(made.files))
    if error := made.errors.get(identifier):
        return Rebuilt(spec, error=error)
    path = folder / spec.file_name
    if made.files.get(identifier) != spec.file_name or path.is_symlink() or not path.is_file():
        return Rebuilt(spec, error=MismatchError("the backend did not make this file", where=spec.file_name))
    path.chmod(0o644)
    final = path.replace(out / spec.file_name)
    return Rebuilt(spec, final, digest_file(final), final.stat().st_size, seconds)
