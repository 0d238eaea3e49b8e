"""The identity of the running backend: name, version, and the digest of ``core/``, on which bytes of wheels depend."""

from __future__ import annotations

import hashlib
import os
from binascii import a2b_base64
from collections.abc import Iterator, Mapping
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
    recorded = _read_record(PACKAGE_FOLDER)
    digest = _digest(recorded) if recorded else digest_backend(PACKAGE_FOLDER)
    return f"{NAME} {VERSION} {digest}"


def digest_backend(package: Path) -> str:
    """Return the sha256 (hex) over path and sha256 of each file of ``core/`` in the folder *package*."""
    core = package / _CORE
    return _digest({path: hashlib.sha256((core / path).read_bytes()).digest() for path in list_package(core)})


def _digest(files: Mapping[str, bytes]) -> str:
    """Return the sha256 (hex) over *files*: POSIX path below ``core/`` → sha256."""
    total = hashlib.sha256()
    for path in sorted(files):
        total.update(path.encode() + b"\0" + files[path])
    return total.hexdigest()


def _read_record(package: Path) -> dict[str, bytes]:
    """Return path → sha256 of the files of ``core/`` by RECORD; empty if there is no RECORD, or a file was edited.

    RECORD spares an installed backend the hashing at each build. Installers write it after the files that it lists, so
    a file that is newer, or has another size, was edited.
    """
    record = package.parent / f"{PACKAGE}-{VERSION}.dist-info" / "RECORD"
    start = f"{PACKAGE}/{_CORE}/"
    try:
        written = record.stat().st_mtime_ns
        lines = record.read_text("utf-8").splitlines()
        # No path of the package has a comma, and the module csv takes longer to import than all other modules here.
        rows = [line.split(",") for line in lines if line.startswith(start) and ".pyc," not in line]
        found = {path: (size, time) for path, size, time in _list_status(f"{package}/{_CORE}")}
        sizes = {path[len(start) :]: int(size) for path, _, size in rows}
        digests = {path[len(start) :]: noted.removeprefix("sha256=") for path, noted, _ in rows}
        if sizes != {path: size for path, (size, _) in found.items()}:
            return {}
        if any(time > written for _, time in found.values()):
            return {}
        return {path: a2b_base64(noted.replace("-", "+").replace("_", "/") + "=") for path, noted in digests.items()}
    except (OSError, ValueError, IndexError):
        return {}


def _list_status(root: str) -> Iterator[tuple[str, int, int]]:
    """Yield POSIX path below *root*, size in bytes and modification time in nanoseconds of each file but bytecode."""
    pending = [""]
    while pending:
        prefix = pending.pop()
        with os.scandir(f"{root}/{prefix}") as entries:
            for entry in entries:
                if entry.is_dir():
                    pending.append(f"{prefix}{entry.name}/")
                elif not entry.name.endswith(".pyc"):
                    status = entry.stat()
                    yield prefix + entry.name, status.st_size, status.st_mtime_ns


def list_package(folder: Path) -> list[str]:
    """Return the sorted POSIX paths of the files below *folder*, relative to it, without bytecode."""
    return sorted(path for path, _, _ in _list_status(str(folder)))
