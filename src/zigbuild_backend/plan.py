"""The plan: which wheels a project has, and for each the specification that its bytes are a function of."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from .dist_info import Metadata
from .errors import ConfigurationError, NotFoundError, Problem, ZigbuildError
from .layout import find_contents
from .pythons import NEWEST, PYTHONS, Python, find_python, select_pythons
from .settings import Addition, Extension, Settings
from .targets import Target, select_targets
from .tree import SourceTree

C_SUFFIXES = (".c",)
CXX_SUFFIXES = (".cc", ".cpp", ".cxx", ".c++", ".C")
ASSEMBLER_SUFFIXES = (".s", ".S")


@dataclass(frozen=True)
class Module:
    """An extension module of a project: its settings, with the globs resolved to files of the tree."""

    settings: Extension
    sources: tuple[str, ...]

    @property
    def name(self) -> str:
        return self.settings.name

    @property
    def is_cxx(self) -> bool:
        return any(source.endswith(CXX_SUFFIXES) for source in self.sources)

    def path(self, python: Python, target: Target) -> str:
        """Its path in a wheel."""
        return self.name.replace(".", "/") + python.extension_suffix(target)


@dataclass(frozen=True)
class Project:
    """A source tree with what its author says of it. ``contents``: path in the wheel → path in the tree."""

    metadata: Metadata
    settings: Settings
    tree: SourceTree
    contents: Mapping[str, str]
    modules: tuple[Module, ...]
    requirements: tuple[str, ...] = ()
    recipe_digest: str = ""

    @property
    def stable_abi(self) -> Python | None:
        """The oldest CPython of the stable ABI that all modules share, if all of them opted in."""
        floors = [module.settings.stable_abi for module in self.modules]
        return max(map(find_python, floors)) if floors and all(floors) else None


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
    modules = []
    for index, extension in enumerate(settings.extension):
        where = f"{prefix}extension[{index}]"
        excluded = set(tree.match(extension.exclude))
        for number, pattern in enumerate(extension.sources):
            if not tree.match([pattern]):
                problems.append(
                    Problem(
                        f"no file of the project matches {pattern!r}",
                        f"{where}.sources[{number}]",
                        "paths start at the folder of pyproject.toml; what git ignores is no part of the project",
                    )
                )
        sources = tuple(path for path in tree.match(extension.sources) if path not in excluded)
        known = C_SUFFIXES + CXX_SUFFIXES + ASSEMBLER_SUFFIXES
        problems += [
            Problem(f"{path!r} is in no language that can be compiled", f"{where}.sources", f"known: {' '.join(known)}")
            for path in sources
            if not path.endswith(known)
        ]
        if not extension.sources:
            problems.append(Problem("a module needs at least one source", f"{where}.sources", "name its C files"))
        elif not sources and tree.match(extension.sources):
            problems.append(Problem("leaves out every source of the module", f"{where}.exclude", "narrow its globs"))
        problems += [
            Problem(f"there is no folder {folder!r} in the project", f"{place}include-dirs[{number}]", "check the path")
            for place, table in _places(extension, where)
            for number, folder in enumerate(table.include_dirs)
            if not tree.below(folder)
        ]
        modules.append(Module(extension, sources))
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
    contents = find_contents(
        tree,
        settings.packages,
        metadata.name,
        [module.name for module in modules],
        {*(source for module in modules for source in module.sources), *tree.match(settings.wheel.exclude)},
        prefix,
    )
    return Project(metadata, settings, tree, contents, tuple(modules), requirements, recipe_digest)


def _places(extension: Extension, where: str) -> list[tuple[str, Extension | Addition]]:
    """The tables of *extension*, and what the names of their keys begin with."""
    return [(f"{where}.", extension), *((f"{where}.on[{index}].", table) for index, table in enumerate(extension.on))]


@dataclass(frozen=True)
class PlannedWheel:
    """A cell of the matrix. ``python`` and ``target`` are None for a project without modules: one wheel for all."""

    python: Python | None
    target: Target | None
    obstacle: ZigbuildError | None = None

    @property
    def identifier(self) -> str:
        """The wheel identifier, ``cp313-manylinux_2_17_x86_64``, or ``py3-none-any``."""
        return f"{self.python}-{self.target}" if self.python and self.target else "py3-none-any"

    @property
    def tag(self) -> str:
        """The wheel's compatibility tag, ``cp313-cp313-manylinux_2_17_x86_64``."""
        if not (self.python and self.target):
            return "py3-none-any"
        return f"{self.python.python_tag}-{self.python.abi_tag}-{self.target.platform_tag}"


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
    if not project.modules:
        return (PlannedWheel(None, None),)
    chosen = select_targets(targets or project.settings.targets)
    return tuple(
        PlannedWheel(python, target, _find_obstacle(project, python, has_headers))
        for python in choose_pythons(project, pythons)
        for target in chosen
    )


def choose_pythons(project: Project, names: Iterable[str] = ()) -> tuple[Python, ...]:
    """The Pythons that *project* has wheels for: those asked for, those of its settings, else all that it admits.

    Where every module uses the stable ABI, its oldest version stands for all later ones with the GIL.

    :raises ConfigurationError: for a name that is no Python.
    """
    asked = select_pythons(names or project.settings.pythons)
    if not asked:
        asked = tuple(python for python in PYTHONS if _is_admitted(project, python))
    floor = project.stable_abi
    stable = Python(floor.minor, stable_abi=True) if floor else None
    chosen = {
        stable if stable and not python.free_threaded and python.minor >= stable.minor else python for python in asked
    }
    return tuple(sorted(chosen, key=lambda python: (python.free_threaded, python.minor, python.stable_abi)))


def _is_admitted(project: Project, python: Python) -> bool:
    from packaging.specifiers import SpecifierSet

    admitted = SpecifierSet(project.metadata.requires_python)
    served = range(python.minor, NEWEST + 1) if python.stable_abi else (python.minor,)
    return any(admitted.contains(f"3.{minor}.{micro}", prereleases=True) for minor in served for micro in (0, 99))


def _find_obstacle(project: Project, python: Python, has_headers: Collection[int]) -> ZigbuildError | None:
    where = python.name
    if not _is_admitted(project, python):
        admitted = project.metadata.requires_python
        return ConfigurationError(f"requires-python is {admitted}", where=where, hint="ask for another Python")
    floor = project.stable_abi
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
