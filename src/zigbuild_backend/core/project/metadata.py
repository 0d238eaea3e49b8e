"""Core metadata: a thin layer over pyproject-metadata, which reads PEP 621 and PEP 639."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..base.errors import ConfigurationError, Problem, ProblemList
from ..settings import TABLE
from .core_metadata import Metadata, render_entry_points

if TYPE_CHECKING:
    from ..settings.model import Settings


def has_dynamic(pyproject: Mapping[str, Any]) -> bool:
    """Return whether ``[project]`` has dynamic fields, whose values the settings give."""
    project = pyproject.get("project")
    return isinstance(project, Mapping) and bool(project.get("dynamic"))


def read_metadata(pyproject: Mapping[str, Any], root: Path, settings: Settings | None = None) -> Metadata:
    """Return the metadata of ``[project]``, with the readme and licence files below *root* that it names.

    *settings* give the values of dynamic fields; None is enough if no field is dynamic.

    :raises ConfigurationError: with every problem that pyproject-metadata finds.
    :raises NotFoundError: if the file of a dynamic value is missing.
    """
    if "project" not in pyproject:
        raise ConfigurationError(
            "the table [project] is missing", where="pyproject.toml", hint="it needs at least 'name' and 'version'"
        )
    if not isinstance(pyproject["project"], Mapping):
        raise ConfigurationError("must be a table", where="project", hint="write [project]")
    pyproject = {**pyproject, "project": fill_dynamic(pyproject["project"], root, settings)}
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
    except UnicodeError as error:
        raise ConfigurationError(
            f"the readme or a licence file is not UTF-8: {error}", where="project", hint="save it as UTF-8"
        ) from None
    except (MetadataError, OSError, *_UNFORESEEN) as error:
        raise ConfigurationError.of([_problem(error)]) from None
    _check_license(standard.license)
    groups: dict[str, Mapping[str, str]] = {"console_scripts": standard.scripts, "gui_scripts": standard.gui_scripts}
    groups.update(standard.entrypoints)
    return Metadata(
        name=standard.name,
        version=str(standard.version),
        text=text,
        requires_python=str(standard.requires_python or ""),
        license_files=tuple(
            sorted({path.as_posix() for path in standard.license_files or ()} | _license_file(standard, root))
        ),
        entry_points=tuple((group, tuple(points.items())) for group, points in groups.items() if points),
        readme=_place(standard.readme.file, root) if standard.readme and standard.readme.file else "",
    )


def fill_dynamic(project: Mapping[str, Any], root: Path, settings: Settings | None) -> Mapping[str, Any]:
    """Return the table ``[project]`` with the values of its dynamic fields, which the *settings* give.

    :raises ConfigurationError: for a field that is not dynamic, or has no value or two.
    :raises NotFoundError: if the file of a value is missing.
    """
    dynamic = project.get("dynamic", [])
    if not isinstance(dynamic, list) or not all(isinstance(field, str) for field in dynamic):
        raise ConfigurationError("must be an array of strings", where="project.dynamic", hint=_HINTS["project.dynamic"])
    _check_dynamic(project, dynamic, settings)
    filled = {key: value for key, value in project.items() if key != "dynamic"}
    if "version" in dynamic and settings and settings.version:
        from .versions import read_version

        filled["version"] = read_version(settings.version, root, str(project.get("name", "")))
    if "readme" in dynamic and settings and settings.readme:
        from .readme import read_readme

        filled["readme"] = {
            "text": read_readme(settings.readme, root),
            "content-type": settings.readme.content_type,
        }
    return filled


def _check_dynamic(project: Mapping[str, Any], dynamic: list[str], settings: Settings | None) -> None:
    """Check that each field in *dynamic* can be dynamic, and has a value in *settings* but not in *project*.

    :raises ConfigurationError: for each field with no value or two, and each value of a field that is not dynamic.
    """
    problems = ProblemList()
    sources = {"version": settings and settings.version, "readme": settings and settings.readme}
    for place, field in problems.each("project.dynamic", dynamic):
        if field not in sources:
            place.add(f"{field!r} cannot be dynamic", "'version' and 'readme' can; " + _HINTS["project.dynamic"])
        elif field in project:
            place.add(f"{field!r} is dynamic, and given in [project]", "remove it from one of them")
        elif sources[field] is None:
            hint = 'from = "file", "attribute" or "vcs"' if field == "version" else "content-type = …, fragments = […]"
            place.add(f"{field!r} is dynamic, but no setting gives it", f"write [tool.zigbuild.{field}] with {hint}")
    for field, source in sources.items():
        if source and field not in dynamic:
            hint = f"add {field!r} to 'dynamic' in [project], or remove the table"
            problems.at(f"{TABLE}.{field}").add(f"{field!r} is not dynamic", hint)
    problems.raise_any()


def _license_file(standard: Any, root: Path) -> set[str]:
    """Return the file of the old form ``license = {file = "…"}``, which wheels hold like the files of PEP 639."""
    file = getattr(standard.license, "file", None)
    if not file:
        return set()
    from ..settings import rules

    path = _place(file, root)
    if problem := rules.path(path):
        raise ConfigurationError(problem.message, where="project.license.file", hint=problem.hint)
    return {path}


def _place(file: Path, root: Path) -> str:
    return Path(os.path.relpath(file, root)).as_posix()


def _check_license(expression: object) -> None:
    """Check that *expression*, if it is a text, is an SPDX expression, since indexes refuse others."""
    from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

    if isinstance(expression, str):
        try:
            canonicalize_license_expression(expression)
        except InvalidLicenseExpression as error:
            raise ConfigurationError(str(error), where="project.license", hint=_HINTS["project.license"]) from None


# pyproject-metadata raises these, beside its own errors, for values of a type that it does not expect.
_UNFORESEEN = (ValueError, TypeError, AttributeError, LookupError, NotImplementedError)

_HINTS = {
    "project": "its keys are those of packaging.python.org/specifications/pyproject-toml; others belong in [tool]",
    "project.name": "ASCII letters, digits, '.', '_' and '-', with a letter or digit at both ends",
    "project.version": "write it by PEP 440, such as '1.0', '2.1rc1' or '1.0.dev3'",
    "project.description": "one line of text",
    "project.readme": "name a .md, .rst or .txt file of the project",
    "project.requires-python": "write it by PEP 440, such as '>=3.10'",
    "project.license": "write an SPDX expression such as 'MIT' or 'Apache-2.0 OR BSD-2-Clause'",
    "project.license.file": "name a file of the project",
    "project.license-files": "name files of the project by globs, such as ['LICENSE*', 'vendor/*/COPYING']",
    "project.authors": "write tables, such as [{ name = 'Ann', email = 'ann@example.org' }]",
    "project.maintainers": "write tables, such as [{ name = 'Ann', email = 'ann@example.org' }]",
    "project.dependencies": "write them by PEP 508, such as 'numpy>=2; python_version >= \"3.11\"'",
    "project.optional-dependencies": "write arrays of dependencies by PEP 508, one for each extra",
    "project.scripts": "write them as name = 'package.module:function'",
    "project.gui-scripts": "write them as name = 'package.module:function'",
    "project.entry-points": "write a table for each group, with name = 'package.module:object'",
    "project.urls": "write them as label = 'https://…', labels of up to 32 characters",
    "project.dynamic": "write the field itself into [project]",
}


def _problem(error: Exception) -> Problem:
    """Return an error of pyproject-metadata as a problem, whose message does not repeat the key."""
    key = getattr(error, "key", None) or "project"
    message = re.sub(r" \(Invalid\w+\(.*\)\)$", "", str(error).removeprefix(f'Field "{key}" '))
    place = key.split("[")[0]
    table = ".".join(place.split(".")[:2])
    return Problem(message.replace('"', "'"), key, _HINTS.get(place) or _HINTS.get(table) or _HINTS["project"])


def write_dist_info(metadata: Metadata, root: Path, out: Path) -> str:
    """Write the ``.dist-info`` of a wheel, before it is built, into the folder *out*, and return its name."""
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
