"""Reads a project once: pyproject.toml, the files of its tree and its metadata become one frozen value."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..base.errors import ConfigurationError, ProblemList
from ..base.pins import NAME, VERSION
from ..base.store import Store
from ..settings import TABLE, rules
from ..settings.model import Settings
from ..settings.overrides import Override, apply_overrides, render_overrides
from ..settings.parser import parse_settings
from .kept_metadata import obtain_metadata
from .library_recipes import read_recipes_of
from .metadata import read_metadata
from .project import Project
from .project_resolver import resolve_project
from .pyproject import read_pyproject
from .sdist_needs import check_needs
from .source_tree import SourceTree
from .tree_reader import is_sdist, read_file, read_tree
from .versions import render_version_file
from .written_by import written_by

_REQUIRES = "build-system.requires"
_CXX_MARK = re.compile(rb"^\s*#\s*distutils:\s*language\s*=\s*c\+\+\s*$", re.MULTILINE)


def read_project(root: Path, overrides: Sequence[Override] = (), store: Store | None = None) -> Project:
    """Return the project in the folder *root*; *overrides* replace keys of its ``[tool.zigbuild]``.

    If a *store* is given, the metadata is kept there.

    :raises NotFoundError: if there is no pyproject.toml.
    :raises ConfigurationError: with all problems of the project.
    """
    pyproject = read_pyproject(root)
    settings = read_settings(pyproject, overrides)
    metadata = obtain_metadata(pyproject, root, settings, store) if store else read_metadata(pyproject, root, settings)
    tree = read_tree(root, settings.sdist)
    if settings.version and settings.version.write_to:
        tree = _with_version_file(tree, settings.version.write_to, metadata.version, root)
    problems = ProblemList()
    check_needs(metadata, settings, tree, problems)
    problems.raise_any()
    project = replace(
        resolve_project(metadata, settings, tree, cxx_marked=read_cxx_marked(root, tree)),
        requirements=written_by(),
        overrides=render_overrides(overrides),
        build_requires=list_build_requires(pyproject),
    )
    _check_build_requires(project, problems.at(_REQUIRES))
    problems.raise_any()
    return replace(project, library_recipes=read_recipes_of(settings, root, tree, problems.at(TABLE)))


def _with_version_file(tree: SourceTree, path: str, version: str, root: Path) -> SourceTree:
    """Return *tree* with the file at *path* that ``write-to`` names; an sdist has it already."""
    content = render_version_file(path, version)
    if path not in tree.by_path:
        return tree.with_generated(path, content)
    if not is_sdist(root) and tree.by_path[path].sha256 != hashlib.sha256(content).hexdigest():
        raise ConfigurationError(
            f"{path} is in the source tree, and does not hold version {version}",
            where="tool.zigbuild.version.write-to",
            hint="delete it, and have git ignore it: the build writes it into sdist and wheel",
        )
    return tree


def list_build_requires(pyproject: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the ``requires`` of ``[build-system]``."""
    table = pyproject.get("build-system")
    requires = table.get("requires") if isinstance(table, dict) else None
    return tuple(text for text in requires if isinstance(text, str)) if isinstance(requires, list) else ()


def _check_build_requires(project: Project, problems: ProblemList) -> None:
    """Add a problem for each tool of *project* that its ``[build-system]`` does not require."""
    if not project.tools:
        return
    from packaging.utils import canonicalize_name

    known = {canonicalize_name(re.split(r"[^A-Za-z0-9._-]", text.strip())[0]) for text in project.build_requires}
    for name in project.tools:
        if canonicalize_name(name) not in known:
            problems.add(f"{name!r} is used by the build, but not required", f'add "{name}"')


def read_cxx_marked(root: Path, tree: SourceTree) -> frozenset[str]:
    """Return the sources of Cython that ask for C++ by the comment ``# distutils: language = c++``."""
    paths = tree.match(["**/*.pyx"])
    return frozenset(path for path in paths if _CXX_MARK.search(_read_head(read_file(root, tree.by_path[path]))))


def _read_head(data: bytes) -> bytes:
    """Return the comments at the beginning of a Python source."""
    head = re.match(rb"(\s*(#[^\n]*)?(\n|$))*", data.removeprefix(b"\xef\xbb\xbf"))
    return head[0] if head else b""


def read_settings(pyproject: Mapping[str, Any], overrides: Sequence[Override] = ()) -> Settings:
    """Return the settings in ``[tool.zigbuild]``, or the defaults if it is missing, with *overrides* applied."""
    tool = pyproject.get("tool", {})
    if not isinstance(tool, dict):
        raise ConfigurationError("must be a table", where="tool", hint="write [tool.zigbuild]")
    table = tool.get("zigbuild", {})
    settings = parse_settings(apply_overrides(table, overrides) if overrides and isinstance(table, dict) else table)
    if settings.minimum_version == rules.BUILD_REQUIREMENT:
        _check_build_requirement(pyproject)
    return settings


def _check_build_requirement(pyproject: Mapping[str, Any]) -> None:
    """Check that the running backend is not older than the version that ``[build-system]`` requires."""
    from packaging.requirements import InvalidRequirement, Requirement
    from packaging.utils import canonicalize_name

    table = pyproject.get("build-system")
    requires = table.get("requires") if isinstance(table, dict) else None
    for text in requires if isinstance(requires, list) else ():
        try:
            requirement = Requirement(text)
        except (InvalidRequirement, TypeError):
            continue
        lowest = [part.version for part in requirement.specifier if part.operator in (">=", "==", "~=", "===")]
        if canonicalize_name(requirement.name) == NAME and lowest:
            for version in lowest:
                if problem := rules.minimum_version(version.removesuffix(".*")):
                    raise ConfigurationError(problem.message, where=_REQUIRES, hint=problem.hint)
            return
    raise ConfigurationError(
        f"names no version of {NAME}, which 'minimum-version' refers to",
        where=_REQUIRES,
        hint=f'write "{NAME}>={VERSION}", or minimum-version = "{VERSION}"',
    )
