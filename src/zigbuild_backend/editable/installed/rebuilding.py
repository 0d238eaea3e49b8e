"""Compiles an editable install again if the files that it was compiled from have changed.

Changes are found by sizes and times of files. If files were only edited, zig is started right away; for all other
changes, and if zig fails, the backend compiles in a process of its own, and explains the errors.
"""

from __future__ import annotations

import os
import sys
import time

from .state import Changes, State, read_state

TYPE_CHECKING = False  # importing typing would cost time; type checkers take it for True
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_SKIP = "ZIGBUILD_EDITABLE_SKIP"
_VERBOSE = "ZIGBUILD_EDITABLE_VERBOSE"
_BACKEND = """\
import sys
_, folders, root, state, *options = sys.argv
sys.path[:0] = folders.split("\\n")
from zigbuild_backend.hooks import rebuild_editable
rebuild_editable(root, state, dict(option.split("=", 1) for option in options))
"""
_PAUSE = 0.05  # seconds
_MOST_LINKED = 2  # modules one after the other: the graph builds more of them at once


def bring_up_to_date(
    members: Mapping[str, str], project: str, root: str, folder: str, backend: Sequence[str], options: Mapping[str, str]
) -> Mapping[str, str]:
    """Compile the *project* in the folder *root* if its files have changed; return the files of its overlay.

    *folder* has its state. *backend* are the folders from which the backend and its requirements are imported,
    *options* the ``config_settings`` of the install, and *members* the files of the overlay at the install.

    :raises ImportError: if it does not compile; it holds the compiler's messages.
    """
    state = read_state(folder)
    if _is_set(_SKIP):
        return state.members if state else members
    if not state or state.find_changes(root):
        try:
            _rebuild(project, root, folder, backend, options)
        except OSError as error:
            raise ImportError(f"{project} could not be rebuilt: {error}", name=project) from error
        state = read_state(folder)
    return state.members if state else members


def _rebuild(project: str, root: str, folder: str, backend: Sequence[str], options: Mapping[str, str]) -> None:
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "lock"), "a+b") as file:
        _wait_for_lock(file.fileno())
        state = read_state(folder)  # another process may have compiled it meanwhile
        changes = state.find_changes(root) if state else Changes({}, ["the cache of its modules was deleted"])
        if changes:
            start = time.perf_counter()
            _say(f"{project}: {changes}")
            if not (state and changes.are_edits and _run_zig(state, changes, root, folder)):
                _run_backend(project, root, folder, backend, options, changes)
            _say(f"{project}: rebuilt in {time.perf_counter() - start:.2f} s")


def _run_zig(state: State, changes: Changes, root: str, folder: str) -> bool:
    """Compile the edited files with zig; return whether that succeeded."""
    if not state.command:
        return False
    build_root = os.path.join(folder, "root")
    try:
        for path in changes.edited:
            with open(os.path.join(root, path), "rb") as source, open(os.path.join(build_root, path), "wb") as staged:
                staged.write(source.read())
        made = _link_directly(state, changes, folder) or _build_graph(state, folder)
    except FileNotFoundError:
        return False
    for path, file in made.items():
        os.replace(file, os.path.join(folder, "overlay", path))
    if made:
        state.update(changes).write(folder)
    return bool(made)


def _build_graph(state: State, folder: str) -> Mapping[str, str]:
    """Build all modules; return the overlay's path → the file of each, nothing if one failed."""
    if not _run_command(state.command, state, folder):
        return {}
    artifacts = os.path.join(folder, "artifacts", state.identifier)
    made = {path: os.path.join(artifacts, path) for path, name in state.members.items() if name}
    return {path: file for path, file in made.items() if os.path.exists(file)}


def _link_directly(state: State, changes: Changes, folder: str) -> Mapping[str, str]:
    """Build the modules of the edited sources by the commands of the graph, which takes half the time of the graph.

    Return the overlay's path → the file of each; nothing if there are too many, or one failed.
    """
    build_root = os.path.join(folder, "root")
    edited = {os.path.join(build_root, path) for path in changes.edited}
    found = {source for command in state.links.values() for source in edited.intersection(command)}
    # A header can be read by any module.
    chosen = [path for path, command in state.links.items() if found != edited or not edited.isdisjoint(command)]
    if len(chosen) > _MOST_LINKED:
        return {}
    made = {path: os.path.join(folder, "artifacts", os.path.basename(path)) for path in chosen}
    commands = ([*state.links[path], f"-femit-bin={file}"] for path, file in made.items())
    return made if all(_run_command(command, state, folder) for command in commands) else {}


def _run_command(command: Sequence[str], state: State, folder: str) -> bool:
    """Run zig in the build root, print what it says if that is wanted, and return whether it succeeded."""
    import subprocess

    done = subprocess.run(
        command,
        cwd=os.path.join(folder, "root"),
        env={**{key: os.environ[key] for key in state.inherited if key in os.environ}, **state.environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    _say(done.stderr.decode(errors="replace").rstrip())
    return done.returncode == 0


def _run_backend(
    project: str, root: str, folder: str, backend: Sequence[str], options: Mapping[str, str], changes: Changes
) -> None:
    import subprocess

    settings = [f"{key}={value}" for key, value in options.items()]
    given = "".join(f' --config-settings "{setting}"' for setting in settings)
    mend = f'install it again: {os.path.basename(sys.executable)} -m pip install --editable "{root}"{given}'
    for needed in (os.path.join(root, "pyproject.toml"), *backend):
        if not os.path.exists(needed):
            raise ImportError(f"{project} cannot be rebuilt: {needed} does not exist\n{mend}", name=project)
    done = subprocess.run(
        [sys.executable, "-I", "-c", _BACKEND, "\n".join(backend), root, folder, *settings],
        cwd=root,
        env={**os.environ, _SKIP: "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    said = done.stderr.decode(errors="replace").rstrip()
    if done.returncode:
        raise ImportError(f"{project} could not be rebuilt: {changes}\n{said}", name=project)
    if said:
        print(said, file=sys.stderr)


def _say(text: str) -> None:
    if text and _is_set(_VERBOSE):
        print(f"zigbuild: {text}", file=sys.stderr)


def _is_set(variable: str) -> bool:
    return os.environ.get(variable, "") not in ("", "0")


def _wait_for_lock(descriptor: int) -> None:
    """Wait until this process has the lock, which is released when the file is closed."""
    if sys.platform == "win32":
        import msvcrt

        while True:
            try:
                msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
                break
            except OSError:
                time.sleep(_PAUSE)
    else:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX)
