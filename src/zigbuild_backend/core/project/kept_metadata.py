"""Keeps core metadata in the store, since the libraries that read it take longer to import than all other modules."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..base import store_folders
from ..base.backend_digest import read_backend
from ..base.store import Store
from .core_metadata import Metadata
from .metadata import fill_dynamic, read_metadata
from .written_by import written_by

if TYPE_CHECKING:
    from ..settings.model import Settings


def obtain_metadata(pyproject: Mapping[str, Any], root: Path, settings: Settings | None, store: Store) -> Metadata:
    """Return the metadata of the project in *root*: from the *store*, if it was read from equal files before.

    :raises ConfigurationError: as :func:`.read_metadata`.
    :raises NotFoundError: as :func:`.read_metadata`.
    """
    if not isinstance(pyproject.get("project"), Mapping):
        return read_metadata(pyproject, root, settings)  # it raises the error
    key = _digest(fill_dynamic(pyproject["project"], root, settings), root)
    if not key:
        return read_metadata(pyproject, root, settings)

    def make(path: Path) -> None:
        path.write_text(json.dumps(asdict(read_metadata(pyproject, root, settings))), "utf-8")

    try:
        kept = json.loads(store.keep((store_folders.METADATA, key), make).read_text("utf-8"))
        kept["license_files"] = tuple(kept["license_files"])
        kept["entry_points"] = tuple((group, tuple(map(tuple, points))) for group, points in kept["entry_points"])
        return Metadata(**kept)
    except (OSError, ValueError, TypeError, LookupError):  # a store that cannot be written, or was damaged
        return read_metadata(pyproject, root, settings)


def _digest(project: Mapping[str, Any], root: Path) -> str:
    """Return the sha256 (hex) over the table *project*, the files that it names, and the versions of the code.

    The text is empty if a glob of licence files is not valid.
    """
    files: dict[str, str | None] = {}
    for key in ("readme", "license"):
        value = project.get(key)
        name = value.get("file") if isinstance(value, Mapping) else value if key == "readme" else None
        if isinstance(name, str):
            files[name] = _digest_file(root / name)
    patterns = project.get("license-files")
    try:
        found = [
            sorted(path.relative_to(root).as_posix() for path in root.glob(pattern))
            for pattern in (patterns if isinstance(patterns, list) else ())
        ]
    except (TypeError, ValueError, NotImplementedError, OSError):
        return ""
    parts = [project, files, found, written_by(), read_backend()]
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=repr).encode()).hexdigest()


def _digest_file(path: Path) -> str | None:
    """Return the sha256 (hex) of a file; None if it cannot be read."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return None
