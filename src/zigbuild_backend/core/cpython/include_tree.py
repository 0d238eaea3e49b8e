"""CPython's public headers where they lie: in an include folder, a prefix or a source tree.

The headers are the same for every target, for builds with the GIL and without it: only ``pyconfig.h`` tells them apart,
and that file is never read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from ..base.errors import ConfigurationError, NotFoundError

ACCEPTED = "an include folder, a prefix that has one, a CPython source tree, or a .tar.* or .zip archive of these"
"""What headers are read from, in the words of a hint."""

# What belongs to CPython: pip and distributions put other projects' headers beside these, each in a folder of its own.
_HEADER = re.compile(r"(?:cpython/|internal/(?:\w+/)*)?\w[\w.-]*\.h", re.ASCII)
_VERSION = re.compile(rb'^[ \t]*#[ \t]*define[ \t]+PY_VERSION[ \t]+"(3\.\d+\.\d+(?:(?:a|b|rc)\d+)?\+?)"', re.MULTILINE)


@dataclass(frozen=True, order=True)
class CPythonVersion:
    """A version as ``patchlevel.h`` spells it; of one minor version, any final release is above any prerelease.

    A ``+`` at the end marks a build from between two releases; it counts as a prerelease.
    """

    minor: int
    is_final: bool
    micro: int
    stage: str
    serial: int
    text: str

    @classmethod
    def parse(cls, text: str) -> CPythonVersion:
        """The version of *text*, such as ``3.13.0`` or ``3.15.0rc2+``.

        :raises ValueError: if it is no version of CPython 3.
        """
        match = re.fullmatch(r"3\.(\d+)\.(\d+)(?:(a|b|rc)(\d+))?(\+?)", text, re.ASCII)
        if not match:
            raise ValueError(f"no version of CPython 3: {text!r}")
        minor, micro, stage, serial, plus = match.groups()
        # "a" < "b" < "rc" < "z": what has no stage comes after what has one
        return cls(int(minor), not (stage or plus), int(micro), stage or "z", int(serial or 0), text)

    def __str__(self) -> str:
        return self.text


def parse_version(patchlevel: bytes) -> CPythonVersion | None:
    """The version that this ``patchlevel.h`` defines, ``None`` if it is not CPython's (PyPy has such a file too)."""
    match = _VERSION.search(patchlevel)
    return CPythonVersion.parse(match[1].decode()) if match and b"PYPY_VERSION" not in patchlevel else None


def read_version(folder: Path) -> CPythonVersion | None:
    """The version of the headers in the include folder *folder*, ``None`` if CPython's are not there."""
    try:
        return parse_version((folder / "patchlevel.h").read_bytes()) if (folder / "Python.h").is_file() else None
    except OSError:
        return None


def is_header(name: str) -> bool:
    """Whether *name*, relative to an include folder, is one of CPython's headers that are the same for every target."""
    return name != "pyconfig.h" and _HEADER.fullmatch(name) is not None


def find_include_folders(path: Path) -> tuple[Path, ...]:
    """The folders that hold CPython's headers for the prefix, source tree or include folder *path*, if any."""
    inside = (*path.glob("python3.*"), *path.glob("include/python3.*"))
    found: dict[tuple[int, int], Path] = {}
    for folder in (path, path / "Include", path / "include", *sorted(inside)):
        if read_version(folder):
            status = folder.stat()  # where case doesn't matter, "Include" and "include" are one folder
            found.setdefault((status.st_dev, status.st_ino), folder)
    return tuple(found.values())


def read_include_folder(folder: Path) -> dict[str, bytes]:
    """CPython's headers in the include folder *folder*: relative posix name to content, none if it isn't there."""
    headers = {}
    for pattern in ("*.h", "cpython/*.h", "internal/**/*.h"):
        for path in folder.glob(pattern):
            name = path.relative_to(folder).as_posix()
            if is_header(name) and path.is_file():
                headers[name] = normalise(path.read_bytes())
    return headers


def normalise(header: bytes) -> bytes:
    """A header's text with Unix line ends, so that a version is one header set on every system."""
    return header.replace(b"\r\n", b"\n")


def read_headers(path: Path) -> dict[str, bytes]:
    """CPython's headers at *path*: relative name (``object.h``, ``cpython/object.h``, ``internal/…``) to content.

    *path* is an include folder, a prefix that has ``include/python3.X`` or ``Include``, a CPython source tree, or a tar
    or zip archive of any of these. Other projects' headers beside CPython's and ``pyconfig.h`` are left out.

    :raises NotFoundError: if nothing is there, or no headers of CPython.
    :raises ConfigurationError: if headers of several versions are there, or an archive is damaged or hostile (see
        :func:`~.include_archive.read_archive`).
    """
    if path.is_dir():
        trees = {str(folder): read_include_folder(folder) for folder in find_include_folders(path)}
    elif path.is_file():
        from .include_archive import read_archive

        trees = read_archive(path)
    else:
        raise NotFoundError("there is no such file or folder", where=str(path), hint=f"name {ACCEPTED}")
    if not trees:
        raise NotFoundError("no headers of CPython are in it", where=str(path), hint=f"name {ACCEPTED}")
    first, *others = trees.values()
    if any(tree != first for tree in others):
        raise ConfigurationError(
            "headers of several versions of CPython are in it",
            where=str(path),
            hint=f"name one of {', '.join(sorted(trees))}",
        )
    return first
