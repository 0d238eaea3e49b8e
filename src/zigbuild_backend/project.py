"""Reads a project once: pyproject.toml, the files of its tree and its metadata become one frozen value."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .errors import ConfigurationError
from .files import read_tree
from .metadata import read_metadata
from .plan import Project, resolve_project
from .pyproject import read_pyproject
from .settings import Settings, parse_settings


def read_project(root: Path, overrides: Mapping[str, Any] | None = None) -> Project:
    """The project in the folder *root*; *overrides* replace keys of its ``[tool.zigbuild]``.

    :raises NotFoundError: if there is no pyproject.toml.
    :raises ConfigurationError: with all that is wrong in it.
    """
    pyproject = read_pyproject(root)
    settings = read_settings(pyproject, overrides)
    metadata = read_metadata(pyproject, root)
    return resolve_project(metadata, settings, read_tree(root), requirements=written_by())


def read_settings(pyproject: Mapping[str, Any], overrides: Mapping[str, Any] | None = None) -> Settings:
    """The settings in ``[tool.zigbuild]``, all of them defaults if it is missing, and *overrides* over them."""
    tool = pyproject.get("tool", {})
    if not isinstance(tool, dict):
        raise ConfigurationError("must be a table", where="tool", hint="write [tool.zigbuild]")
    table = tool.get("zigbuild", {})
    return parse_settings({**table, **overrides} if overrides and isinstance(table, dict) else table)


def written_by() -> tuple[str, ...]:
    """The installed libraries, as ``name==version``, whose version can show in a wheel: they write its METADATA."""
    import packaging
    import pyproject_metadata

    return (f"packaging=={packaging.__version__}", f"pyproject-metadata=={pyproject_metadata.__version__}")
