"""Prepares a build: finds headers and tools, and generates the files that all wheels share."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from functools import cache

from ..base import store_folders
from ..base.frozen import dataclass
from ..base.pythons import ANY_PYTHON, Python
from ..base.store import Store
from ..cpython.header_sets import HeaderSet, obtain_header_set
from ..generate.build_inputs import generate_contents
from ..generate.generator_runs import GeneratorEnvironment
from ..generate.installed_tools import find_tools, select_tools
from ..graph.staging import PreparedWheel
from ..project.planned_wheels import PlannedWheel
from ..project.project import Checkout
from .spec import WheelSpec
from .workshop import Workshop


@dataclass(frozen=True)
class PreparedBuild:
    """The inputs of a build, complete before zig runs.

    ``pure`` is the specification of a wheel without modules; ``compiled`` names the tools, too, and is extended by the
    specification of each compiled wheel. ``wheels`` are the wheels to compile, by identifier; ``generated`` has the
    generated files of every wheel (path in the wheel → content); ``environment`` is the one that generators run in.
    """

    checkout: Checkout
    pure: WheelSpec
    compiled: WheelSpec
    wheels: Mapping[str, PreparedWheel]
    generated: Mapping[str, bytes]
    environment: GeneratorEnvironment


def prepare_build(
    checkout: Checkout, wheels: Collection[PlannedWheel], workshop: Workshop, base: WheelSpec
) -> PreparedBuild:
    """Return the inputs of a build of *wheels*; *base* is the specification that all of them share.

    :raises NotFoundError: if headers of CPython or tools are missing.
    :raises ToolchainError: with the output of a generator that failed.
    """
    project, zig = checkout.project, workshop.zig
    ready = {wheel.identifier: wheel for wheel in _find_inputs(wheels, workshop)}
    requirements, headers = select_tools(project) if ready or project.generated else ((), ())
    tools = find_tools(requirements, workshop.tools, headers=headers)
    compiled = replace(base, requirements=tuple(sorted({*base.requirements, *tools.requirements})))
    kept = Store(zig.store.folder(store_folders.WORK, base.name))
    environment = GeneratorEnvironment(tools, zig.machine.environ, kept, base.epoch, zig.talk)
    generated = generate_contents(checkout, environment)
    return PreparedBuild(checkout, compiled if project.generated else base, compiled, ready, generated, environment)


def _find_inputs(wheels: Collection[PlannedWheel], workshop: Workshop) -> Iterator[PreparedWheel]:
    """Yield each wheel to compile, with its headers and, for Windows, the definitions of its import library."""
    zig = workshop.zig

    @cache
    def find_headers(minor: int) -> HeaderSet:
        return obtain_header_set(minor, zig.machine, workshop.headers)

    @cache
    def find_definitions(python: Python) -> str:
        from ..cpython.windows_exports import obtain_exports

        return obtain_exports(find_headers(python.minor), python, zig)

    for wheel in wheels:
        if wheel.python == ANY_PYTHON and wheel.target:
            yield PreparedWheel(wheel.python, wheel.target)
        elif wheel.python and wheel.target:
            definitions = find_definitions(wheel.python) if wheel.target.is_windows else ""
            yield PreparedWheel(wheel.python, wheel.target, find_headers(wheel.python.minor), definitions)
