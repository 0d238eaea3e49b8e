"""Compiles wheels: stages one graph for all of them, runs it, and returns the audited files of each.

Modules that a wheel of one C file does not need before zig runs are imported inside functions.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import replace

from ..base.errors import NotFoundError, ZigbuildError
from ..base.frozen import dataclass
from ..generate.build_inputs import prepare_inputs
from ..graph.graph import open_graph
from ..graph.msvc_sources import HEADER_SUFFIXES
from ..graph.object_counts import count_objects, list_kept
from ..graph.staging import PreparedWheel, StagedGraph, stage_graph
from ..graph.zig_graph import CompiledGraph, RunOptions, run_graph
from ..project.planned_wheels import PlannedWheel
from ..project.products import Module
from ..project.project import Checkout
from ..zig.build_roots import Workspace, open_workspace
from ..zig.macos_sdk import SdkInput, describe_sdk
from ..zig.support_folders import SDK
from ..zig.toolchain import Zig
from .build_preparation import PreparedBuild, prepare_build
from .spec import PythonInput, WheelSpec
from .workshop import Workshop


@dataclass(frozen=True)
class LinkedWheel:
    """A wheel to pack: its specification, and its generated and linked files (path in the wheel → content)."""

    wheel: PlannedWheel
    spec: WheelSpec
    files: Mapping[str, bytes]


@dataclass(frozen=True)
class RefusedWheel:
    """A wheel that cannot be made, and the reason."""

    wheel: PlannedWheel
    error: ZigbuildError


@dataclass(frozen=True)
class _StagedBuild:
    """A staged graph, with two of its inputs that specifications name: the SDK, and headers of other packages."""

    staged: StagedGraph
    sdk: SdkInput | None
    headers: tuple[tuple[str, str], ...]


def compile_wheels(
    checkout: Checkout,
    wheels: Collection[PlannedWheel],
    workshop: Workshop,
    base: WheelSpec,
    workspace: Workspace | None = None,
    meanwhile: Callable[[], object] = lambda: None,
) -> Iterator[LinkedWheel | RefusedWheel]:
    """Yield for each of *wheels* its audited files, or the error that refuses it.

    *base* is the specification that all wheels share. They are compiled in *workspace*, by default the project's one in
    the store. *meanwhile* is called once while zig runs.

    :raises ZigbuildError: if no wheel can be compiled, for a reason that all share.
    """
    prepared = prepare_build(checkout, wheels, workshop, base)
    yield from (LinkedWheel(wheel, prepared.pure, prepared.generated) for wheel in wheels if not wheel.target)
    if not prepared.wheels:
        return
    with nullcontext(workspace) if workspace else open_workspace(workshop.zig.store, base.name) as place:
        build = _stage(prepared, workshop, place)
        compiled = _run(build, workshop, base.epoch, meanwhile)
        for wheel in (wheel for wheel in wheels if wheel.target):
            yield _link(wheel, prepared, build, compiled, workshop)


def _stage(prepared: PreparedBuild, workshop: Workshop, workspace: Workspace) -> _StagedBuild:
    """Stage the graph of all wheels, with their generated files, in a workspace for the headers that they include."""
    checkout, zig, wheels = prepared.checkout, workshop.zig, prepared.wheels.values()
    graph = open_graph(checkout, zig)
    pairs = [(wheel.target, wheel.python) for wheel in wheels]
    inputs = prepare_inputs(checkout, pairs, prepared.environment)
    sdk, folders = None, {}
    if workshop.sdk and any(graph.products.has_frameworks(wheel.target) for wheel in wheels):
        sdk = describe_sdk(workshop.sdk, zig.store)
        folders = {SDK: workshop.sdk.folder}
    names = [path for path in checkout.project.tree.by_path if path.endswith(HEADER_SUFFIXES)]
    if found := [*names, *(digest for _, digest in inputs.headers), *([sdk.digest] if sdk else [])]:
        workspace = workspace.apart(found)
    staged = stage_graph(graph, wheels, workspace, inputs, folders)
    from ..graph.zig_packages import fetch_packages, needs_network

    if needs_network(checkout):
        fetch_packages(Checkout(checkout.project, workspace.root), zig)
    return _StagedBuild(staged, sdk, inputs.headers)


def _run(build: _StagedBuild, workshop: Workshop, epoch: int, meanwhile: Callable[[], object]) -> CompiledGraph:
    """Run the graph, report the wheels that were compiled, and count the objects that were built and reused."""
    staged = build.staged

    def prepare_audit() -> None:
        from . import artifact_audit  # noqa: F401

        meanwhile()

    options = RunOptions(epoch, workshop.jobs, lambda name: workshop.report(name, "compiled"), prepare_audit)
    kept = list_kept(staged.workspace.cache)
    compiled = _choose_runner(staged)(staged, workshop.zig, options)
    done = [wheel for wheel in staged.wheels if wheel.identifier not in compiled.errors]
    workshop.count(count_objects(staged, done, kept))
    return compiled


def _choose_runner(staged: StagedGraph) -> Callable[[StagedGraph, Zig, RunOptions], CompiledGraph]:
    """Return the function that compiles: one for the generated or ejected build.zig, or one for the project's own.

    :raises NotFoundError: if the build.zig that the settings name is missing.
    """
    build_file = staged.graph.project.settings.build_file
    if not build_file:
        return run_graph
    text = staged.graph.sources.get(build_file)
    if text is None:
        raise NotFoundError(
            f"there is no file {build_file!r} in the project",
            where="tool.zigbuild.build-file",
            hint="check the path; files that git ignores are no part of the project",
        )
    from ..graph.own_build_zig import is_ejected, run_build_file

    return run_graph if is_ejected(text) else run_build_file


def _link(
    wheel: PlannedWheel, prepared: PreparedBuild, build: _StagedBuild, compiled: CompiledGraph, workshop: Workshop
) -> LinkedWheel | RefusedWheel:
    """Audit the binaries of one wheel, and return its files with its specification, or the error that refuses it."""
    from .artifact_audit import ArtifactAudit, audit_artifacts

    identifier, graph = wheel.identifier, build.staged.graph
    ready = prepared.wheels[identifier]
    if error := compiled.errors.get(identifier):
        return RefusedWheel(wheel, error)

    def find_origin(symbol: str, module: Module) -> str | None:
        from ..graph.undefined_symbols import find_origin_of

        return find_origin_of(symbol, module, ready, build.staged, workshop.zig)

    scripts = f"{prepared.pure.name}-{prepared.pure.version}.data/scripts"
    found = audit_artifacts(compiled.artifacts[identifier], ArtifactAudit(ready, scripts, find_origin))
    if found.error:
        return RefusedWheel(wheel, found.error)
    lost = compiled.dropped.get(identifier)
    for problem in (*(lost.problems if lost else ()), *found.dropped):
        where = problem.where if problem.where == identifier else f"{identifier}: {problem.where}"
        workshop.warn(replace(problem, where=where, hint="it is optional: the wheel is made without it"))
    if not found.files:  # every binary was optional, and dropped
        return LinkedWheel(wheel, prepared.pure, prepared.generated)
    spec = replace(
        prepared.compiled,
        tag=wheel.tag,
        zig=workshop.zig.version,
        optimize=graph.project.settings.optimize,
        target=ready.target,
        python=_describe_python(ready),
        sdk=build.sdk if graph.products.has_frameworks(ready.target) else None,
        headers=build.headers,
    )
    return LinkedWheel(wheel, spec, {**prepared.generated, **found.files})


def _describe_python(wheel: PreparedWheel) -> PythonInput | None:
    """Return the CPython that the specification of *wheel* names; None for a wheel without modules."""
    if wheel.headers is None:
        return None
    definitions = hashlib.sha256(wheel.definitions.encode()).hexdigest() if wheel.definitions else ""
    return PythonInput(wheel.python, wheel.headers.version, wheel.headers.digest, definitions)
