"""Compiles a project into a folder of the store that its editable install is imported from, and again from then on."""

from __future__ import annotations

import hashlib
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from ..core.base import store_folders
from ..core.base.store import Store, locked, temporary_folder
from ..core.project.planned_wheels import PlannedWheel
from ..core.project.project import Checkout
from ..core.wheel.spec import WheelSpec
from ..core.wheel.workshop import Workshop
from ..core.zig.build_roots import Workspace
from .editable_members import Member, make_members
from .installed.state import read_state
from .kept_backend import BuildEnvironment
from .watched_files import watch

_PAUSE = 0.05  # seconds


def find_folder(root: Path, wheel: PlannedWheel, backend: BuildEnvironment, options: Mapping[str, str]) -> Path:
    """The folder of the store for the project in *root*, compiled for one wheel by one backend with those *options*."""
    parts = [str(root), wheel.identifier, backend.name, *(f"{key}={value}" for key, value in sorted(options.items()))]
    return backend.zig.store.folder(store_folders.EDITABLE, hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16])


def forget_lost_projects(store: Store) -> None:
    """Deletes what is kept for projects whose folders are gone: nobody says when an editable install is removed."""
    for folder in store.folder(store_folders.EDITABLE).iterdir():
        state = read_state(str(folder))
        if state and not Path(state.root).is_dir():
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def wait_for(folder: Path) -> Iterator[None]:
    """Has *folder* for itself: what imports the project waits meanwhile."""
    while True:
        with locked(folder / "lock") as is_ours:
            if is_ours:
                yield
                return
        time.sleep(_PAUSE)


def compile_into(
    folder: Path, checkout: Checkout, wheel: PlannedWheel, workshop: Workshop, *, epoch: int
) -> tuple[WheelSpec, tuple[Member, ...]]:
    """Makes the overlay in *folder*, which nobody else may use meanwhile, and notes what it was made of.

    :raises ZigbuildError: with what is wrong with the project's modules. The overlay is as it was then.
    """
    workspace = Workspace(folder / "root", folder / "artifacts", folder / "cache")
    _forget_command(folder)
    shutil.rmtree(workspace.artifacts, ignore_errors=True)
    for part in (workspace.root, workspace.artifacts, folder / "overlay"):
        part.mkdir(parents=True, exist_ok=True)
    state = watch(checkout)

    def note(command: Sequence[str], inherited: Sequence[str], environment: Mapping[str, str]) -> None:
        state.command, state.inherited, state.environment = list(command), list(inherited), dict(environment)

    zig = replace(workshop.zig, on_build=note)
    spec, members = make_members(checkout, wheel, replace(workshop, zig=zig), epoch=epoch, workspace=workspace)
    overlaid = [member for member in members if not member.is_data]
    _write_overlay(folder / "overlay", overlaid)
    state.root, state.identifier = str(checkout.root), wheel.identifier
    state.members = {member.entry.path: member.module for member in overlaid}
    is_as_linked = all(_is_as_linked(member, workspace, wheel) for member in members if member.module)
    if checkout.project.products.shared or not is_as_linked:
        state.command = []
    for path in [path for path in state.sources if not _is_staged(checkout.root / path, workspace.root / path)]:
        state.settings[path] = state.sources.pop(path)
    state.write(str(folder))
    return spec, members


def _forget_command(folder: Path) -> None:
    """Lets nothing but a build that succeeds compile there: what is staged does not belong to the state any more."""
    if state := read_state(str(folder)):
        state.command = []
        state.write(str(folder))


def _write_overlay(folder: Path, members: Sequence[Member]) -> None:
    """Makes *folder* hold exactly *members*. Each is replaced as a whole: a process may have the old one loaded."""
    wanted = {member.entry.path for member in members}
    for path in [path for path in folder.rglob("*") if path.is_file()]:
        if path.relative_to(folder).as_posix() not in wanted:
            path.unlink()
    for member in members:
        path = folder / member.entry.path
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.is_file() or path.read_bytes() != member.entry.data:
            with temporary_folder(folder.parent) as scratch:
                (scratch / path.name).write_bytes(member.entry.data)
                (scratch / path.name).chmod(0o755)
                (scratch / path.name).replace(path)


def _is_as_linked(member: Member, workspace: Workspace, wheel: PlannedWheel) -> bool:
    """Whether a module is what the linker wrote, with nothing done to it afterwards."""
    path = workspace.artifacts / wheel.identifier / member.entry.path
    return path.is_file() and path.read_bytes() == member.entry.data


def _is_staged(source: Path, staged: Path) -> bool:
    """Whether a file of the project is in the build root as it is."""
    try:
        return source.read_bytes() == staged.read_bytes()
    except OSError:
        return False
