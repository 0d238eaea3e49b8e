"""Reads CPython's public headers from a path that a user names: a folder or an archive."""

from __future__ import annotations

from pathlib import Path

from ..base.errors import ConfigurationError, NotFoundError
from .include_tree import list_include_folders, read_include_folder

ACCEPTED = "an include folder, a prefix that has one, a CPython source tree, or a .tar.* or .zip archive of these"
"""The kinds of paths that headers are read from, in the words of a hint."""


def read_headers(path: Path) -> dict[str, bytes]:
    """Return CPython's headers at *path*: relative path (``object.h``, ``cpython/object.h``, ``internal/…``) → content.

    *path* is an include folder, a prefix that has ``include/python3.X`` or ``Include``, a CPython source tree, or a tar
    or zip archive of any of these. Other projects' headers beside CPython's and ``pyconfig.h`` are left out.

    :raises NotFoundError: if nothing is there, or no headers of CPython.
    :raises ConfigurationError: if headers of several versions are there, or an archive is damaged or hostile (see
        :func:`~.include_archive.read_archive`).
    """
    if path.is_dir():
        trees = {str(folder): read_include_folder(folder) for folder in list_include_folders(path)}
    elif path.is_file():
        from .include_archive import read_archive

        trees = read_archive(path, f"name {ACCEPTED}")
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
