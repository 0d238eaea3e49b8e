"""Runs the one zig graph of a project: compiles the modules of any number of wheels at once."""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ..audit.symbol_origin import find_origin
from ..base.errors import Problem, ToolchainError
from ..base.pythons import Python
from ..base.store import temporary_folder
from ..base.targets import Target
from ..cpython.header_sets import HeaderSet
from ..cpython.pyconfig import pyconfig_header
from ..cpython.zig_translation import translated_headers, translation_files
from ..generate.supplies import NO_SUPPLIES, Supplies
from ..project.planned_wheels import PlannedWheel
from ..project.products import LANGUAGES, Module, Product
from ..project.project import Checkout, Project
from ..project.tree_reader import read_file
from ..zig.build_roots import Workspace
from ..zig.support_folders import SUPPORT_FOLDER
from ..zig.toolchain import CompileError, Zig
from .build_zig import render, render_zon
from .build_zig_products import compiler_flags
from .msvc_sources import help_windows

SCRIPTS = "zigbuild-scripts"
"""Where, beside the modules of a wheel, the graph installs its programs."""

_OURS = tuple(
    f"{SUPPORT_FOLDER}/{folder}/" for folder in ("include", "pyconfig", "exports", "headers", "generated", "zig")
)


@dataclass(frozen=True)
class Cell:
    """A wheel to compile for: where the matrix's Python and target are known, and the headers are at hand."""

    python: Python
    target: Target
    headers: HeaderSet | None = None
    """None for a wheel that has programs and no modules."""
    exports: str = ""
    """For Windows, the text of the ``.def`` file of the DLL that the modules import."""

    @property
    def identifier(self) -> str:
        return PlannedWheel(self.python, self.target).identifier


@dataclass(frozen=True)
class Artifact:
    """What the graph makes of a module or program for one wheel: one file a slice, if there are several."""

    product: Product
    files: tuple[Path, ...]

    @property
    def is_there(self) -> bool:
        return all(path.is_file() for path in self.files)

    @property
    def is_optional(self) -> bool:
        return isinstance(self.product, Module) and self.product.settings.optional


@dataclass(frozen=True)
class Compiled:
    """What came of a run, by wheel identifier.

    A wheel has its artifacts or an error; where all that could not be made was optional, it has the rest, and
    ``dropped`` says why.
    """

    artifacts: Mapping[str, tuple[Artifact, ...]]
    errors: Mapping[str, ToolchainError]
    dropped: Mapping[str, ToolchainError]


def stage(
    checkout: Checkout,
    cells: Collection[Cell],
    workspace: Workspace,
    zig: Zig,
    supplies: Supplies = NO_SUPPLIES,
) -> None:
    """Puts into the workspace what the graph reads: the project's files, its build.zig, CPython's side, *supplies*."""
    # An ejected project has a copy of CPython's side in its tree: it must not be written through the links below.
    ours = (*_OURS, *(f"{folder}/" for folder in supplies.folders))
    files = {
        file.path: read_file(checkout.root, file)
        for file in checkout.project.tree.files
        if not file.path.startswith(ours)
    }
    helped, forwards = help_windows(checkout.project, files, zig.library, f"{SUPPORT_FOLDER}/pyconfig/windows")
    files.update(forwards)
    if not checkout.project.settings.build_file:
        files["build.zig"] = render(helped, extra_targets=[cell.target for cell in cells]).encode()
        files["build.zig.zon"] = render_zon(checkout.project).encode()
    for system in ("posix", "windows"):
        files[f"{SUPPORT_FOLDER}/pyconfig/{system}/pyconfig.h"] = pyconfig_header(system)
    for cell in cells:
        if cell.exports:
            files[f"{SUPPORT_FOLDER}/exports/{cell.python}.def"] = cell.exports.encode()
    headers = {cell.python.version: cell.headers for cell in cells if cell.headers}
    links = {f"{SUPPORT_FOLDER}/include/{version}": found.folder for version, found in headers.items()}
    if any(module.zig_root for module in checkout.project.modules):
        files.update((f"{SUPPORT_FOLDER}/zig/{path}", content) for path, content in translation_files().items())
        for version, found in headers.items():
            links[f"{SUPPORT_FOLDER}/zig/{version}"] = translated_headers(found)
    workspace.stage(files | supplies.files, links | supplies.folders)


def run_graph(
    project: Project,
    cells: Collection[Cell],
    workspace: Workspace,
    zig: Zig,
    *,
    epoch: int,
    jobs: int | None = None,
    on_compiled: Callable[[str], None] = lambda identifier: None,
) -> Compiled:
    """Compiles the modules of all *cells*; one that fails does not stop the others.

    ``on_compiled`` is called with each wheel identifier when all its modules are there.

    :raises ToolchainError: if zig fails for a reason that belongs to no wheel.
    """
    expected = {cell.identifier: _expect(project, cell, workspace) for cell in cells}
    waiting = dict(expected)

    def look() -> None:
        for identifier, artifacts in list(waiting.items()):
            if all(artifact.is_there for artifact in artifacts):
                del waiting[identifier]
                on_compiled(identifier)

    try:
        zig.build(
            [
                *(() if project.settings.build_file else ("--build-file", _name_build_file(workspace.root))),
                *(f"-Dwheel={identifier}" for identifier in expected),
                *(["-Dstrip=false"] if project.settings.optimize == "debug" else []),
            ],
            cwd=workspace.root / PurePosixPath(project.settings.build_file).parent,
            prefix=workspace.artifacts,
            cache=workspace.cache,
            optimize=project.settings.optimize,
            jobs=jobs,
            epoch=epoch,
            has_windows=any(cell.target.is_windows for cell in cells),
            on_tick=look,
        )
    except CompileError as error:
        look()
        if not waiting:
            raise
        said = _attribute(error, workspace.root, waiting)
        lost = {key for key, artifacts in waiting.items() if any(not (a.is_there or a.is_optional) for a in artifacts)}
        return Compiled(
            {key: tuple(a for a in artifacts if a.is_there) for key, artifacts in expected.items() if key not in lost},
            {key: error for key, error in said.items() if key in lost},
            {key: error for key, error in said.items() if key not in lost},
        )
    look()
    errors = {identifier: _explain_missing(project, identifier) for identifier in waiting}
    return Compiled({key: expected[key] for key in expected if key not in errors}, errors, {})


def _name_build_file(root: Path) -> str:
    """Gives the build.zig in *root* a second name, after what it says, by which zig shall know it.

    zig keeps one compiled build.zig of a name, and needs seconds to compile another: this way both are kept.
    """
    text = (root / "build.zig").read_bytes()
    name = f"build-{hashlib.sha256(text).hexdigest()[:16]}.zig"
    (root / name).write_bytes(text)
    return name


def _explain_missing(project: Project, identifier: str) -> ToolchainError:
    """What is wrong where zig succeeds and a file is missing: a build.zig of the project's own knows other wheels."""
    return ToolchainError(
        f"{project.settings.build_file or 'build.zig'} does not make all modules of this wheel",
        where=identifier,
        hint="eject again, after 'targets' and 'pythons' say what you want",
    )


def _expect(project: Project, cell: Cell, workspace: Workspace) -> tuple[Artifact, ...]:
    """What the graph should make for one wheel, and where it puts it."""
    paths: dict[str, Product] = {
        module.path(cell.python, cell.target): module for module in project.modules_for(cell.target, cell.python)
    }
    suffix = ".exe" if cell.target.is_windows else ""
    paths.update({library.path(cell.target): library for library in project.shared_for(cell.target)})
    paths.update({f"{SCRIPTS}/{product.name}{suffix}": product for product in project.programs_for(cell.target)})
    folders = [[part.triple] for part in cell.target.slices] or [[]]
    return tuple(
        Artifact(product, tuple(workspace.artifacts.joinpath(cell.identifier, *folder, path) for folder in folders))
        for path, product in paths.items()
    )


def find_origin_of(
    symbol: str, project: Project, module: Module, cell: Cell, workspace: Workspace, zig: Zig
) -> str | None:
    """Which source of *module* refers to *symbol*, if any does: a linked module no longer knows it.

    Costs a compile of each source; it is asked only when a module is refused.
    """
    system = "windows" if cell.target.is_windows else "posix"
    target = (cell.target.slices or (cell.target,))[0]
    parts = module.parts_for(target, cell.python)
    tables = [part.table for part in parts]
    common = ["-target", target.triple, "-O2", "-fvisibility=hidden", f"-I{SUPPORT_FOLDER}/pyconfig/{system}"]
    common.append(f"-I{SUPPORT_FOLDER}/include/{cell.python.version}")
    common += [f"-D{name}={value}" for name, value in cell.python.macros.items()]
    common += [f"-I{folder}" for table in tables for folder in table.include_dirs]
    common += [f"-I{SUPPORT_FOLDER}/headers/{name}" for table in tables for name in table.headers_from]
    objects: dict[str, bytes] = {}
    with temporary_folder(workspace.artifacts) as folder:
        for language, suffixes in LANGUAGES.items():
            flags = [flag for flags in compiler_flags(project, tables, language) for flag in flags]
            for source in (source for part in parts for source in part.sources_in(suffixes)):
                path = folder / "module.o"
                driver = "c++" if "cpp" in language else "cc"
                with suppress(CompileError):  # such as one that needs a header that the graph generates
                    zig.run([driver, "-c", *common, *flags, source, "-o", str(path)], cwd=workspace.root)
                    objects[source] = path.read_bytes()
    return find_origin(objects, symbol)


_STEP = re.compile(r"^install\n\+- (\S+)\n", re.MULTILINE)
_NOISE = re.compile(
    r"^ *\+- .*\n|^failed command: .*\n?|^error: (?:the following|\d+ compilation|process exited).*\n?(?:/.*\n)?"
    r"|/\S*/o/[0-9a-f]{32}/|^:1:1: |^error: (?=error: |\S+:\d+: |\S+: error: )|^error: HeaderConfigFailed$|^ +\n",
    re.MULTILINE,
)
_MENDS = {
    "@GLIBC_": "it is newer than the glibc of the target: raise the target, or avoid the call",
    "undefined symbol": "add the source file or the library that defines it",
    "file not found": "add its folder to 'include-dirs'; what git ignores is no part of the project",
    "unspecified config header value": "give it a value in 'config-header'; false leaves it undefined",
    "MissingValue": "give each name in that line of the template a value in 'config-header'",
    "config header value unused": "its template does not know it: mend the name in 'config-header', or take it out",
    "unable to find dynamic system library": "take it out of 'libraries': zig does not bring it for this target",
    "unknown argument": "take it out of 'flags'",
}
"""What to do about that which zig and clang say most."""


def _attribute(error: CompileError, root: Path, failed: Collection[str]) -> dict[str, ToolchainError]:
    """Which wheel each part of zig's output belongs to: zig heads it with the path of steps that leads there.

    The parts come in the order in which compilers end; here they are sorted.
    """
    output = error.output.replace(f"{root}/", "").replace("\n./", "\n")
    said: dict[str, set[str]] = defaultdict(set)
    parts = _STEP.split(output)
    for identifier, text in zip(parts[1::2], parts[2::2], strict=True):
        said[identifier].add(_NOISE.sub("", text).strip())
    return {
        identifier: ToolchainError.of(
            Problem(text, identifier, _find_mend(text, identifier))
            for text in sorted(said[identifier] or {output.strip()})
        )
        for identifier in failed
    }


def _find_mend(text: str, identifier: str) -> str:
    mend = next((f"{mend}\n" for words, mend in _MENDS.items() if words in text), "")
    return f"{mend}to see it again: zigbuild wheels --only {identifier}"
