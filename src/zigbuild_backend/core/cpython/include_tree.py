"""Reads CPython's public headers from an include folder, a prefix or a source tree.

The headers are the same for every target, for builds with the GIL and without it: only ``pyconfig.h`` differs, and that
file is never read.
"""

from __future__ import annotations

import re
from pathlib import Path

from .cpython_version import CPythonVersion, parse_patchlevel


def read_version(folder: Path) -> CPythonVersion | None:
    """Return the version of the headers in the include folder *folder*, None if it has no headers of CPython."""
    try:
        return parse_patchlevel((folder / "patchlevel.h").read_bytes()) if (folder / "Python.h").is_file() else None
    except OSError:
        return None


def is_header(name: str) -> bool:
    """Return whether *name*, relative to an include folder, is one of CPython's headers but ``pyconfig.h``.

    pip and distributions put the headers of other projects beside them, each in a folder of its own.
    """
    pattern = r"(?:cpython/|internal/(?:\w+/)*)?\w[\w.-]*\.h"
    return name != "pyconfig.h" and re.fullmatch(pattern, name, re.ASCII) is not None


def list_include_folders(path: Path) -> tuple[Path, ...]:
    """Return the folders with CPython's headers for the prefix, source tree or include folder *path*, if any."""
    inside = (*path.glob("python3.*"), *path.glob("include/python3.*"))
    found: dict[tuple[int, int], Path] = {}
    for folder in (path, path / "Include", path / "include", *sorted(inside)):
        if read_version(folder):
            status = folder.stat()  # where case doesn't matter, "Include" and "include" are one folder
            found.setdefault((status.st_dev, status.st_ino), folder)
    return tuple(found.values())


def read_include_folder(folder: Path) -> dict[str, bytes]:
    """Return CPython's headers in the include folder *folder*, relative POSIX path → content; none if it is missing."""
    headers = {}
    for pattern in ("*.h", "cpython/*.h", "internal/**/*.h"):
        for path in folder.glob(pattern):
            name = path.relative_to(folder).as_posix()
            if is_header(name) and path.is_file():
                headers[name] = normalise(path.read_bytes())
    return headers


def normalise(header: bytes) -> bytes:
    """Return the text of a header with Unix line ends, so that a version is one header set on every system."""
    return header.replace(b"\r\n", b"\n")
