"""Finds the CPythons on this machine in the places where installers put them; none is ever started."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from .include_tree import list_include_folders, read_version

SYSTEM_PREFIXES = (
    "/opt/python/cp3{minor}-*",  # the images of manylinux and musllinux
    "/usr",
    "/usr/local",
    "/Library/Frameworks/Python*.framework/Versions/3.{minor}*",
    "/opt/homebrew/opt/python@3.{minor}/Frameworks/Python.framework/Versions/3.{minor}",
    "/usr/local/opt/python@3.{minor}/Frameworks/Python.framework/Versions/3.{minor}",
)
"""Patterns of the prefixes that are at the same place on every machine."""

_FROM_ENVIRONMENT = (
    ("PYENV_ROOT", "versions/3.{minor}*"),
    ("HOME", ".pyenv/versions/3.{minor}*"),
    ("USERPROFILE", ".pyenv/pyenv-win/versions/3.{minor}*"),
    ("UV_PYTHON_INSTALL_DIR", "cpython-3.{minor}*"),
    ("XDG_DATA_HOME", "uv/python/cpython-3.{minor}*"),
    ("HOME", ".local/share/uv/python/cpython-3.{minor}*"),
    ("APPDATA", "uv/python/cpython-3.{minor}*"),
    ("APPDATA", "uv/data/python/cpython-3.{minor}*"),
    ("RUNNER_TOOL_CACHE", "Python/3.{minor}.*/*"),
    ("AGENT_TOOLSDIRECTORY", "Python/3.{minor}.*/*"),
    ("CONDA_PREFIX", ""),
    ("LOCALAPPDATA", "Programs/Python/Python3{minor}*"),
    ("PROGRAMFILES", "Python3{minor}*"),
)
"""Environment variables that name folders, each with the pattern of the prefixes below."""


def list_installed_include_folders(minor: int, environ: Mapping[str, str]) -> tuple[Path, ...]:
    """Return the include folders of every CPython 3.*minor* that is found on this machine, sorted, each once.

    They are looked for beside the running Python and the executables on ``PATH`` (through symbolic links and pyenv's
    shims), and where pyenv, uv, conda, the manylinux images, CI runners' tool caches, Linux distributions, Homebrew and
    CPython's own installers put them.
    """
    import sysconfig

    folders = {Path(sysconfig.get_path("include"))}
    for prefix in (*_list_prefixes_on_path(minor, environ), *_list_installed_prefixes(minor, environ)):
        folders.update(folder.resolve() for folder in list_include_folders(prefix))
    return tuple(sorted(f for f in folders if (version := read_version(f)) and version.minor == minor))


def _list_installed_prefixes(minor: int, environ: Mapping[str, str]) -> Iterator[Path]:
    """Yield the prefixes where installers put CPython 3.*minor*."""
    for variable, pattern in _FROM_ENVIRONMENT:
        if folder := environ.get(variable):
            yield from _expand(folder, pattern.format(minor=minor))
    for pattern in SYSTEM_PREFIXES:
        yield from _expand("/", pattern.format(minor=minor).lstrip("/"))


def _list_prefixes_on_path(minor: int, environ: Mapping[str, str]) -> Iterator[Path]:
    """Yield the prefixes of the Pythons on ``PATH``: python.exe is in its prefix, others in the prefix's ``bin``."""
    for entry in environ.get("PATH", "").split(os.pathsep):
        folder = Path(entry)
        if not folder.is_absolute():
            continue
        if folder.name == "shims":
            yield from _expand(folder.parent, f"versions/3.{minor}*")
        for name in (f"python3.{minor}", f"python3.{minor}t", "python.exe"):
            executable = folder / name
            if executable.is_file():
                yield from (folder.parent, executable.resolve().parent, executable.resolve().parent.parent)


def _expand(folder: str | Path, pattern: str) -> Iterable[Path]:
    """Return the readable folders below *folder* that *pattern* matches, or for an empty pattern *folder* itself."""
    try:
        return [Path(folder)] if not pattern else sorted(Path(folder).glob(pattern))
    except OSError:
        return []
