"""Reads pyproject.toml and other TOML files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..base.errors import ConfigurationError, NotFoundError
from ..base.toml_reader import tomllib


def read_pyproject(root: Path) -> dict[str, Any]:
    """Read pyproject.toml in *root*, and return its tables.

    :raises NotFoundError: if it is missing or cannot be read.
    :raises ConfigurationError: if it is not TOML.
    """
    path = root / "pyproject.toml"
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise NotFoundError(
            "there is no pyproject.toml", where=str(root), hint="name the folder of a project, or run inside one"
        ) from None
    except OSError as error:
        raise NotFoundError(
            f"cannot be read: {error.strerror}", where=str(path), hint="check its permissions"
        ) from None
    return parse_toml(data, "pyproject.toml")


def parse_toml(data: bytes, where: str) -> dict[str, Any]:
    """Return the tables of a TOML file; *where* names the file in messages.

    :raises ConfigurationError: if it is not TOML.
    """
    try:
        return tomllib.loads(data.decode())
    except UnicodeDecodeError as error:
        raise ConfigurationError(
            f"is not UTF-8 at byte {error.start}", where=where, hint="save it as UTF-8, as TOML requires"
        ) from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigurationError(f"is not TOML: {error}", where=where, hint="mend the syntax at that place") from None
