"""The identity of the running backend: its name, its version, and the digest of what can reach the bytes of a wheel."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from .pins import NAME, VERSION

PACKAGE = "zigbuild_backend"
PACKAGE_FOLDER = Path(__file__).parents[2]
"""The folder of the running backend."""

_CORE = "core"


@cache
def read_backend() -> str:
    """Return ``name version digest`` of the running backend."""
    return f"{NAME} {VERSION} {digest_backend(PACKAGE_FOLDER)}"


def digest_backend(package: Path) -> str:
    """Return the sha256 (hex) over the files of ``core/`` in the folder *package*, sorted by path."""
    core = package / _CORE
    total = hashlib.sha256()
    for path in list_package(core):
        total.update(path.encode() + b"\0" + hashlib.sha256((core / path).read_bytes()).digest())
    return total.hexdigest()


def list_package(folder: Path) -> list[str]:
    """Return the sorted POSIX paths of the files below *folder*, relative to it, without bytecode."""
    paths = (path for path in folder.rglob("*") if path.suffix != ".pyc" and path.is_file())
    return sorted(path.relative_to(folder).as_posix() for path in paths)
