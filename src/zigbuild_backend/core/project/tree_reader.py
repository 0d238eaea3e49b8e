"""The reader of source trees: finds the files that belong to a project, and reads them."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
from collections.abc import Collection, Iterator, Sequence
from functools import lru_cache
from pathlib import Path, PurePosixPath

from ..base.errors import ConfigurationError, NotFoundError, ProblemList
from ..settings import TABLE
from ..settings.contents import SdistContents
from .ignore import find_start, match_ignored
from .source_tree import SourceFile, SourceTree

_LEFT_OUT_FOLDERS = frozenset(
    [
        *("build", "dist", "node_modules", "venv", "zig-out", "__pycache__"),
        *(".git", ".hg", ".svn", ".tox", ".nox", ".venv", ".idea", ".vscode", ".zig-cache"),
        *(".hypothesis", ".mypy_cache", ".pytest_cache", ".ruff_cache"),
    ]
)
NOTHING_SAID = SdistContents()
# compile_commands.json, which `zigbuild compile-commands` writes, has paths of the machine.
_NEVER = re.compile(r"(^|/)(__pycache__/|\.git$|\.DS_Store$)|\.py[co]$|^(PKG-INFO|compile_commands\.json)$")


def is_sdist(root: Path) -> bool:
    """Return whether the folder *root* is an unpacked sdist, which holds nothing but the project."""
    return (root / "PKG-INFO").is_file() and not (root / ".git").exists()


def read_tree(root: Path, contents: SdistContents = NOTHING_SAID) -> SourceTree:
    """Return the files of the project in the folder *root*.

    In an unpacked sdist these are all files. Elsewhere they are the files that git does not ignore, or, without git,
    all files outside of caches; *contents* adds files to them and excludes some. A link to a file is read as that file.

    :raises ConfigurationError: for a link to a folder that contains it, a link out of the project, or a name that is
        not printable UTF-8; if pyproject.toml is excluded, or no file matches a pattern of 'include'.
    """
    has_caches = not is_sdist(root)
    paths = _list_git(root) if has_caches else []
    if not paths:
        paths = list(_walk(root, has_caches=has_caches))
    wanted = {path for path in paths if not _NEVER.search(path)}
    excluded: set[str] = set()
    if has_caches:
        included = _list_included(root, contents.include)
        excluded = {*match_ignored(contents.exclude, wanted)} - included
        wanted = wanted - excluded | included
        _check_kept(excluded, contents)
    files = []
    for path in sorted(wanted, key=os.fsencode):
        full = root / path
        _check(root, path)
        data = full.read_bytes()
        is_executable = os.name != "nt" and bool(full.stat().st_mode & 0o100)
        files.append(SourceFile(path, hashlib.sha256(data).hexdigest(), is_executable))
    return SourceTree(tuple(files), tuple(sorted(excluded)))


def _list_included(root: Path, patterns: Sequence[str]) -> set[str]:
    """Return the files that *patterns* match, whether git ignores them or not.

    Files in a cache folder are found only by a pattern that begins with the path of that folder.

    :raises ConfigurationError: if a pattern matches no file.
    """
    starts = {find_start(pattern) for pattern in patterns if not pattern.startswith("!")}
    candidates: set[str] = set()
    for start in starts:
        if (root / start).is_file():
            candidates.add(start)
        elif (root / start).is_dir():
            candidates.update(_walk(root, start and f"{start}/"))
    candidates = {path for path in candidates if not _NEVER.search(path)}
    problems = ProblemList(TABLE)
    for place, pattern in problems.each("sdist.include", patterns):
        if not pattern.startswith("!") and not match_ignored([pattern], candidates):
            place.add(f"no file matches {pattern!r}", "generate it before the build, or remove the pattern")
    problems.raise_any()
    return {*match_ignored(patterns, candidates)}


def _check_kept(excluded: Collection[str], contents: SdistContents) -> None:
    if "pyproject.toml" in excluded:
        numbers = [n for n, pattern in enumerate(contents.exclude) if match_ignored([pattern], ["pyproject.toml"])]
        pattern = contents.exclude[numbers[-1]]
        raise ConfigurationError(
            f"{pattern!r} excludes pyproject.toml, without which nothing can be built from the sdist",
            where=f"tool.zigbuild.sdist.exclude[{numbers[-1]}]",
            hint="narrow the pattern, or add '/pyproject.toml' to 'include'",
        )


def read_file(root: Path, file: SourceFile) -> bytes:
    """Return the content of a *file* of the tree in *root*.

    :raises NotFoundError: if it has changed since the tree was read.
    """
    if file.content is not None:
        return file.content
    try:
        data = (root / file.path).read_bytes()
    except OSError:
        data = None
    if data is None or hashlib.sha256(data).hexdigest() != file.sha256:
        raise NotFoundError("was changed during the build", where=file.path, hint="build again when nothing edits it")
    return data


def _check(root: Path, path: str) -> None:
    if not path.isprintable():
        raise ConfigurationError("has a name that is not printable UTF-8", where=ascii(path), hint="rename the file")
    full = root / path
    if not full.is_symlink():
        return
    target = os.path.realpath(full)
    if any(os.path.realpath(folder) == target for folder in full.absolute().parents):
        raise ConfigurationError(
            f"is a link to {full.readlink()}, a folder that contains it",
            where=path,
            hint="remove it, or ignore it in git",
        )
    if not target.startswith(os.path.realpath(root) + os.sep):
        raise ConfigurationError(
            f"is a link to {full.readlink()}, outside of the project",
            where=path,
            hint="copy the file, or ignore it in git",
        )


def _walk(root: Path, start: str = "", *, has_caches: bool = True) -> Iterator[str]:
    """Yield the paths of the files below the folder *start* of *root*; if it *has_caches*, these are left out."""
    pending = [start]
    while pending:
        prefix = pending.pop()
        with os.scandir(root / prefix) as entries:
            for entry in entries:
                path = prefix + entry.name
                if entry.is_dir():
                    if not (has_caches and _is_cache(root / path)):
                        _check(root, path)
                        pending.append(path + "/")
                elif entry.is_file():
                    yield path


def _is_cache(folder: Path) -> bool:
    name = folder.name
    return name in _LEFT_OUT_FOLDERS or name.endswith(".egg-info") or (folder / "pyvenv.cfg").is_file()


def _list_git(root: Path) -> list[str]:
    """Return the files below *root* that git tracks, or would add because it does not ignore them.

    The list is empty if *root* is in no work tree or is ignored, or if git is not installed.
    """
    if not any((folder / ".git").exists() for folder in (root, *root.absolute().parents)):
        return []
    command = [
        "git", "-c", "safe.directory=*", "-c", "core.fsmonitor=false", "-C", str(root),
        "ls-files", "-z", "-t", "--cached", "--others", "--exclude-standard",
    ]  # fmt: skip
    try:
        listed = subprocess.run(command, capture_output=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return []
    expanded: list[str] = []
    is_cache = lru_cache(_is_cache)
    for line in os.fsdecode(listed).split("\0")[:-1]:
        status, path = line.split(" ", 1)
        full = root / path
        if status == "?" and any(is_cache(root / folder) for folder in PurePosixPath(path).parents[:-1]):
            continue  # an untracked cache that no .gitignore names
        if full.is_dir():  # a submodule, or a link to a folder
            _check(root, path.rstrip("/"))
            expanded += _walk(root, path.rstrip("/") + "/")
        elif full.is_file():
            expanded.append(path)
    return expanded
