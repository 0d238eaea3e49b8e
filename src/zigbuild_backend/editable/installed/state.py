"""The files that an editable install was compiled from, recorded in a text file that is read quickly."""

from __future__ import annotations

import os
from time import time_ns

TYPE_CHECKING = False  # importing typing would cost time; type checkers take it for True
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FILE_NAME = "state"
_FRESH = 20_000_000  # ns: a newer file may change again within one tick of the file system's clock
_IGNORED = (".py", ".pyi", ".pyc", ".pyo", ".so", ".pyd", "~")
_IGNORED_FOLDERS = ("__pycache__", "build", "dist")


class Changes:
    """Changes since the last build: *edited* (path → new signature), and *others* as texts."""

    def __init__(self, edited: Mapping[str, str], others: Sequence[str]) -> None:
        self.edited = edited
        self.others = others

    def __bool__(self) -> bool:
        return bool(self.edited or self.others)

    def __str__(self) -> str:
        return ", ".join([*self.others, *(f"{path} was edited" for path in self.edited)])

    @property
    def are_edits(self) -> bool:
        return not self.others


class State:
    """The state of an editable install at its last build.

    Paths are relative to ``root``, the project's folder; a signature is the size and the time of a file as text.
    ``identifier`` is the wheel identifier. ``members``: the overlay's files, path → dotted name of a module, or empty.
    ``sources``: path → signature of the files that the compiler reads; ``settings``: the same of all other files.
    ``folders``: path → time, and the names of the files in it. ``command`` compiles edited sources, in an environment
    with ``inherited`` variables and those of ``environment``; it is empty if more than a compiler must run.
    ``links``: member → the command that compiles and links that module alone, without its output; empty if modules are
    not linked by one command each.
    """

    def __init__(self) -> None:
        self.root = ""
        self.identifier = ""
        self.members: dict[str, str] = {}
        self.sources: dict[str, str] = {}
        self.settings: dict[str, str] = {}
        self.folders: dict[str, tuple[str, str]] = {}
        self.command: list[str] = []
        self.links: dict[str, list[str]] = {}
        self.environment: dict[str, str] = {}
        self.inherited: list[str] = []

    def find_changes(self, root: str) -> Changes:
        """Return the changes in the project's folder *root*."""
        edited: dict[str, str] = {}
        others: list[str] = []
        for path, signature in self.sources.items():
            found = sign(os.path.join(root, path))
            if found != signature:
                if found:
                    edited[path] = found
                else:
                    others.append(f"{path} was deleted")
        for path, signature in self.settings.items():
            found = sign(os.path.join(root, path))
            if found != signature:
                others.append(f"{path} was edited" if found else f"{path} was deleted")
        for path, (signature, names) in self.folders.items():
            full = os.path.join(root, path)
            if sign_folder(full) != signature and list_names(full) != names:
                others.append(f"files were added to or deleted from {path}")
        return Changes(edited, others)

    def update(self, changes: Changes) -> State:
        """Record that the edits in *changes* were compiled, and return this state."""
        self.sources.update(changes.edited)
        return self

    def write(self, folder: str) -> None:
        """Write the state into *folder*, whole or not at all."""
        lines = [f"root\t{self.root}", f"identifier\t{self.identifier}"]
        lines += [f"member\t{path}\t{name}" for path, name in self.members.items()]
        lines += [f"source\t{path}\t{_distrust(signature)}" for path, signature in self.sources.items()]
        lines += [f"setting\t{path}\t{_distrust(signature)}" for path, signature in self.settings.items()]
        lines += [f"folder\t{path}\t{_distrust(time)}\t{names}" for path, (time, names) in self.folders.items()]
        lines += [f"argument\t{argument}" for argument in self.command]
        lines += [f"link\t{path}\t{argument}" for path, command in self.links.items() for argument in command]
        lines += [f"variable\t{key}\t{value}" for key, value in self.environment.items()]
        lines += [f"inherit\t{key}" for key in self.inherited]
        path = os.path.join(folder, FILE_NAME)
        with open(f"{path}.new", "w", encoding="utf-8", newline="\n") as file:
            file.write("\n".join(lines))
        os.replace(f"{path}.new", path)


def read_state(folder: str) -> State | None:
    """Return the state in *folder*, if there is one."""
    try:
        with open(os.path.join(folder, FILE_NAME), encoding="utf-8", newline="\n") as file:
            lines = file.read().split("\n")
    except OSError:
        return None
    state = State()
    for line in lines:
        kind, _, text = line.partition("\t")
        path, _, value = text.partition("\t")
        if kind == "source":
            state.sources[path] = value
        elif kind == "setting":
            state.settings[path] = value
        elif kind == "folder":
            signature, _, names = value.partition("\t")
            state.folders[path] = signature, names
        elif kind == "member":
            state.members[path] = value
        elif kind == "argument":
            state.command.append(text)
        elif kind == "link":
            state.links.setdefault(path, []).append(value)
        elif kind == "variable":
            state.environment[path] = value
        elif kind == "inherit":
            state.inherited.append(text)
        elif kind == "identifier":
            state.identifier = text
        elif kind == "root":
            state.root = text
    return state


def sign(path: str) -> str:
    """Return the size and the time of a file; empty if it does not exist."""
    try:
        found = os.stat(path)
    except OSError:
        return ""
    return f"{found.st_size} {found.st_mtime_ns}"


def sign_folder(path: str) -> str:
    """Return the time of a folder; empty if it does not exist."""
    try:
        return f"0 {os.stat(path).st_mtime_ns}"
    except OSError:
        return ""


def list_names(path: str) -> str:
    """Return the names in a folder, joined by slashes, without Python files and files that tools leave there."""
    try:
        names = os.listdir(path)
    except OSError:
        return ""
    counting = [name for name in names if not name.startswith(".") and not name.endswith(_IGNORED)]
    return "/".join(sorted(name for name in counting if name not in _IGNORED_FOLDERS))


def _distrust(signature: str) -> str:
    """Return the signature, altered if the file is so new that it may change again within one tick of the clock."""
    size, _, modified = signature.partition(" ")
    is_old = modified and int(modified) < time_ns() - _FRESH
    return signature if is_old else f"? {size}"
