"""The headers of packages that are installed: ``headers-from``."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from ..base.errors import NotFoundError
from .installed_tools import canonicalize, list_files, read_file
from .numpy_headers import CONFIG, render_config

if TYPE_CHECKING:
    from importlib.metadata import Distribution

_FOLDER = "include"
_MORE = {"nanobind": (("ext/robin_map/include", ""), ("src", "src/"))}
"""Other folders that are wanted, relative to where ``include`` is, and what stands for them in front of their files."""

_EXPORTED_CLASS, _CLASS = b"class NB_EXPORT ", b"class NB_EXPORT_SHARED "
"""How nanobind declares its exceptions: for modules that show more than their init function; and as it does others."""


def read_headers(name: str, distribution: Distribution) -> dict[str, bytes]:
    """Return the headers (path → content) of the package *name*: those in its topmost folder named ``include``.

    What a package says in them of the machine that it was built for is left to the compiler; see
    :mod:`.numpy_headers`. Line ends are those of POSIX.

    :raises NotFoundError: if it has none.
    :raises ConfigurationError: if they are too old.
    :raises MismatchError: if they are not what was installed.
    """
    name = canonicalize(name)
    files = [file for file in list_files(distribution) if file.suffix != ".py"]
    folders = {_find_folder(file) for file in files if _FOLDER in file.parts[:-1]}
    if not folders:
        raise NotFoundError(
            f"{name} {distribution.version} brings no headers", where=name, hint="take it out of 'headers-from'"
        )
    folder = min(folders, key=lambda path: (len(path.parts), path))
    wanted = {folder: "", **{folder.parent / other: prefix for other, prefix in _MORE.get(name, ())}}
    headers = {
        f"{prefix}{file.relative_to(place)}": read_file(distribution, file).replace(b"\r\n", b"\n")
        for place, prefix in wanted.items()
        for file in files
        if file.is_relative_to(place)
    }
    if name == "numpy" and CONFIG in headers:
        headers[CONFIG] = render_config(headers[CONFIG].decode()).encode()
    if name == "nanobind":
        headers = {path: data.replace(_EXPORTED_CLASS, _CLASS) for path, data in headers.items()}
    return headers


def _find_folder(path: PurePosixPath) -> PurePosixPath:
    """Return the topmost folder named ``include`` that a file is in."""
    return PurePosixPath(*path.parts[: path.parts.index(_FOLDER) + 1])
