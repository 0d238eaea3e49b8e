"""The metadata of an sdist: the PKG-INFO that its own backend wrote becomes METADATA, byte for byte."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..base.errors import ConfigurationError
from .core_metadata import Metadata

FILE_NAME = "PKG-INFO"

EntryPoints = tuple[tuple[str, tuple[tuple[str, str], ...]], ...]


def read_pkg_info(root: Path, pyproject: Mapping[str, Any]) -> Metadata:
    """Return the metadata of the sdist that is unpacked in *root*; *pyproject* are the tables of its pyproject.toml.

    :raises ConfigurationError: if PKG-INFO is missing, or has no name or version.
    """
    from packaging.metadata import parse_email
    from packaging.utils import canonicalize_name
    from packaging.version import InvalidVersion, Version

    try:
        data = (root / FILE_NAME).read_bytes()
        text = data.decode()
        raw, _ = parse_email(data)
        name, version = raw["name"], str(Version(raw["version"]))
    except FileNotFoundError:
        raise ConfigurationError("is missing", where=FILE_NAME, hint="give an sdist, which holds it") from None
    except UnicodeDecodeError as error:
        raise ConfigurationError(
            f"is not UTF-8 at byte {error.start}",
            where=FILE_NAME,
            hint="save it as UTF-8",
        ) from None
    except KeyError as error:
        raise ConfigurationError(
            f"has no {error.args[0]}, or several", where=FILE_NAME, hint="give an sdist whose PKG-INFO has one"
        ) from None
    except InvalidVersion as error:
        raise ConfigurationError(str(error), where=FILE_NAME, hint="write the version by PEP 440") from None
    return Metadata(
        name=name,
        version=version,
        text=text,
        requires_python=raw.get("requires_python", ""),
        license_files=tuple(sorted(set(raw.get("license_files", ())))),
        entry_points=_read_egg_info(root, canonicalize_name(name)) or find_entry_points(pyproject),
    )


def _read_egg_info(root: Path, name: str) -> EntryPoints:
    """Read the entry points, static and computed ones, from the ``.egg-info`` that setuptools leaves in an sdist."""
    from packaging.utils import canonicalize_name

    for path in sorted([*root.glob("*.egg-info/entry_points.txt"), *root.glob("*/*.egg-info/entry_points.txt")]):
        if canonicalize_name(path.parent.stem) == name:
            return parse_entry_points(path.read_bytes().decode(), path.relative_to(root).as_posix())
    return ()


def parse_entry_points(text: str, where: str) -> EntryPoints:
    """Return the groups of an ``entry_points.txt``; *where* names the file in messages.

    :raises ConfigurationError: if the text is not as the entry points specification requires.
    """
    import configparser

    parser = configparser.ConfigParser(delimiters=("=",), interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # names keep their case
    try:
        parser.read_string(text)
    except configparser.Error as error:
        raise ConfigurationError(
            f"cannot be parsed: {error}", where=where, hint="write it by the entry points specification"
        ) from None
    return tuple((group, tuple(parser.items(group))) for group in parser.sections() if parser.items(group))


def find_entry_points(pyproject: Mapping[str, Any]) -> EntryPoints:
    """Return the entry points in the table ``[project]``, which was checked when the sdist was made."""
    project = pyproject.get("project", {})
    groups = {"console_scripts": project.get("scripts"), "gui_scripts": project.get("gui-scripts")}
    groups |= project.get("entry-points", {})
    return tuple((group, tuple(points.items())) for group, points in groups.items() if points)
