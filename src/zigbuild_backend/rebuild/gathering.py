"""Fetches what a source names by hash: a run in the sandbox has no network."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ..core.base import store_folders
from ..core.base.errors import ConfigurationError, MismatchError, NotFoundError
from ..core.base.machine import Machine
from ..core.generate.installed_tools import find_tools, select_tools
from ..core.graph.library_sources import open_library_source
from ..core.graph.zig_packages import fetch_packages_of, needs_network
from ..core.project.project import Checkout, Project
from ..core.project.project_folder import read_project
from ..core.project.pyproject import read_pyproject
from ..core.wheel.spec import WheelSpec
from ..core.zig.macos_sdk import VARIABLE, Sdk, describe_sdk, find_sdk
from ..core.zig.ziglang import obtain_zig
from .environments.environment import LIBRARIES
from .environments.interpreters import Interpreter
from .environments.project_tools import obtain_exact_tools

_KEYS = frozenset(["library", "dependency", "build-file"])
"""Keys of ``[tool.zigbuild]`` that may name something by hash."""


def gather_project(root: Path, machine: Machine) -> tuple[Path, ...]:
    """What :func:`gather` gives for the project in *root*; nothing if this backend cannot read it: another one may."""
    tool = read_pyproject(root).get("tool")
    table = tool.get("zigbuild") if isinstance(tool, dict) else None
    if not isinstance(table, dict) or _KEYS.isdisjoint(table):
        return ()
    try:
        project = read_project(root)
    except ConfigurationError:
        return ()
    return gather(Checkout(project, root), machine)


def gather(checkout: Checkout, machine: Machine) -> tuple[Path, ...]:
    """Puts into *store* the Zig packages and the sources of libraries that *project* in *root* needs.

    Gives the paths that a run has to read besides; packages are in zig's cache.

    :raises NotFoundError: if one cannot be had.
    :raises MismatchError: if one has another hash.
    """
    paths: list[Path] = []
    for recipe in checkout.project.library_recipes.values():
        source = recipe.settings.recipe.source
        paths += [open_library_source(recipe, machine), machine.store.root / store_folders.DOWNLOADS / source.sha256]
        if recipe.patches:  # the run looks for the source as it was before them, too
            paths.append(machine.store.root / store_folders.SOURCES / source.sha256)
    if needs_network(checkout):
        fetch_packages_of(checkout, obtain_zig(checkout.project.settings.zig, machine))
    return tuple(paths)


def gather_tools(
    spec: WheelSpec,
    open_source: Callable[[], Project],
    interpreter: Interpreter,
    machine: Machine,
) -> tuple[Path, ...]:
    """Folders of *store* with the tools of the wheel of *spec*, which are those that its source asks for.

    :raises NotFoundError: if one cannot be had.
    :raises MismatchError: if they are others, or have other headers.
    """
    named = {text for text in spec.requirements if text.partition("==")[0] not in LIBRARIES}
    if not named:
        return ()
    project = open_source()
    folders = obtain_exact_tools(spec, interpreter, machine) if project.tools else ()
    requirements, headers = select_tools(project)
    wanted = find_tools(requirements, folders, headers=headers)
    if unasked := sorted(named.difference(wanted.requirements)):
        raise MismatchError(
            f"says that {unasked[0]!r} wrote into the wheel, which its source does not ask for",
            where="zigbuild-buildinfo.json",
            hint="was the wheel altered?",
        )
    return folders


def gather_sdk(spec: WheelSpec, machine: Machine) -> Sdk | None:
    """The SDK of macOS that the wheel of *spec* was linked from, if it was, where ``ZIGBUILD_MACOS_SDK`` names it.

    :raises NotFoundError: if the variable names none.
    :raises MismatchError: if it names another one.
    """
    wanted = spec.sdk
    if not wanted:
        return None
    what = f"was linked from the SDK {wanted.name} with the digest {wanted.digest}"
    hint = f"set {VARIABLE} to the folder of that {wanted.name}: its licence lets nobody pass it on"
    sdk = find_sdk(machine.environ)
    if not sdk:
        raise NotFoundError(f"{what}, and {VARIABLE} names none", where=spec.file_name, hint=hint)
    found = describe_sdk(sdk, machine.store)
    if found != wanted:
        raise MismatchError(
            f"{what}; {sdk.folder} is {found.name} with {found.digest}", where=spec.file_name, hint=hint
        )
    return sdk
