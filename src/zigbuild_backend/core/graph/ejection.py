"""Ejects a project: writes build.zig and all that it reads into the project, so that zig alone can build its modules.

What was written is listed, with its sha256, in a file among it, by which a later run tells what is its own to
overwrite or delete from what somebody wrote or edited.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ..base.errors import ConfigurationError, Problem
from ..base.pythons import Python
from ..base.store import digest_file
from ..cpython.header_sets import HeaderSet
from ..cpython.pyconfig import pyconfig_header
from ..cpython.windows_exports import render_def
from ..cpython.zig_translation import declare_inline, translation_files
from ..generate.supplies import NO_SUPPLIES, Supplies
from ..project.project import Checkout, Project
from ..project.tree_reader import read_file
from ..zig.support_folders import SUPPORT_FOLDER
from ..zig.toolchain import Zig
from .build_zig import render, render_zon
from .msvc_sources import help_windows

LIST = f"{SUPPORT_FOLDER}/SHA256SUMS"
"""The list, in the format of ``sha256sum``."""


@dataclass(frozen=True)
class Ejected:
    """What :func:`write_files` did: POSIX paths relative to the project."""

    written: tuple[str, ...]
    removed: tuple[str, ...]


def render_files(
    checkout: Checkout,
    headers: Mapping[Python, HeaderSet | None],
    zig: Zig,
    supplies: Supplies = NO_SUPPLIES,
) -> dict[str, bytes]:
    """The files of the ejected graph (path → content) with rows for the Pythons whose *headers* are given.

    Those of wheels with programs alone have none. *supplies* are what is generated, and the headers of other packages.
    """
    sources = {file.path: read_file(checkout.root, file) for file in checkout.project.tree.files}
    helped, forwards = help_windows(checkout.project, sources, zig.library, f"{SUPPORT_FOLDER}/pyconfig/windows")
    files = {
        "build.zig": render(helped, pythons=headers).encode(),
        "build.zig.zon": render_zon(checkout.project).encode(),
        **forwards,
        **supplies.files,
    }
    for place, folder in supplies.folders.items():
        files |= {
            f"{place}/{path.relative_to(folder).as_posix()}": path.read_bytes()
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        }
    files.update(_render_python_side(checkout.project, {key: found for key, found in headers.items() if found}, zig))
    return files


def _render_python_side(project: Project, headers: Mapping[Python, HeaderSet], zig: Zig) -> Iterator[tuple[str, bytes]]:
    """What modules of *project* are compiled and linked with; nothing where it has none."""
    has_zig = any(module.zig_root for module in project.modules)
    if project.modules:
        for system in ("posix", "windows"):
            yield f"{SUPPORT_FOLDER}/pyconfig/{system}/pyconfig.h", pyconfig_header(system)
    for python, header_set in headers.items():
        yield f"{SUPPORT_FOLDER}/exports/{python}.def", render_def(header_set, python, zig).encode()
        for path in sorted(header_set.folder.rglob("*.h")):
            relative = path.relative_to(header_set.folder).as_posix()
            yield f"{SUPPORT_FOLDER}/include/{python.version}/{relative}", path.read_bytes()
            if has_zig:
                yield f"{SUPPORT_FOLDER}/zig/{python.version}/{relative}", declare_inline(path.read_bytes())
    if has_zig:
        yield from ((f"{SUPPORT_FOLDER}/zig/{path}", content) for path, content in translation_files().items())


def write_files(root: Path, files: Mapping[str, bytes], *, force: bool = False) -> Ejected:
    """Writes *files* and their list below *root*, and removes what an earlier run wrote and is no longer among them.

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
    problems: list[Problem] = []
    for path, data in files.items():
        found = _digest(root / path)
        if found not in ("", known.get(path), hashlib.sha256(data).hexdigest()):
            message = "was edited since it was ejected" if path in known else "is there, and was not ejected"
            problems.append(Problem(message, path, "move it away, or overwrite it with --force"))
    if problems:
        raise ConfigurationError.of(problems)


def _read_list(root: Path) -> dict[str, str]:
    """Path → sha256 of what an earlier run wrote; lines that it cannot have written are passed over."""
    try:
        lines = (root / LIST).read_text().splitlines()
    except OSError:
        return {}
    matches = (re.fullmatch(r"([0-9a-f]{64})  (\S.*)", line) for line in lines)
    return {match[2]: match[1] for match in matches if match and _is_ours(match[2])}


def _is_ours(path: str) -> bool:
    """Whether a listed path is one that eject writes: nothing else is ever deleted, whatever a list says."""
    parts = PurePosixPath(path).parts
    return path in ("build.zig", "build.zig.zon") or (parts[0] == SUPPORT_FOLDER and ".." not in parts)


def _digest(path: Path) -> str:
    """The sha256 (hex) of a file, empty if there is none."""
    try:
        return digest_file(path)
    except FileNotFoundError:
        return ""


def _remove_empty(root: Path, path: str) -> None:
    """Removes the folders that *path* was in, as far as nothing else is in them."""
    for parent in PurePosixPath(path).parents[:-1]:
        if any((root / parent).iterdir()):
            return
        (root / parent).rmdir()
