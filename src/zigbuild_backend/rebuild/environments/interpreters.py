"""Finds the CPythons of this machine that can run the backend."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from ...core.base.errors import NotFoundError
from ...core.base.pythons import NEWEST

OLDEST = 10
"""The minor version of the oldest CPython that runs the backend."""

_TIMEOUT = 30  # seconds
_QUESTION = (
    "import sys; print(sys.implementation.name, *sys.version_info[:2], sys.implementation.cache_tag, "
    "getattr(sys, '_base_executable', '') or sys.executable, sys.base_prefix, sys.base_exec_prefix, sep='\\n')"
)

# The places where installers put several versions side by side: a variable, and the pattern below its folder.
_PLACES = (
    ("PYENV_ROOT", "versions/3.{minor}.*/bin/python"),
    ("HOME", ".pyenv/versions/3.{minor}.*/bin/python"),
    ("UV_PYTHON_INSTALL_DIR", "cpython-3.{minor}.*/bin/python"),
    ("XDG_DATA_HOME", "uv/python/cpython-3.{minor}.*/bin/python"),
    ("HOME", ".local/share/uv/python/cpython-3.{minor}.*/bin/python"),
    ("APPDATA", "uv/python/cpython-3.{minor}.*/python.exe"),
    ("LOCALAPPDATA", "Programs/Python/Python3{minor}/python.exe"),
)


@dataclass(frozen=True)
class Interpreter:
    """A CPython outside of virtual environments: its program, version (3, minor), bytecode tag and folders."""

    executable: Path
    version: tuple[int, int]
    cache_tag: str
    prefixes: tuple[Path, ...]

    def __str__(self) -> str:
        return f"CPython {self.version[0]}.{self.version[1]}"


@lru_cache
def read_interpreter(python: Path) -> Interpreter:
    """Return the interpreter that the program *python* is, or that it starts as part of a virtual environment.

    :raises NotFoundError: if it is not a CPython that runs the backend.
    """
    command = [str(python), "-S", "-E", "-c", _QUESTION]
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_TIMEOUT)
        name, major, minor, tag, executable, *prefixes = done.stdout.splitlines()
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        raise NotFoundError(f"does not run as a Python: {error}", where=str(python)) from None
    version = (int(major), int(minor))
    if name != "cpython" or version < (3, OLDEST):
        raise NotFoundError(f"is {name} {major}.{minor}; the backend needs CPython 3.{OLDEST}", where=str(python))
    program = Path(executable).resolve()  # up to 3.10, the base executable of an environment may be a link
    folders = [Path(prefix) for prefix in dict.fromkeys(prefixes)]
    if not any(program.is_relative_to(folder.resolve()) for folder in folders):
        folders.append(program.parents[1])
    return Interpreter(program, version, tag, tuple(folders))


def list_interpreters(environ: Mapping[str, str]) -> Iterator[Interpreter]:
    """Yield one interpreter of each minor version that is on this machine, the oldest first."""
    for minor in range(OLDEST, NEWEST + 1):
        if interpreter := find_interpreter(minor, environ):
            yield interpreter


def find_interpreter(minor: int, environ: Mapping[str, str]) -> Interpreter | None:
    """Return the CPython 3.*minor* of this machine: the running one, else of ``PATH``, else of an installer's folder.

    None if there is none.
    """
    for python in _candidates(minor, environ):
        try:
            interpreter = read_interpreter(python)
        except NotFoundError:
            continue
        if interpreter.version == (3, minor):
            return interpreter
    return None


def _candidates(minor: int, environ: Mapping[str, str]) -> Iterator[Path]:
    if sys.version_info[1] == minor:
        yield Path(sys.executable)
    if found := shutil.which(f"python3.{minor}", path=environ.get("PATH", os.defpath)):
        yield Path(found)
    for variable, pattern in _PLACES:
        if folder := environ.get(variable):
            yield from sorted(Path(folder).glob(pattern.format(minor=minor)), reverse=True)
