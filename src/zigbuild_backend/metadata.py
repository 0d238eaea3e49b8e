"""Core metadata: a thin layer over pyproject-metadata, which reads PEP 621, PEP 639 and the files that they name."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .dist_info import Metadata, render_entry_points
from .errors import ConfigurationError, Problem


def read_metadata(pyproject: Mapping[str, Any], root: Path) -> Metadata:
    """The metadata of ``[project]``, and of the readme and licence files below *root* that it names.

    :raises ConfigurationError: with every problem that pyproject-metadata finds.
    """
    if "project" not in pyproject:
        raise ConfigurationError(
            "the table [project] is missing", where="pyproject.toml", hint="it needs at least 'name' and 'version'"
        )
    if "version" in _dynamic(pyproject):
        raise ConfigurationError(
            "'version' cannot be dynamic", where="project.dynamic", hint='write version = "…" in [project]'
        )
    from pyproject_metadata import ConfigurationError as MetadataError
    from pyproject_metadata import StandardMetadata
    from pyproject_metadata.errors import ExceptionGroup

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            standard = StandardMetadata.from_pyproject(pyproject, root, allow_extra_keys=False, all_errors=True)
            text = str(standard.as_rfc822())
    except ExceptionGroup as group:
        raise ConfigurationError.of([_problem(error) for error in group.exceptions]) from None
    except (MetadataError, OSError, UnicodeError) as error:
        raise ConfigurationError.of([_problem(error)]) from None
    groups: dict[str, Mapping[str, str]] = {"console_scripts": standard.scripts, "gui_scripts": standard.gui_scripts}
    groups.update(standard.entrypoints)
    return Metadata(
        name=standard.name,
        version=str(standard.version),
        text=text,
        requires_python=str(standard.requires_python or ""),
        license_files=tuple(
            sorted({path.as_posix() for path in standard.license_files or ()} | _license_file(standard))
        ),
        entry_points=tuple((group, tuple(points.items())) for group, points in groups.items() if points),
    )


def _dynamic(pyproject: Mapping[str, Any]) -> Any:
    project = pyproject["project"]
    dynamic = project.get("dynamic", ()) if isinstance(project, Mapping) else ()
    return dynamic if isinstance(dynamic, list) else ()


def _license_file(standard: Any) -> set[str]:
    """The file of the old ``license = {file = "…"}``, which goes into the wheel just like a PEP 639 one."""
    file = getattr(standard.license, "file", None)
    return {file.as_posix()} if file else set()


def _problem(error: Exception) -> Problem:
    key = getattr(error, "key", None) or "project"
    return Problem(
        str(error).replace(f'"{key}"', f"'{key}'"),
        where=f"pyproject.toml: {key}",
        hint="see the specification of [project]: packaging.python.org/specifications/pyproject-toml",
    )


def write_dist_info(metadata: Metadata, root: Path, out: Path) -> str:
    """Writes the ``.dist-info`` of a wheel that is yet to be built into the folder *out*, and gives its name."""
    name = f"{metadata.file_name}.dist-info"
    files = {"METADATA": metadata.text.encode()}
    if metadata.entry_points:
        files["entry_points.txt"] = render_entry_points(metadata.entry_points)
    for path in metadata.license_files:
        files[f"licenses/{path}"] = (root / path).read_bytes()
    for path, data in files.items():
        file = out / name / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    return name
