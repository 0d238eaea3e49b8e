"""Stages a graph: puts build.zig and all that it reads into a build root, where zig sees nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath

from ..base.frozen import dataclass
from ..base.pythons import Python
from ..base.targets import Target
from ..cpython.header_sets import HeaderSet
from ..generate.build_inputs import NO_INPUTS, BuildInputs
from ..project.planned_wheels import PlannedWheel
from ..project.products import Product
from ..zig.build_roots import Workspace
from ..zig.support_folders import EXPORTS, GENERATED, HEADERS, INCLUDE, PYCONFIG, RUNTIME, TRANSLATED
from .build_zig import render
from .build_zig_zon import render_zon
from .graph import Graph
from .support_files import collect_support

_OURS = (INCLUDE, PYCONFIG, EXPORTS, TRANSLATED, HEADERS, GENERATED, RUNTIME)


@dataclass(frozen=True)
class PreparedWheel:
    """A wheel to compile, with the headers of its Python; ``headers`` is None for a wheel without modules.

    ``definitions`` is, for Windows, the text of the module-definition file of the DLL that its modules import.
    """

    python: Python
    target: Target
    headers: HeaderSet | None = None
    definitions: str = ""

    @property
    def identifier(self) -> str:
        """Return the wheel identifier."""
        return PlannedWheel(self.python, self.target).identifier


@dataclass(frozen=True)
class StagedGraph:
    """A graph in a build root, with the wheels that are to be compiled."""

    graph: Graph
    wheels: tuple[PreparedWheel, ...]
    workspace: Workspace

    @property
    def build_folder(self) -> Path:
        """Return the folder of build.zig, in which zig is run."""
        return self.workspace.root / PurePosixPath(self.graph.project.settings.build_file).parent

    @property
    def has_windows(self) -> bool:
        """Return whether a wheel is for Windows."""
        return any(wheel.target.is_windows for wheel in self.wheels)

    def list_products(self, wheel: PreparedWheel) -> tuple[Product, ...]:
        """Return what is linked for one wheel: modules, shared libraries and programs."""
        products, target = self.graph.products, wheel.target
        return (
            *products.modules_for(target, wheel.python),
            *products.shared_for(target),
            *products.programs_for(target),
        )


def stage_graph(
    graph: Graph,
    wheels: Iterable[PreparedWheel],
    workspace: Workspace,
    inputs: BuildInputs = NO_INPUTS,
    sdk: Mapping[str, Path] | None = None,
) -> StagedGraph:
    """Write what the graph reads into the build root of *workspace*, and return it with the *wheels* to compile."""
    staged = StagedGraph(graph, tuple(wheels), workspace)
    headers = {wheel.python.version: wheel.headers for wheel in staged.wheels if wheel.headers}
    definitions = {wheel.python: wheel.definitions for wheel in staged.wheels if wheel.definitions}
    support = collect_support(graph, headers, definitions, inputs)
    folders = {**support.folders, **graph.libraries, **(sdk or {})}
    # An ejected project has copies of these files in its tree: they must not be written through the links.
    ours = tuple(f"{folder}/" for folder in (*_OURS, *folders))
    own = {path: data for path, data in graph.sources.items() if not path.startswith(ours)}
    files = {**own, **support.files}
    if not graph.project.settings.build_file:
        files["build.zig"] = render(graph, extra_targets=[wheel.target for wheel in staged.wheels]).encode()
        files["build.zig.zon"] = render_zon(graph.project).encode()
    workspace.stage(files, folders)
    return staged
