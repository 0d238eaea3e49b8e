"""Compiles an editable install into a folder of the store, from which its modules are imported."""

from __future__ import annotations

import hashlib
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from ..core.base import store_folders
from ..core.base.store import Store, hold_lock, temporary_folder
from ..core.wheel.spec import WheelSpec
from ..core.wheel.workshop import Workshop
from ..core.zig.build_roots import Workspace
from .direct_links import find_direct_links
from .editable_members import EditableInstall, Member, make_members
from .installed.state import read_state
from .kept_backend import BuildEnvironment
from .watched_files import record_state

_PAUSE = 0.05  # seconds


def make_state_folder(install: EditableInstall, backend: BuildEnvironment) -> Path:
    """Return the folder of the store for *install*, compiled by *backend*."""
    options = (f"{key}={value}" for key, value in sorted(install.options.items()))
    parts = [str(install.checkout.root), install.wheel.identifier, backend.name, *options]
    return backend.zig.store.folder(store_folders.EDITABLE, hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16])


def delete_lost_projects(store: Store) -> None:
    """Delete the state of projects whose folders are gone: no hook is called when an install is removed."""
    for folder in store.folder(store_folders.EDITABLE).iterdir():
        state = read_state(str(folder))
        if state and not Path(state.root).is_dir():
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def hold_folder(folder: Path) -> Iterator[None]:
    """Lock *folder* until the context ends, after waiting for the process that has it; imports wait meanwhile."""
    while True:
        with hold_lock(folder / "lock") as is_ours:
            if is_ours:
                yield
                return
        time.sleep(_PAUSE)


def compile_into(folder: Path, install: EditableInstall, workshop: Workshop) -> tuple[WheelSpec, tuple[Member, ...]]:
    """Compile the overlay in *folder*, which the caller has locked, and record what it was compiled from.

    :raises ZigbuildError: if a module does not compile or is refused. The overlay is then as it was before.
    """
    checkout, wheel = install.checkout, install.wheel
    workspace = Workspace(folder / "root", folder / "artifacts", folder / "cache")
    _forget_command(folder)
    shutil.rmtree(workspace.artifacts, ignore_errors=True)
    for part in (workspace.root, workspace.artifacts, folder / "overlay"):
        part.mkdir(parents=True, exist_ok=True)
    state = record_state(checkout)

    def record_command(command: Sequence[str], inherited: Sequence[str], environment: Mapping[str, str]) -> None:
        state.command, state.inherited, state.environment = list(command), list(inherited), dict(environment)

    printed: list[str] = []

    def talk(text: str) -> None:
        printed.append(text)
        if workshop.zig.talk:
            workshop.zig.talk(text)

    zig = replace(workshop.zig, on_build=record_command, talk=talk)
    spec, members = make_members(install, replace(workshop, zig=zig), workspace)
    overlaid = [member for member in members if not member.is_data]
    _write_overlay(folder / "overlay", overlaid)
    state.root, state.identifier = str(checkout.root), wheel.identifier
    state.members = {member.entry.path: member.module for member in overlaid}
    is_as_linked = all(_is_as_linked(member, workspace, wheel.identifier) for member in members if member.module)
    if checkout.project.products.shared or not is_as_linked:
        state.command = []
    else:
        links = find_direct_links("\n".join(printed), zig.executable, workspace.artifacts / wheel.identifier)
        modules = {member.entry.path for member in members if member.module}
        state.links = links if links.keys() == modules else {}
    for path in [path for path in state.sources if not _is_staged(checkout.root / path, workspace.root / path)]:
        state.settings[path] = state.sources.pop(path)
    state.write(str(folder))
    return spec, members


def _forget_command(folder: Path) -> None:
    """Remove the command from the state, until a build succeeds: from now on the staged files differ from the state."""
    if state := read_state(str(folder)):
        state.command = []
        state.write(str(folder))


def _write_overlay(folder: Path, members: Sequence[Member]) -> None:
    """Make *folder* hold exactly *members*. Files are replaced as a whole: a process may have the old one loaded."""
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


def _is_as_linked(member: Member, workspace: Workspace, identifier: str) -> bool:
    """Return whether a module is the linker's output, with nothing changed in it afterwards."""
    path = workspace.artifacts / identifier / member.entry.path
    return path.is_file() and path.read_bytes() == member.entry.data


def _is_staged(source: Path, staged: Path) -> bool:
    """Return whether a file of the project is in the build root unchanged."""
    try:
        return source.read_bytes() == staged.read_bytes()
    except OSError:
        return False
