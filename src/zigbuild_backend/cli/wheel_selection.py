"""Selects the wheels of a command by its options, with the obstacles that prevent each."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ..core.base.errors import ConfigurationError, NotFoundError, Problem
from ..core.base.host import find_host_python, find_host_target
from ..core.base.pythons import ANY_PYTHON, find_python
from ..core.base.suggestions import suggest
from ..core.cpython.header_sets import SUPPORTED
from ..core.generate.installed_tools import select_tools
from ..core.project.planned_wheels import BuildPlan, PlannedWheel, choose_all_pythons, plan
from ..core.project.project import Project
from ..core.settings.overrides import Override, collect_overrides, parse_assignments
from .session import Session, format_count, group_places

NATIVE = "native"
"""The name of this machine among targets, and of the running Python among Pythons."""

Verdict = Literal["buildable", "headers missing", "unsupported"]


@dataclass(frozen=True)
class Choice:
    """The options that select wheels; empty ones leave the choice to the project."""

    targets: tuple[str, ...] = ()
    pythons: tuple[str, ...] = ()
    only: tuple[str, ...] = ()

    @property
    def minors(self) -> Collection[int]:
        """The minor versions that can be selected: if wheels are named, no other headers are looked for."""
        try:
            return {find_python(identifier.partition("-")[0]).minor for identifier in self.only} or SUPPORTED
        except ConfigurationError:  # a mistyped name, which gets its message later
            return SUPPORTED


@dataclass(frozen=True)
class Candidate:
    """A selected wheel. ``is_asked`` says that its Python was named, so that missing headers are an error."""

    wheel: PlannedWheel
    is_asked: bool

    @property
    def verdict(self) -> Verdict:
        if self.wheel.obstacle is None:
            return "buildable"
        return "headers missing" if isinstance(self.wheel.obstacle, NotFoundError) else "unsupported"

    @property
    def is_skipped(self) -> bool:
        """True if a build skips it with a notice."""
        return self.wheel.obstacle is not None and not self.is_asked

    @property
    def problems(self) -> tuple[Problem, ...]:
        """The problems that prevent it."""
        return self.wheel.obstacle.problems if self.wheel.obstacle else ()


def read_choice(arguments: Namespace) -> Choice:
    """Return the choice on the command line.

    :raises ConfigurationError: for options that exclude each other, or if wheels cannot be made for this machine.
    """
    if arguments.only and (arguments.targets or arguments.pythons):
        raise ConfigurationError(
            "cannot be given with --target or --python",
            where="--only",
            hint="name either wheels, or targets and Pythons",
        )
    return Choice(
        tuple(find_host_target().platform_tag if name == NATIVE else name for name in arguments.targets),
        tuple(find_host_python().name if name == NATIVE else name for name in arguments.pythons),
        tuple(dict.fromkeys(arguments.only)),
    )


def read_overrides(arguments: Namespace, session: Session) -> tuple[Override, ...]:
    """Return the settings that the command line and the environment give instead of the project's.

    :raises ConfigurationError: for unknown keys and wrong values.
    """
    given = list(parse_assignments(arguments.overrides, "--set"))
    if getattr(arguments, "optimize", None):
        given.append(("optimize", arguments.optimize, "--optimize"))
    return collect_overrides(given, session.environ)


def select_wheels(
    project: Project, choice: Choice, has_headers: Collection[int], has_sdk: bool = False
) -> tuple[Candidate, ...]:
    """Return the selected wheels of *project*.

    *has_headers* are the minor versions whose headers are on this machine, *has_sdk* says that an SDK of macOS is.

    :raises ConfigurationError: for an unknown target or Python, or a wheel that the project does not have.
    """
    named = [name for name in choice.pythons if name != "all"]
    asked = choose_all_pythons(project, named) if named and project.is_compiled else ()
    if choice.only:
        wheels: BuildPlan = tuple(_find_wheel(project, name, has_headers, has_sdk) for name in choice.only)
    else:
        wheels = plan(project, choice.targets, choice.pythons, has_headers=has_headers, has_sdk=has_sdk)
    return tuple(Candidate(wheel, bool(choice.only) or wheel.python in asked) for wheel in wheels)


def _find_wheel(project: Project, identifier: str, has_headers: Collection[int], has_sdk: bool) -> PlannedWheel:
    """Return the wheel with *identifier*, which may be outside of the project's matrix."""
    python, _, target = identifier.rpartition("-")
    pythons = () if python == ANY_PYTHON.name else (python,)
    try:
        wheels = plan(project, [target], pythons, has_headers=has_headers, has_sdk=has_sdk)
    except ConfigurationError:
        wheels = ()
    for wheel in wheels:
        if wheel.identifier == identifier:
            return wheel
    known = [wheel.identifier for wheel in plan(project, ["all"], has_headers=has_headers)]
    hint = suggest(identifier, known, "'zigbuild plan' lists the identifiers", count=3)
    raise ConfigurationError("the project has no such wheel", where=f"--only {identifier}", hint=hint)


def notice_obstacles(candidates: Sequence[Candidate], session: Session) -> None:
    """Print each obstacle once, with the number of wheels that it prevents."""
    obstacles = [problem for candidate in candidates for problem in candidate.problems]
    for (message, hint), places in group_places(obstacles).items():
        count = format_count(len(places), "wheel")
        session.notice(Problem(f"{message}, so {count} cannot be built", ", ".join(dict.fromkeys(places)), hint))


def find_tool_folders(project: Project, session: Session) -> Sequence[Path]:
    """Return folders with the packages that generate sources of *project* or have headers for it.

    None if the running Python has them.
    """
    requirements, headers = select_tools(project)
    if not (requirements or headers):
        return ()
    from ..rebuild.environments.project_tools import obtain_tools  # most projects do without it

    return obtain_tools(requirements, session.machine, headers=headers)
