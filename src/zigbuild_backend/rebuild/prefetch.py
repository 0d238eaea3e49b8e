"""Fetches, before a rebuild, what its source names by hash: a run in the sandbox has no network."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ..core.base.errors import ConfigurationError, MismatchError, NotFoundError
from ..core.base.machine import Machine
from ..core.fetch.recipe_sources import list_kept, open_source
from ..core.generate.installed_tools import find_tools, select_tools
from ..core.graph.zig_packages import fetch_packages_of, needs_network
from ..core.project.project import Checkout, Project
from ..core.project.project_folder import read_project
from ..core.project.pyproject import read_pyproject
from ..core.wheel.buildinfo import FILE_NAME as BUILDINFO
from ..core.wheel.spec import WheelSpec
from ..core.zig.macos_sdk import VARIABLE, Sdk, describe_sdk, find_sdk
from ..core.zig.ziglang import obtain_zig
from .environments.environment import LIBRARIES
from .environments.interpreters import Interpreter
from .environments.project_tools import obtain_exact_tools

_KEYS = frozenset(["library", "dependency", "build-file"])
"""Keys of ``[tool.zigbuild]`` that may name a source by hash."""


def prefetch_project(root: Path, machine: Machine) -> tuple[Path, ...]:
    """Call :func:`prefetch_sources` for the project in *root*, unless this backend cannot read it: another may."""
    tool = read_pyproject(root).get("tool")
    table = tool.get("zigbuild") if isinstance(tool, dict) else None
    if not isinstance(table, dict) or _KEYS.isdisjoint(table):
        return ()
    try:
        project = read_project(root)
    except ConfigurationError:
        return ()
    return prefetch_sources(Checkout(project, root), machine)


def prefetch_sources(checkout: Checkout, machine: Machine) -> tuple[Path, ...]:
    """Fetch the sources of libraries and the Zig packages of a project into the store.

    Return the paths that a run must be able to read beside zig's cache, which has the packages.

    :raises NotFoundError: if one cannot be downloaded.
    :raises MismatchError: if one has another hash.
    """
    project = checkout.project
    paths: list[Path] = []
    for recipe in project.library_recipes.values():
        paths += [open_source(recipe, machine), *list_kept(recipe, machine.store)]
    if needs_network(checkout):
        fetch_packages_of(checkout, obtain_zig(project.settings.zig, machine))
    return tuple(paths)


def prefetch_tools(
    spec: WheelSpec, open_project: Callable[[], Project], interpreter: Interpreter, machine: Machine
) -> tuple[Path, ...]:
    """Return folders of the store with the tools of the wheel of *spec*; its project must ask for each of them.

    :raises NotFoundError: if one cannot be downloaded.
    :raises MismatchError: if the project does not ask for one, or its headers have another digest.
    """
    named = {text for text in spec.requirements if text.partition("==")[0] not in LIBRARIES}
    if not named:
        return ()
    project = open_project()
    folders = obtain_exact_tools(spec, interpreter, machine) if project.tools else ()
    requirements, headers = select_tools(project)
    found = find_tools(requirements, folders, headers=headers)
    if unasked := sorted(named.difference(found.requirements)):
        raise MismatchError(
            f"names the build requirement {unasked[0]!r}, which the source of the wheel does not have",
            where=BUILDINFO,
            hint="was the wheel altered?",
        )
    return folders


def find_required_sdk(spec: WheelSpec, machine: Machine) -> Sdk | None:
    """Return the SDK of macOS that the wheel of *spec* was linked with, in the folder that the environment names.

    None if it was linked with none.

    :raises NotFoundError: if the environment names no SDK.
    :raises MismatchError: if it names another one.
    """
    wanted = spec.sdk
    if not wanted:
        return None
    needed = f"was linked with {wanted.name}, whose digest is {wanted.digest}"
    hint = f"set {VARIABLE} to the folder of that {wanted.name}: its licence forbids sharing it"
    sdk = find_sdk(machine.environ)
    if not sdk:
        raise NotFoundError(f"{needed}; {VARIABLE} is not set", where=spec.file_name, hint=hint)
    found = describe_sdk(sdk, machine.store)
    if found != wanted:
        raise MismatchError(
            f"{needed}; {sdk.folder} is {found.name}, whose digest is {found.digest}", where=spec.file_name, hint=hint
        )
    return sdk
