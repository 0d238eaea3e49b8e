"""Fetches what a source names by hash: a run in the sandbox has no network."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from ..errors import ConfigurationError
from ..libraries import open_library_source
from ..packages import fetch_packages_of, needs_network
from ..plan import Project
from ..project import read_project
from ..pyproject import read_pyproject
from ..store import Store
from ..zigs import obtain_zig

_KEYS = frozenset(["library", "dependency", "build-file"])
"""Keys of ``[tool.zigbuild]`` that may name something by hash."""


def gather_project(
    root: Path, store: Store, environ: Mapping[str, str], say: Callable[[str], None]
) -> tuple[Path, ...]:
    """What :func:`gather` gives for the project in *root*; nothing if this backend cannot read it: another one may."""
    tool = read_pyproject(root).get("tool")
    table = tool.get("zigbuild") if isinstance(tool, dict) else None
    if not isinstance(table, dict) or _KEYS.isdisjoint(table):
        return ()
    try:
        project = read_project(root)
    except ConfigurationError:
        return ()
    return gather(project, root, store, environ, say)


def gather(
    project: Project, root: Path, store: Store, environ: Mapping[str, str], say: Callable[[str], None]
) -> tuple[Path, ...]:
    """Puts into *store* the Zig packages and the sources of libraries that *project* in *root* needs.

    Gives the paths that a run has to read besides; packages are in zig's cache.

    :raises NotFoundError: if one cannot be had.
    :raises MismatchError: if one has another hash.
    """
    paths: list[Path] = []
    for recipe in project.library_recipes.values():
        source = recipe.settings.recipe.source
        paths += [open_library_source(recipe, store, environ), store.root / "downloads" / source.sha256]
        if recipe.patches:  # the run looks for the source as it was before them, too
            paths.append(store.root / "sources" / source.sha256)
    if needs_network(project, root):
        fetch_packages_of(project, root, obtain_zig(project.settings.zig, store, environ, say))
    return tuple(paths)
