"""Makes wheels: compiles the modules of a plan in one graph, audits each, and packs them with the project's files."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path

from .archive import Entry, write_wheel
from .audit import audit_module, audit_program, find_policy
from .binaries import rename_needed, render_fat
from .buildinfo import FILE_NAME as BUILDINFO
from .buildinfo import digest_members, render_buildinfo
from .cpython import HeaderSet, find_header_set
from .deflate import PROFILE, Deflater
from .dist_info import render_entry_points, render_record, render_script, render_wheel_file
from .errors import ConfigurationError, MismatchError, NotFoundError, Problem, ZigbuildError
from .files import read_file
from .graph import Cell, Compiled, find_origin_of, run_graph, stage
from .plan import PlannedWheel, Project, PythonInput, WheelSpec
from .provenance import read_backend
from .pythons import ANY_PYTHON, Python
from .sbom import FILE_NAME as SBOM
from .sbom import render_sbom
from .toolchain import Zig
from .units import Module
from .workspace import open_workspace

STORED = "stored"
"""The archive profile without compression, for wheels that live a minute."""

Reporter = Callable[[str, str], None]
"""Told a wheel identifier and what has become of it: ``compiled``, ``packed`` or ``failed``."""


@dataclass(frozen=True)
class Workshop:
    """Where wheels are made, none of which may reach their bytes: the toolchain, headers asked for, cores."""

    zig: Zig
    headers: Sequence[Path] = ()
    jobs: int | None = None
    report: Reporter = lambda identifier, state: None
    warn: Callable[[Problem], None] = lambda problem: None
    """Told what went wrong without preventing the wheel."""


@dataclass(frozen=True)
class Outcome:
    """What came of a planned wheel: a file with its size in bytes and sha256 (hex), or the error that prevents it."""

    wheel: PlannedWheel
    path: Path | None = None
    size: int = 0
    sha256: str = ""
    error: ZigbuildError | None = None


def make_wheels(
    project: Project, root: Path, wheels: Collection[PlannedWheel], out: Path, workshop: Workshop, *, epoch: int
) -> Iterator[Outcome]:
    """Makes the *wheels* of the project in *root*, into the folder *out*; yields what came of each as it is done.

    :raises ZigbuildError: if none can be made for a reason that they share.
    """
    yield from (Outcome(wheel, error=wheel.obstacle) for wheel in wheels if wheel.obstacle)
    possible = [wheel for wheel in wheels if not wheel.obstacle]
    if not possible:
        return
    contents = read_contents(project, root)
    out.mkdir(parents=True, exist_ok=True)
    with Deflater(workshop.zig.deflate_program()) as deflater:
        for wheel, spec, modules in compile_wheels(project, root, possible, workshop, epoch=epoch, archive=PROFILE):
            if isinstance(modules, ZigbuildError):
                workshop.report(wheel.identifier, "failed")
                yield Outcome(wheel, error=modules)
                continue
            path = out / spec.file_name
            entries = assemble(project, root, spec, contents, modules)
            write_wheel(path, entries, mtime=epoch, deflate=deflater.deflate)
            data = path.read_bytes()
            workshop.report(wheel.identifier, "packed")
            yield Outcome(wheel, path, len(data), hashlib.sha256(data).hexdigest())


def specify(project: Project, *, epoch: int, archive: str) -> WheelSpec:
    """The specification of the project's wheel without modules, which that of every other one extends."""
    return WheelSpec(
        name=project.metadata.file_name.rsplit("-", 1)[0],
        version=project.metadata.version,
        tag="py3-none-any",
        source=project.tree.digest,
        recipe=project.recipe_digest,
        backend=read_backend(),
        requirements=project.requirements,
        archive=archive,
        epoch=epoch,
    )


def compile_wheels(
    project: Project, root: Path, wheels: Collection[PlannedWheel], workshop: Workshop, *, epoch: int, archive: str
) -> Iterator[tuple[PlannedWheel, WheelSpec, Mapping[str, bytes] | ZigbuildError]]:
    """For each wheel its specification and its modules (path in the wheel → audited bytes), or what is wrong."""
    base = specify(project, epoch=epoch, archive=archive)
    yield from ((wheel, base, {}) for wheel in wheels if not wheel.target)
    cells = {cell.identifier: cell for cell in _find_cells(wheels, workshop)}
    if not cells:
        return
    with open_workspace(workshop.zig.store, base.name) as workspace:
        stage(project, root, cells.values(), workspace)
        compiled = run_graph(
            project,
            cells.values(),
            workspace,
            workshop.zig,
            epoch=epoch,
            jobs=workshop.jobs,
            on_compiled=lambda identifier: workshop.report(identifier, "compiled"),
        )
        for wheel in (wheel for wheel in wheels if wheel.target):
            cell = cells[wheel.identifier]
            if dropped := compiled.dropped.get(cell.identifier):
                for problem in dropped.problems:
                    workshop.warn(Problem(problem.message, problem.where, "it is optional: the wheel has the rest"))
                if not compiled.artifacts[cell.identifier]:
                    yield wheel, base, {}
                    continue
            spec = replace(
                base,
                tag=wheel.tag,
                zig=workshop.zig.version,
                optimize=project.settings.optimize,
                target=cell.target,
                python=_describe_python(cell),
            )
            find_origin = partial(find_origin_of, project=project, cell=cell, workspace=workspace, zig=workshop.zig)
            yield wheel, spec, _collect(cell, compiled, f"{base.name}-{base.version}.data/scripts", find_origin)


def _describe_python(cell: Cell) -> PythonInput | None:
    if cell.headers is None:
        return None
    exports = hashlib.sha256(cell.exports.encode()).hexdigest() if cell.exports else ""
    return PythonInput(cell.python, cell.headers.version, cell.headers.digest, exports)


def _find_cells(wheels: Collection[PlannedWheel], workshop: Workshop) -> Iterator[Cell]:
    zig = workshop.zig

    @cache
    def find_headers(minor: int) -> HeaderSet:
        return find_header_set(minor, zig.store, zig.environ, workshop.headers)

    @cache
    def find_exports(python: Python) -> str:
        from .cpython.exports import render_def

        return render_def(find_headers(python.minor), python, zig)

    for wheel in wheels:
        if wheel.python == ANY_PYTHON and wheel.target:
            yield Cell(wheel.python, wheel.target)
        elif wheel.python and wheel.target:
            exports = find_exports(wheel.python) if wheel.target.is_windows else ""
            yield Cell(wheel.python, wheel.target, find_headers(wheel.python.minor), exports)


def _collect(
    cell: Cell, compiled: Compiled, scripts: str, find_origin: Callable[..., str | None]
) -> Mapping[str, bytes] | ZigbuildError:
    """The modules and programs of one wheel, each proven to be what its name claims."""
    if error := compiled.errors.get(cell.identifier):
        return error
    policy = find_policy(cell.target)
    files: dict[str, bytes] = {}
    problems: list[Problem] = []
    for artifact in compiled.artifacts[cell.identifier]:
        slices = [path.read_bytes() for path in artifact.files]
        data = render_fat(slices) if cell.target.slices else slices[0]
        unit = artifact.unit
        if isinstance(unit, Module):
            if cell.target.libc == "musl":
                data = rename_needed(data, "libc.so")
            path = unit.path(cell.python, cell.target)
            problems += audit_module(
                data,
                path=path,
                module=unit.name,
                target=cell.target,
                python=cell.python,
                policy=policy,
                stable_abi=_read_stable_abi(cell.python),
                origin=partial(find_origin, module=unit),
                is_open=unit.settings.visibility == "default",
            )
        else:
            path = f"{scripts}/{artifact.files[0].name}"
            problems += audit_program(data, path=path, target=cell.target, policy=policy)
        files[path] = data
    return MismatchError.of(problems) if problems else files


@cache
def _read_stable_abi(python: Python) -> frozenset[str] | None:
    """The names that a module of this ABI may use; None if it is no stable ABI, or where its list is not installed."""
    if not python.stable_abi:
        return None
    from .cpython.exports import stable_abi_symbols

    try:
        return stable_abi_symbols(python.minor)
    except NotFoundError:
        return None


def read_contents(project: Project, root: Path) -> list[Entry]:
    """The files of the project that every wheel of it holds."""
    files = project.tree.by_path
    entries = [
        Entry(path, read_file(root, files[source]), files[source].is_executable)
        for path, source in project.contents.items()
    ]
    return entries + read_data(project, root)


def read_data(project: Project, root: Path) -> list[Entry]:
    """What every wheel of the project has in its ``.data``: scripts, headers and files for other places."""
    entries = []
    for path, source in project.data.items():
        file = project.tree.by_path[source]
        data, is_script = read_file(root, file), path.startswith("scripts/")
        place = f"{project.metadata.file_name}.data/{path}"
        entries.append(Entry(place, render_script(data) if is_script else data, is_script or file.is_executable))
    return entries


def assemble(
    project: Project, root: Path, spec: WheelSpec, contents: Iterable[Entry], modules: Mapping[str, bytes]
) -> list[Entry]:
    """The entries of the wheel of *spec*: the project's *contents*, its *modules*, and ``.dist-info``.

    :raises ConfigurationError: if a module is in the source tree already.
    """
    entries = list(contents)
    if clash := next((entry.path for entry in entries if entry.path in modules), None):
        raise ConfigurationError(
            "is in the source tree and would be compiled too", where=clash, hint="delete it, or have git ignore it"
        )
    entries += [Entry(path, data, is_executable=True) for path, data in modules.items()]
    return pack(project, root, spec, entries)


def pack(project: Project, root: Path, spec: WheelSpec, entries: Iterable[Entry]) -> list[Entry]:
    """*entries* and the ``.dist-info`` that belongs to them, RECORD last."""
    info = f"{spec.name}-{spec.version}.dist-info"
    record = f"{info}/RECORD"
    members = [*entries, *render_dist_info(project, root, spec, info)]
    buildinfo = render_buildinfo(spec, digest_members(render_record(members, record)))
    members.append(Entry(f"{info}/{BUILDINFO}", buildinfo))
    return [*members, Entry(record, render_record(members, record))]


def render_dist_info(project: Project, root: Path, spec: WheelSpec, info: str) -> list[Entry]:
    """The files of ``.dist-info`` that do not depend on the others: metadata, tags, entry points, licences, SBOM."""
    generator = " ".join(spec.backend.split(" ")[:2])
    entries = [
        Entry(f"{info}/METADATA", project.metadata.text.encode()),
        Entry(f"{info}/WHEEL", render_wheel_file([spec.tag], generator, is_pure=spec.target is None)),
        Entry(f"{info}/sboms/{SBOM}", render_sbom(spec)),
    ]
    if project.metadata.entry_points:
        entries.append(Entry(f"{info}/entry_points.txt", render_entry_points(project.metadata.entry_points)))
    for path in project.metadata.license_files:
        if path not in project.tree.by_path:
            raise ConfigurationError(
                "this licence file is no part of the project", where=path, hint="does git ignore it?"
            )
        entries.append(Entry(f"{info}/licenses/{path}", read_file(root, project.tree.by_path[path])))
    return entries
