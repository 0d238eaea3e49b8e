"""The headers of packages that are installed: ``headers-from``."""

from __future__ import annotations

import importlib.metadata
import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from ..errors import NotFoundError
from .numpy_headers import CONFIG, render_config

_FOLDER = "include"
_MORE = {"nanobind": (("ext/robin_map/include", ""), ("src", "src/"))}
"""Other folders that are wanted, relative to where ``include`` is, and what stands for them in front of their files."""


def read_headers(name: str, distribution: importlib.metadata.Distribution) -> dict[str, bytes]:
    """The headers of the project *name*, path → content: those in its topmost folder named ``include``.

    What a package says in them of the machine that it was built for is left to the compiler; see
    :mod:`.numpy_headers`. Line ends are those of POSIX.

    :raises NotFoundError: if it has none.
    :raises ConfigurationError: if they are too old.
    """
    folder = _find_folder(distribution)
    if folder is None:
        raise NotFoundError(
            f"{name} {distribution.version} brings no headers", where=name, hint="take it out of 'headers-from'"
        )
    files = dict(_read(folder, ""))
    for other, prefix in _MORE.get(name, ()):
        files |= _read(folder.parent / other, prefix)
    if name == "numpy" and CONFIG in files:
        files[CONFIG] = render_config(files[CONFIG].decode()).encode()
    return files


def _find_folder(distribution: importlib.metadata.Distribution) -> Path | None:
    """The topmost folder named ``include`` among its files."""
    files = [PurePosixPath(file) for file in distribution.files or _walk(distribution)]
    folders = {PurePosixPath(*file.parts[: file.parts.index(_FOLDER) + 1]) for file in files if _is_header(file)}
    if not folders:
        return None
    return Path(str(distribution.locate_file(str(min(folders, key=lambda path: (len(path.parts), path))))))


def _is_header(file: PurePosixPath) -> bool:
    return _FOLDER in file.parts[:-1] and ".." not in file.parts


def _walk(distribution: importlib.metadata.Distribution) -> Iterator[str]:
    """The files of its package, where no installer has noted them."""
    name = distribution.metadata["Name"].replace("-", "_")
    root = Path(str(distribution.locate_file("")))
    for folder, _, files in os.walk(root / name):
        yield from (Path(folder, file).relative_to(root).as_posix() for file in files)


def _read(folder: Path, prefix: str) -> Iterator[tuple[str, bytes]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix not in (".py", ".pyc"):
            yield prefix + path.relative_to(folder).as_posix(), path.read_bytes().replace(b"\r\n", b"\n")
