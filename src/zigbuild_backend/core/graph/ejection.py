"""Ejects a project: writes build.zig and all that it reads into the project, so that zig alone can build its modules.

What was written is listed, with its sha256, in a file among it, by which a later run tells what is its own to
overwrite or delete from what somebody wrote or edited.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from ..base.errors import ProblemList
from ..base.frozen import dataclass
from ..base.pythons import Python
from ..base.store import digest_file
from ..cpython.header_sets import HeaderSet
from ..cpython.windows_exports import obtain_exports
from ..generate.build_inputs import NO_INPUTS, BuildInputs
from ..zig.support_folders import SUPPORT_FOLDER
from ..zig.toolchain import Zig
from .build_zig import render
from .build_zig_zon import render_zon
from .graph import Graph
from .library_sources import read_library_files
from .support_files import collect_support

LIST = f"{SUPPORT_FOLDER}/SHA256SUMS"
"""The list, in the format of ``sha256sum``."""


@dataclass(frozen=True)
class Ejected:
    """The files that :func:`write_files` wrote and removed: POSIX paths relative to the project."""

    written: tuple[str, ...]
    removed: tuple[str, ...]


def render_files(
    graph: Graph, headers: Mapping[Python, HeaderSet | None], zig: Zig, inputs: BuildInputs = NO_INPUTS
) -> dict[str, bytes]:
    """Return the files of the ejected graph (path → content), with rows for the Pythons whose *headers* are given.

    The headers of a Python are None for wheels without modules. *inputs* are what is generated, and the headers of
    other packages.
    """
    header_sets = {python: found for python, found in headers.items() if found}
    definitions = {python: obtain_exports(found, python, zig) for python, found in header_sets.items()}
    by_version = {python.version: found for python, found in header_sets.items()}
    support = collect_support(graph, by_version, definitions, inputs)
    files = {
        "build.zig": render(graph, pythons=headers).encode(),
        "build.zig.zon": render_zon(graph.project).encode(),
        **support.files,
        **read_library_files(graph.products, graph.libraries),
    }
    for place, folder in support.folders.items():
        there = [path for path in sorted(folder.rglob("*")) if path.is_file()]
        files.update((f"{place}/{path.relative_to(folder).as_posix()}", path.read_bytes()) for path in there)
    return files


def write_files(root: Path, files: Mapping[str, bytes], *, force: bool = False) -> Ejected:
    """Write *files* and their list below *root*, and remove files of an earlier run that are not among them.

    :raises ConfigurationError: if a file is there that no earlier run wrote, or that was edited since, unless *force*.
    """
    known = _read_list(root)
    if not force:
        _refuse_strange(root, files, known)
    removed = [path for path, sha256 in known.items() if path not in files and _digest(root / path) == sha256]
    for path in removed:
        (root / path).unlink()
        _remove_empty(root, path)
    listed = "".join(f"{hashlib.sha256(data).hexdigest()}  {path}\n" for path, data in sorted(files.items()))
    for path, data in (*files.items(), (LIST, listed.encode())):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data)
    return Ejected((*sorted(files), LIST), tuple(removed))


def _refuse_strange(root: Path, files: Mapping[str, bytes], known: Mapping[str, str]) -> None:
    problems = ProblemList()
    for path, data in files.items():
        found = _digest(root / path)
        if found not in ("", known.get(path), hashlib.sha256(data).hexdigest()):
            message = "was edited since it was ejected" if path in known else "is there, and was not ejected"
            problems.at(path).add(message, "move it away, or overwrite it with --force")
    problems.raise_any()


def _read_list(root: Path) -> dict[str, str]:
    """Return the sha256 (hex) of each file of an earlier run by its path, without lines that no run writes."""
    try:
        lines = (root / LIST).read_text().splitlines()
    except OSError:
        return {}
    matches = (re.fullmatch(r"([0-9a-f]{64})  (\S.*)", line) for line in lines)
    return {match[2]: match[1] for match in matches if match and _is_ours(match[2])}


def _is_ours(path: str) -> bool:
    """Return whether *path* is one that eject writes: no other file is deleted, even if a list names it."""
    parts = PurePosixPath(path).parts
    return path in ("build.zig", "build.zig.zon") or (parts[0] == SUPPORT_FOLDER and ".." not in parts)


def _digest(path: Path) -> str:
    """Return the sha256 (hex) of a file, empty if there is none."""
    try:
        return digest_file(path)
    except FileNotFoundError:
        return ""


def _remove_empty(root: Path, path: str) -> None:
    """Remove the folders above *path*, a removed file, that are empty now."""
    for parent in PurePosixPath(path).parents[:-1]:
        if any((root / parent).iterdir()):
            return
        (root / parent).rmdir()
