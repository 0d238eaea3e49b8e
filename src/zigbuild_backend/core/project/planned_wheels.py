"""The plan: the wheels of a project, and the obstacle of each that cannot be made."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from functools import lru_cache

from ..base.errors import ConfigurationError, NotFoundError, ZigbuildError
from ..base.frozen import dataclass
from ..base.pythons import ANY_PYTHON, NEWEST, PYTHONS, Python, select_pythons
from ..base.targets import TARGETS, Target, select_targets
from .products import OBJECTIVE_SUFFIXES, LibraryProduct, Module
from .project import Project


@dataclass(frozen=True)
class PlannedWheel:
    """A wheel for one Python and one target; both are None for the wheel of a project that compiles nothing."""

    python: Python | None
    target: Target | None
    obstacle: ZigbuildError | None = None

    @property
    def identifier(self) -> str:
        """The wheel identifier, ``cp313-manylinux_2_17_x86_64``, or ``py3-none-any``."""
        return f"{self.python}-{self.target}" if self.python and self.target else PURE_TAG

    @property
    def tag(self) -> str:
        """The wheel's compatibility tag, ``cp313-cp313-manylinux_2_17_x86_64``."""
        if not (self.python and self.target):
            return PURE_TAG
        return f"{self.python.python_tag}-{self.python.abi_tag}-{self.target.platform_tag}"


_FLOOR = re.compile(r">=3\.([0-9]{1,3})")
"""The most common form of ``requires-python``."""

PURE_TAG = "py3-none-any"
"""The tag of a wheel for every Python 3 and platform."""

BuildPlan = tuple[PlannedWheel, ...]


def plan(
    project: Project,
    targets: Iterable[str] = (),
    pythons: Iterable[str] = (),
    *,
    has_headers: Collection[int],
    has_sdk: bool = False,
) -> BuildPlan:
    """Return the wheels of *project* for *targets* and *pythons*, by default those of its settings.

    *has_headers* are the minor versions of CPython whose headers are at hand; other wheels have an obstacle.
    *has_sdk* is true if an SDK of macOS, which frameworks need, is at hand.

    :raises ConfigurationError: for a name that is no target or Python.
    """
    if not project.is_compiled:
        return (PlannedWheel(None, None),)
    asked = tuple(pythons)
    rows = [
        (python, target)
        for target in select_targets(targets or project.settings.targets)
        for python in choose_pythons(project, target, asked)
    ]
    rows.sort(key=lambda row: _order(row[0]))
    wheels = [
        PlannedWheel(python, target, _find_obstacle(project, python, target, has_headers, has_sdk))
        if project.products.programs_for(target)
        or project.products.shared_for(target)
        or project.products.modules_for(target, python)
        else PlannedWheel(None, None)
        for python, target in rows
    ]
    return tuple(dict.fromkeys(wheels))


def choose_pythons(project: Project, target: Target, names: Iterable[str] = ()) -> tuple[Python, ...]:
    """Return the Pythons that *project* has wheels for on *target*.

    These are *names*, by default those of its settings, else all that ``requires-python`` admits. If all modules use
    the stable ABI, its oldest version replaces every version that its wheel serves. A project with programs or shared
    libraries and no module has one wheel for all Pythons.

    :raises ConfigurationError: for a name that is no Python.
    """
    asked = select_pythons(names or project.settings.pythons)
    if not any(module.settings.when.may_hold(target) for module in project.modules):
        return (ANY_PYTHON,)
    if not asked:
        asked = tuple(python for python in PYTHONS if _is_admitted(project, python))
    stable = project.stable_abi_for(target)
    chosen = {stable if stable and stable.serves(python) else python for python in asked}
    return tuple(sorted(chosen, key=_order))


def choose_all_pythons(project: Project, names: Iterable[str] = ()) -> tuple[Python, ...]:
    """Return the Pythons that *project* has wheels for on any target, as :func:`choose_pythons` chooses them."""
    asked = tuple(names)
    chosen = {python for target in TARGETS for python in choose_pythons(project, target, asked)}
    return tuple(sorted(chosen, key=_order))


def _order(python: Python) -> tuple[bool, int, bool]:
    return python.free_threaded, python.minor, python.stable_abi


def _is_admitted(project: Project, python: Python) -> bool:
    """Return whether ``requires-python`` admits a CPython that loads modules for *python*."""
    admitted = _list_admitted(project.metadata.requires_python)
    served = range(python.minor, NEWEST + 1) if python.stable_abi else (python.minor,)
    return any(minor in admitted for minor in served)


@lru_cache
def _list_admitted(requires_python: str) -> frozenset[int]:
    """Return the minor versions of CPython 3 whose first or last releases *requires_python* admits."""
    if floor := _FLOOR.fullmatch(requires_python):  # packaging takes as long to import as a small file to compile
        return frozenset(range(int(floor[1]), NEWEST + 1))
    from packaging.specifiers import SpecifierSet

    admitted = SpecifierSet(requires_python)
    return frozenset(
        minor
        for minor in range(NEWEST + 1)
        if any(admitted.contains(f"3.{minor}.{micro}", prereleases=True) for micro in (0, 99))
    )


def _find_obstacle(
    project: Project, python: Python, target: Target, has_headers: Collection[int], has_sdk: bool
) -> ZigbuildError | None:
    where = python.name
    if obstacle := _find_missing_system(project, python, target, has_sdk):
        return obstacle
    if python == ANY_PYTHON:
        return None
    if not _is_admitted(project, python):
        admitted = project.metadata.requires_python
        return ConfigurationError(f"requires-python is {admitted}", where=where, hint="ask for another Python")
    floor = project.stable_abi_for(target)
    if python.stable_abi and floor and not floor.serves(python):
        return ConfigurationError(
            f"the stable ABI of the project is {floor}", where=where, hint=f"ask for {floor}, or change 'stable-abi'"
        )
    if python.stable_abi and floor is None:
        return ConfigurationError(
            "not every module of the project has 'stable-abi'", where=where, hint="set it, or ask for a version"
        )
    if python.minor not in has_headers:
        return NotFoundError(
            f"the headers of CPython {python.version} are not at hand",
            where=where,
            hint=f"install CPython {python.version}, or give them with 'zigbuild headers add'",
        )
    return None


def _find_missing_system(project: Project, python: Python, target: Target, has_sdk: bool) -> ZigbuildError | None:
    """Return an error if *target* lacks an SDK, an Objective-C runtime or a DLL that a product needs."""
    modules = (module for module in project.products.modules_for(target, python) if not module.settings.optional)
    libraries = (library for library in project.products.libraries if library.is_for(target))
    products = (*modules, *project.products.programs_for(target), *libraries)
    slices = target.slices or (target,)
    parts = [part for product in products for machine in slices for part in product.parts_for(machine, python)]
    frameworks = {name for part in parts for name in part.table.frameworks}
    if target.os == "macos" and frameworks and not has_sdk:
        return ConfigurationError(
            f"needs an SDK of macOS, for the frameworks {', '.join(sorted(frameworks))}",
            where=target.platform_tag,
            hint="zig brings none: name the folder of yours in ZIGBUILD_MACOS_SDK, or let the extension be optional",
        )
    sources = [source for part in parts for source in part.sources_in(OBJECTIVE_SUFFIXES)]
    if target.os != "macos" and sources:
        return ConfigurationError(
            f"{sources[0]!r} is in Objective-C, for which only macOS has a runtime",
            where=target.platform_tag,
            hint='name it under [[tool.zigbuild.extension.on]] with when = { os = "macos" }',
        )
    return _find_lost_dll(project, python, target)


def _find_lost_dll(project: Project, python: Python, target: Target) -> ZigbuildError | None:
    """Return an error if a DLL is not in the folder of a product that links it, the only one that Windows searches."""
    if not target.is_windows:
        return None
    products: list[Module | LibraryProduct] = [
        *project.products.modules_for(target, python),
        *project.products.shared_for(target),
    ]
    for product in products:
        for library in project.products.linked_by(product, target, python):
            if library.is_shared and library.folder != product.folder:
                name, path = product.name, library.path(target)
                return ConfigurationError(
                    f"{name} would not find {path}: Windows searches only the folder of {name}",
                    where=target.platform_tag,
                    hint=f"put the library into the package of {name}, or link a static one",
                )
    return None
