"""Stages a graph: puts build.zig and all that it reads into a build root, where zig sees nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ..base.pythons import Python
from ..base.targets import Target
from ..cpython.header_sets import HeaderSet
from ..generate.supplies import NO_SUPPLIES, Supplies
from ..project.planned_wheels import PlannedWheel
from ..project.products import Product
from ..zig.build_roots import Workspace
from ..zig.support_folders import SUPPORT_FOLDER
from .build_zig import render, render_zon
from .graph import Graph
from .support_files import collect_support

_OURS = tuple(
    f"{SUPPORT_FOLDER}/{folder}/" for folder in ("include", "pyconfig", "exports", "headers", "generated", "zig")
)


@dataclass(frozen=True)
class Cell:
    """A wheel to compile for, whose Python's headers are at hand; ``headers`` is None where it has no modules.

    ``definitions`` is, for Windows, the text of the module-definition file of the DLL that the modules import.
    """

    python: Python
    target: Target
    headers: HeaderSet | None = None
    definitions: str = ""

    @property
    def identifier(self) -> str:
        """The wheel identifier."""
        return PlannedWheel(self.python, self.target).identifier


@dataclass(frozen=True)
class StagedGraph:
    """A graph in a build root, with the wheels that are to be compiled."""

    graph: Graph
    cells: tuple[Cell, ...]
    workspace: Workspace

    @property
    def build_folder(self) -> Path:
        """The folder of build.zig, in which zig is run."""
        return self.workspace.root / PurePosixPath(self.graph.project.settings.build_file).parent

    @property
    def has_windows(self) -> bool:
        """Whether a wheel is for Windows."""
        return any(cell.target.is_windows for cell in self.cells)

    def list_products(self, cell: Cell) -> tuple[Product, ...]:
        """Return what is linked for one wheel: modules, shared libraries and programs."""
        products, target = self.graph.products, cell.target
        return (
            *products.modules_for(target, cell.python),
            *products.shared_for(target),
            *products.programs_for(target),
        )


def stage_graph(
    graph: Graph,
    cells: Iterable[Cell],
    workspace: Workspace,
    supplies: Supplies = NO_SUPPLIES,
    sdk: Mapping[str, Path] | None = None,
) -> StagedGraph:
    """Write what the graph reads into the build root of *workspace*, and return it with the *cells* to compile."""
    staged = StagedGraph(graph, tuple(cells), workspace)
    headers = {cell.python.version: cell.headers for cell in staged.cells if cell.headers}
    definitions = {cell.python: cell.definitions for cell in staged.cells if cell.definitions}
    support = collect_support(graph, headers, definitions, supplies)
    folders = {**support.folders, **graph.libraries, **(sdk or {})}
    # An ejected project has copies of these files in its tree: they must not be written through the links.
    ours = (*_OURS, *(f"{folder}/" for folder in folders))
    own = {path: data for path, data in graph.sources.items() if not path.startswith(ours)}
    files = {**own, **support.files}
    if not graph.project.settings.build_file:
        files["build.zig"] = render(graph, extra_targets=[cell.target for cell in staged.cells]).encode()
        files["build.zig.zon"] = render_zon(graph.project).encode()
    workspace.stage(files, folders)
    return staged
