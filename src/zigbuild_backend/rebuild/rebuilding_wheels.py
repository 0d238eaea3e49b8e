"""Builds wheels again: the command line of the backend that made them runs in a sandbox, once for all of a release."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path

from ..core.base import store_folders
from ..core.base.errors import ConfigurationError, MismatchError, NotFoundError, ZigbuildError
from ..core.base.machine import Machine
from ..core.base.pins import DEFAULT_ZIG
from ..core.base.store import Store, digest_file, temporary_folder
from ..core.cpython.header_sets import HeaderSet, read_header_set, recover_header_set
from ..core.fetch.sdists import open_sdist
from ..core.project.project import Project
from ..core.project.project_folder import read_project
from ..core.project.pyproject import read_pyproject
from ..core.project.recipes import open_recipe, read_recipe
from ..core.wheel.spec import PythonInput, WheelSpec
from ..core.zig.build_roots import clear_workspace
from .backend_process import Child, Made
from .circumstances import Circumstance
from .environments.environment import compile_bytecode, obtain_environment, obtain_toml_reader
from .environments.interpreters import read_interpreter
from .gathering import gather, gather_project, gather_sdk, gather_tools
from .rehearsal import forget, rehearse
from .sandbox.limits import Sandbox
from .source_finder import Source
from .wheel_specs import check_spec, group_specs, identify


@dataclass(frozen=True)
class Rebuilt:
    """What came of a wheel: a file with its sha256 (hex) and size in bytes, or the error that prevents it.

    ``seconds`` is its share of the time that the run took which made it.
    """

    spec: WheelSpec
    path: Path | None = None
    sha256: str = ""
    size: int = 0
    seconds: float = 0.0
    error: ZigbuildError | None = None


@dataclass(frozen=True)
class _World:
    """The machine, and the folders and archives in which headers of CPython are looked for first."""

    machine: Machine
    headers: Sequence[Path]


def rebuild(
    specs: Iterable[WheelSpec],
    source: Source,
    out: Path,
    machine: Machine,
    *,
    sandbox: Sandbox,
    circumstance: Circumstance,
    headers: Sequence[Path] = (),
) -> Iterator[Rebuilt]:
    """Makes the wheels of *specs* from *source* into the folder *out*; yields what came of each.

    What has to be fetched, or made once for all projects, is made before the foreign source is touched, and kept in
    the store of *machine*. *headers* are folders and archives where CPython's headers may be, beside those that the
    store and this machine have.

    :raises ZigbuildError: if *source* cannot be opened.
    """
    out.mkdir(parents=True, exist_ok=True)
    world = _World(machine, headers)
    inputs = _open_source(Source(_locate(source.sdist), source.recipe and _locate(source.recipe)), world)
    for group in group_specs(specs):
        try:
            yield from _rebuild_group(group, inputs, _locate(out), sandbox, circumstance, world)
        except ZigbuildError as error:
            yield from (Rebuilt(spec, error=error) for spec in group)


def _locate(path: Path) -> Path:
    """*path* by its own name in its real folder: in a sandbox there is nothing that ``..`` could go back from."""
    return path.absolute().parent.resolve() / path.name


@dataclass(frozen=True)
class _Inputs:
    """A source as the run is given it: its argument, the paths that it reads, and the zig that it is pinned to.

    ``root`` is that of its tree; ``project`` what a recipe makes of it.
    """

    argument: Path
    readable: tuple[Path, ...]
    zig: str
    root: Path
    project: Project | None = None

    def open_project(self) -> Project:
        return self.project or read_project(self.root)


def _open_source(source: Source, world: _World) -> _Inputs:
    """Unpacks the source, patches it, and fetches what it names, so that the run finds all of it in the store."""
    store = world.machine.store
    root = open_sdist(source.sdist, store)
    if source.recipe:
        recipe = read_recipe(source.recipe)
        checkout = open_recipe(recipe, world.machine)
        download = store.root / store_folders.DOWNLOADS / recipe.settings.recipe.source.sha256
        siblings = (source.recipe.parent / table.recipe for table in recipe.settings.library if table.recipe)
        readable = {source.recipe, download, root, checkout.root, *(folder for folder in siblings if folder.is_dir())}
        readable.update(gather(checkout, world.machine))
        return _Inputs(source.recipe, tuple(readable), recipe.settings.zig, checkout.root, checkout.project)
    tool = read_pyproject(root).get("tool", {})
    table = tool.get("zigbuild", {}) if isinstance(tool, dict) else {}
    readable = {source.sdist, root, *gather_project(root, world.machine)}
    return _Inputs(source.sdist, tuple(readable), str(table.get("zig", DEFAULT_ZIG)), root)


def _rebuild_group(
    group: Sequence[WheelSpec],
    inputs: _Inputs,
    out: Path,
    sandbox: Sandbox,
    circumstance: Circumstance,
    world: _World,
) -> Iterator[Rebuilt]:
    """Makes wheels that one run can make."""
    spec = check_spec(group[0])
    store = world.machine.store
    sdk = gather_sdk(spec, world.machine)
    zig = spec.zig or inputs.zig
    environment = obtain_environment(replace(spec, zig=zig), world.machine)
    interpreter = read_interpreter(circumstance.python)
    if not environment.admits(interpreter):
        environment = replace(environment, folders=(*environment.folders, obtain_toml_reader(world.machine)))
    tools = gather_tools(spec, inputs.open_project, interpreter, world.machine)
    environment = replace(environment, tools=tools)
    compile_bytecode(environment, interpreter, store)
    child = Child(environment, interpreter, store, sandbox, circumstance, sdk)
    header_sets: dict[int, HeaderSet] = {}
    for python in {spec.python for spec in group if spec.python}:
        header_sets[python.python.minor] = _find_headers(python, world)
    is_new = rehearse(child, group, header_sets, zig, world.machine.say)
    if circumstance.is_cold:
        clear_workspace(store, spec.name)
    with temporary_folder(out) as scratch:
        folder = scratch / circumstance.folder
        folder.mkdir()
        make = partial(
            child.make_wheels,
            inputs.argument,
            group,
            header_sets.values(),
            folder,
            readable=inputs.readable,
            overrides=[] if zig == inputs.zig else [f"zig={zig}"],
        )
        try:
            made = make()
        except ConfigurationError as error:
            if is_new or os.strerror(errno.EROFS) not in str(error):
                raise
            forget(child)  # what was kept has been cleared since
            rehearse(child, group, header_sets, zig)
            made = make()
        for spec in group:
            yield _take(spec, made, folder, out)


def _find_headers(python: PythonInput, world: _World) -> HeaderSet:
    try:
        return _load_headers(world.machine.store, python.headers)
    except NotFoundError:
        return recover_header_set(python.version, python.headers, world.machine, world.headers)


@lru_cache
def _load_headers(store: Store, digest: str) -> HeaderSet:
    """A header set of the store, which is looked through once in the life of a process."""
    return read_header_set(store, digest)


def _take(spec: WheelSpec, made: Made, folder: Path, out: Path) -> Rebuilt:
    """Moves a wheel from the *folder* of the run into *out*."""
    identifier = identify(spec)
    seconds = made.seconds / max(1, len(made.files))
    if error := made.errors.get(identifier):
        return Rebuilt(spec, error=error)
    path = folder / spec.file_name
    if made.files.get(identifier) != spec.file_name or path.is_symlink() or not path.is_file():
        return Rebuilt(spec, error=MismatchError("the backend made another file instead", where=spec.file_name))
    path.chmod(0o644)
    final = path.replace(out / spec.file_name)
    return Rebuilt(spec, final, digest_file(final), final.stat().st_size, seconds)
