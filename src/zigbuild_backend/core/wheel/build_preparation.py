"""Prepares a build: finds headers and tools, and generates what is the same for every wheel."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache

from ..base import store_folders
from ..base.pythons import ANY_PYTHON, Python
from ..base.store import Store
from ..cpython.header_sets import HeaderSet, find_header_set
from ..generate.generator_runs import Bench
from ..generate.installed_tools import find_tools, select_tools
from ..generate.supplies import generate_contents
from ..graph.staging import Cell
from ..project.planned_wheels import PlannedWheel
from ..project.project import Checkout
from .spec import WheelSpec
from .workshop import Workshop


@dataclass(frozen=True)
class PreparedBuild:
    """What is known of a build before zig runs.

    ``pure`` is the specification of a wheel without modules, ``compiled`` the one that those of compiled wheels
    extend: it names the tools, too. ``cells`` are the wheels to compile by their identifiers, ``generated`` the
    generated files of every wheel (path in the wheel → content), which ``bench`` makes and ``kept`` keeps.
    """

    checkout: Checkout
    pure: WheelSpec
    compiled: WheelSpec
    cells: Mapping[str, Cell]
    generated: Mapping[str, bytes]
    bench: Bench
    kept: Store


def prepare_build(
    checkout: Checkout, wheels: Collection[PlannedWheel], workshop: Workshop, base: WheelSpec
) -> PreparedBuild:
    """Return what *wheels* are compiled for and with; *base* is the specification that all of them share.

    :raises NotFoundError: if headers of CPython or tools are missing.
    :raises ToolchainError: with what a generator said that failed.
    """
    project, zig = checkout.project, workshop.zig
    cells = {cell.identifier: cell for cell in _find_cells(wheels, workshop)}
    requirements, headers = select_tools(project) if cells or project.generated else ((), ())
    tools = find_tools(requirements, workshop.tools, headers=headers)
    compiled = replace(base, requirements=tuple(sorted({*base.requirements, *tools.requirements})))
    bench = Bench(tools, zig.machine.environ, zig.talk)
    kept = Store(zig.store.folder(store_folders.WORK, base.name))
    generated = generate_contents(checkout, bench, kept, base.epoch)
    return PreparedBuild(checkout, compiled if project.generated else base, compiled, cells, generated, bench, kept)


def _find_cells(wheels: Collection[PlannedWheel], workshop: Workshop) -> Iterator[Cell]:
    """Yield a cell for each wheel that is compiled."""
    zig = workshop.zig

    @cache
    def find_headers(minor: int) -> HeaderSet:
        return find_header_set(minor, zig.machine, workshop.headers)

    @cache
    def find_definitions(python: Python) -> str:
        from ..cpython.windows_exports import render_def

        return render_def(find_headers(python.minor), python, zig)

    for wheel in wheels:
        if wheel.python == ANY_PYTHON and wheel.target:
            yield Cell(wheel.python, wheel.target)
        elif wheel.python and wheel.target:
            definitions = find_definitions(wheel.python) if wheel.target.is_windows else ""
            yield Cell(wheel.python, wheel.target, find_headers(wheel.python.minor), definitions)
