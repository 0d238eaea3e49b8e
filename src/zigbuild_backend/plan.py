"""The plan: which wheels a project has, and for each the specification that its bytes are a function of."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from .dist_info import Metadata
from .errors import ConfigurationError, NotFoundError, Problem, ZigbuildError
from .layout import find_contents, find_data, find_included
from .pythons import ANY_PYTHON, NEWEST, PYTHONS, Python, select_pythons
from .settings import Settings
from .targets import TARGETS, Target, select_targets
from .tree import SourceTree
from .units import Module, Unit, Units, resolve_units


@dataclass(frozen=True)
class Project:
    """A source tree with what its author says of it.

    ``contents``: path in the wheel → path in the tree; ``data``: the same for what is installed outside of the
    packages, with paths below the wheel's ``.data``.
    """

    metadata: Metadata
    settings: Settings
    tree: SourceTree
    contents: Mapping[str, str]
    units: Units = Units()
    requirements: tuple[str, ...] = ()
    recipe_digest: str = ""
    data: Mapping[str, str] = field(default_factory=dict)

    @property
    def modules(self) -> tuple[Module, ...]:
        """Its extension modules, for whichever target and Python."""
        return self.units.modules

    @property
    def is_compiled(self) -> bool:
        """Whether there is anything to compile, on some target."""
        return bool(self.units.modules or self.units.programs)

    def modules_for(self, target: Target, python: Python) -> tuple[Module, ...]:
        """The extension modules of one wheel."""
        return tuple(module for module in self.modules if module.is_for(target, python))

    def programs_for(self, target: Target) -> tuple[Unit, ...]:
        """The programs of a wheel for *target*."""
        return tuple(unit for unit in self.units.programs if unit.is_for(target))

    def stable_abi_for(self, target: Target) -> Python | None:
        """The oldest CPython of the stable ABI that all modules on *target* share, if all of them opted in."""
        floors = [module.stable_abi for module in self.modules if module.settings.when.may_hold(target)]
        return max((floor for floor in floors if floor), default=None) if all(floors) else None

    @property
    def stable_abis(self) -> tuple[Python, ...]:
        """The stable ABIs that wheels of it may have: one, unless modules differ between targets."""
        floors = {self.stable_abi_for(target) for target in TARGETS}
        return tuple(sorted(Python(floor.minor, stable_abi=True) for floor in floors if floor))


def resolve_project(
    metadata: Metadata,
    settings: Settings,
    tree: SourceTree,
    *,
    requirements: tuple[str, ...] = (),
    recipe_digest: str = "",
    prefix: str = "tool.zigbuild.",
) -> Project:
    """The project, with sources and packages looked up in its tree.

    *prefix* is what the names of settings begin with in messages.

    :raises ConfigurationError: for sources that are missing or in no known language, and packages that are not there.
    """
    problems: list[Problem] = []
    units = resolve_units(settings, tree, prefix, problems)
    problems += [
        Problem(
            f"no file of the project matches {pattern!r}",
            f"{prefix}wheel.exclude[{number}]",
            "remove it, or mend it: what git ignores is no part of the project anyway",
        )
        for number, pattern in enumerate(settings.wheel.exclude)
        if not tree.match([pattern])
    ]
    if problems:
        raise ConfigurationError.of(problems)
    excluded = tree.match(settings.wheel.exclude)
    data = find_data(tree, settings.wheel, prefix)
    contents = find_contents(
        tree,
        settings.packages,
        metadata.name,
        [module.name for module in units.modules],
        {*(source for unit in units.all for source in unit.sources), *excluded},
        prefix,
        included=find_included(tree, settings.wheel.include, excluded, f"{prefix}wheel.include"),
        has_others=bool(data or units.programs),
    )
    return Project(metadata, settings, tree, contents, units, requirements, recipe_digest, data)


@dataclass(frozen=True)
class PlannedWheel:
    """A cell of the matrix. ``python`` and ``target`` are None for a project without modules: one wheel for all."""

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


PURE_TAG = "py3-none-any"
"""The tag of a wheel that fits everywhere."""

BuildPlan = tuple[PlannedWheel, ...]


def plan(
    project: Project,
    targets: Iterable[str] = (),
    pythons: Iterable[str] = (),
    *,
    has_headers: Collection[int],
) -> BuildPlan:
    """The wheels of *project* for the *targets* and *pythons* asked for, by default those of its settings.

    *has_headers* are the minor versions whose headers are at hand; wheels of the others have an obstacle.

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
        PlannedWheel(python, target, _find_obstacle(project, python, target, has_headers))
        if project.programs_for(target) or project.modules_for(target, python)
        else PlannedWheel(None, None)
        for python, target in rows
    ]
    return tuple(dict.fromkeys(wheels)) or (PlannedWheel(None, None),)


def choose_pythons(project: Project, target: Target, names: Iterable[str] = ()) -> tuple[Python, ...]:
    """The Pythons that *project* has wheels for on *target*: those asked for, or of its settings, else all it admits.

    Where every module uses the stable ABI, its oldest version stands for all later ones with the GIL. A project with
    programs and no module has one wheel for all Pythons.

    :raises ConfigurationError: for a name that is no Python.
    """
    asked = select_pythons(names or project.settings.pythons)
    if not any(module.settings.when.may_hold(target) for module in project.modules):
        return (ANY_PYTHON,)
    if not asked:
        asked = tuple(python for python in PYTHONS if _is_admitted(project, python))
    floor = project.stable_abi_for(target)
    stable = Python(floor.minor, stable_abi=True) if floor else None
    chosen = {
        stable if stable and not python.free_threaded and python.minor >= stable.minor else python for python in asked
    }
    return tuple(sorted(chosen, key=_order))


def choose_all_pythons(project: Project, names: Iterable[str] = ()) -> tuple[Python, ...]:
    """What :func:`choose_pythons` gives for any target."""
    asked = tuple(names)
    chosen = {python for target in TARGETS for python in choose_pythons(project, target, asked)}
    return tuple(sorted(chosen, key=_order))


def _order(python: Python) -> tuple[bool, int, bool]:
    return python.free_threaded, python.minor, python.stable_abi


def _is_admitted(project: Project, python: Python) -> bool:
    from packaging.specifiers import SpecifierSet

    admitted = SpecifierSet(project.metadata.requires_python)
    served = range(python.minor, NEWEST + 1) if python.stable_abi else (python.minor,)
    return any(admitted.contains(f"3.{minor}.{micro}", prereleases=True) for minor in served for micro in (0, 99))


def _find_obstacle(
    project: Project, python: Python, target: Target, has_headers: Collection[int]
) -> ZigbuildError | None:
    where = python.name
    if python == ANY_PYTHON:
        return None
    if not _is_admitted(project, python):
        admitted = project.metadata.requires_python
        return ConfigurationError(f"requires-python is {admitted}", where=where, hint="ask for another Python")
    floor = project.stable_abi_for(target)
    if python.stable_abi and floor and python.minor < floor.minor:
        return ConfigurationError(
            f"the project's 'stable-abi' begins with {floor}", where=where, hint=f"ask for {floor}-abi3, or lower it"
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


@dataclass(frozen=True)
class PythonInput:
    """The CPython that a wheel is compiled for: ABI, version of the headers, and the digests of what is read of it."""

    python: Python
    version: str
    headers: str
    import_library: str = ""


@dataclass(frozen=True)
class WheelSpec:
    """All that the bytes of a wheel depend on, and nothing else: equal specs, equal bytes.

    Digests are sha256 in hex. ``epoch`` is SOURCE_DATE_EPOCH in seconds; ``requirements`` are the installed versions of
    what writes into the wheel, as ``name==version``.
    """

    name: str
    version: str
    tag: str
    source: str
    backend: str
    requirements: tuple[str, ...]
    archive: str
    epoch: int
    zig: str = ""
    optimize: str = ""
    target: Target | None = None
    python: PythonInput | None = None
    recipe: str = ""

    @property
    def file_name(self) -> str:
        """The wheel's file name by the binary distribution format."""
        return f"{self.name}-{self.version}-{self.tag}.whl"
