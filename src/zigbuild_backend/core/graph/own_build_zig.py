"""Runs a project's own build.zig: once for each slice of each wheel, with what it asks for of target and Python.

It is told by ``-D`` options, of those in :data:`OPTIONS` that it declares. What it installs is found by its name: that
of the module in the wheel, or the one that zig gives to a library of the module's last name.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from pathlib import Path, PurePosixPath
from posixpath import relpath

from ..base.errors import Problem, ToolchainError
from ..base.targets import Target
from ..project.products import LibraryProduct, Module, Product
from ..zig.build_roots import Workspace
from ..zig.support_folders import EXPORTS
from ..zig.toolchain import CompileError, Zig, ZigBuild
from ..zig.ziglang import settle_library
from .compiler_arguments import PYTHON_FOLDERS
from .staging import PreparedWheel, StagedGraph
from .zig_graph import SCRIPTS, Artifact, CompiledGraph, RunOptions

OPTIONS = {
    "target": "the target triple; `b.standardTargetOptions` declares it",
    "cpu": "the oldest CPU to serve; declared by the same",
    "strip": "`true`, but in debug mode",
    "python": "the ABI: `cp313`, `cp313t`, or `cp310-abi3` and `cp315-abi3t` for the stable ABI",
    "python-version": "the version of the headers, `3.13`",
    "python-include": "a list: the folders of `pyconfig.h` and of `Python.h`, relative to build.zig",
    "limited-api": "for the stable ABI: the value of `Py_LIMITED_API`, or with `free-threaded` of `Py_TARGET_ABI3T`",
    "free-threaded": "`true` where there may be no GIL: define `Py_GIL_DISABLED`, unless `limited-api` is given",
    "import-library": "on Windows: what to link with, relative to build.zig",
}
"""The options that a build.zig can declare, with their meaning."""

_EJECTED = re.compile(rb'b\.option\(\[\]const \[\]const u8, "wheel"')
_DECLARED = re.compile(r"^ +-D([A-Za-z0-9_-]+)=", re.MULTILINE)


def is_ejected(build_file: bytes) -> bool:
    """Return whether a build.zig makes any number of wheels by their identifiers, as those that are generated do."""
    return bool(_EJECTED.search(build_file))


def run_build_file(staged: StagedGraph, zig: Zig, options: RunOptions) -> CompiledGraph:
    """Compile the products of all wheels of *staged* by the project's own build.zig; one that fails stops no other.

    :raises ToolchainError: if the build.zig itself does not compile, or cannot be told the target.
    """
    workspace, build_file = staged.workspace, staged.graph.project.settings.build_file
    declared = _read_declared(staged, zig)
    artifacts: dict[str, tuple[Artifact, ...]] = {}
    errors: dict[str, ToolchainError] = {}
    dropped: dict[str, ToolchainError] = {}
    for wheel in staged.wheels:
        parts = wheel.target.slices or (wheel.target,)
        prefixes = [workspace.artifacts / wheel.identifier / part.triple for part in parts]
        try:
            for part, prefix in zip(parts, prefixes, strict=True):
                zig.build(
                    ZigBuild(
                        list(_render_options(staged, wheel, part, declared, zig)),
                        folder=staged.build_folder,
                        prefix=prefix,
                        cache=workspace.cache,
                        optimize=staged.graph.project.settings.optimize,
                        jobs=options.jobs,
                        epoch=options.epoch,
                        library=settle_library(zig) if wheel.target.is_windows else None,
                    )
                )
        except CompileError as error:
            errors[wheel.identifier] = _explain(error, workspace.root, wheel)
            continue
        found = list(_collect(staged, wheel, prefixes))
        artifacts[wheel.identifier] = tuple(artifact for artifact in found if artifact.is_there)
        missing = [artifact for artifact in found if not artifact.is_there]
        if missing:
            is_lost = any(not artifact.is_optional for artifact in missing)
            (errors if is_lost else dropped)[wheel.identifier] = _miss(build_file, wheel, missing, prefixes[0])
        options.on_compiled(wheel.identifier)
    return CompiledGraph(artifacts, errors, dropped)


def _read_declared(staged: StagedGraph, zig: Zig) -> frozenset[str]:
    """Return the options that the build.zig declares: zig lists them without building anything."""
    build_file, workspace = staged.graph.project.settings.build_file, staged.workspace
    name = PurePosixPath(build_file).name
    arguments = ["build", "--build-file", name, "--cache-dir", str(workspace.cache), "--color", "off", "--help"]
    try:
        said = zig.run(arguments, cwd=staged.build_folder)
    except CompileError as error:
        output = error.output.replace(f"{workspace.root}/", "").strip()
        raise ToolchainError(output, where=build_file, hint="it is the project's own") from None
    declared = frozenset(_DECLARED.findall(said.decode(errors="replace")))
    if "target" not in declared:
        raise ToolchainError(
            "cannot be told which target to build for",
            where=build_file,
            hint="declare it: const target = b.standardTargetOptions(.{});",
        )
    return declared


def _render_options(
    staged: StagedGraph, wheel: PreparedWheel, part: Target, declared: Collection[str], zig: Zig
) -> Iterator[str]:
    """Yield the arguments of one run: for *part*, a slice of *wheel*."""
    settings = staged.graph.project.settings
    build_file = PurePosixPath(settings.build_file)
    folders = [folder.resolve(wheel.python, part) for folder in PYTHON_FOLDERS]
    values: dict[str, list[str]] = {
        "target": [part.triple],
        "cpu": [part.cpu],
        "strip": ["true"] * (settings.optimize != "debug"),
        "python": [wheel.python.name],
        "python-version": [wheel.python.version],
        "python-include": [relpath(folder, build_file.parent) for folder in folders],
        "limited-api": [wheel.python.limited_api] if wheel.python.stable_abi else [],
        "free-threaded": ["true"] * wheel.python.free_threaded,
    }
    if wheel.definitions and "import-library" in declared:
        made = _make_import_library(wheel, part, staged.workspace, zig)
        values["import-library"] = [relpath(made, build_file.parent)]
    yield from ("--build-file", build_file.name)
    for name, texts in values.items():
        if name in declared:
            yield from (f"-D{name}={text}" for text in texts)


def _make_import_library(wheel: PreparedWheel, part: Target, workspace: Workspace, zig: Zig) -> str:
    """Make the import library of the Python's DLL, and return its path in the build root."""
    path = f"{EXPORTS}/{wheel.python}-{part.triple}.lib"
    definitions = f"{EXPORTS}/{wheel.python}.def"
    options = ["-m", part.coff_machine, "-D", wheel.python.windows_dll, "-d", definitions, "-l", path]
    zig.run(["dlltool", *options], cwd=workspace.root)
    return path


def _collect(staged: StagedGraph, wheel: PreparedWheel, prefixes: Collection[Path]) -> Iterator[Artifact]:
    """Yield the artifacts of one wheel, found below the *prefixes* of its slices or missing there."""
    for product in staged.list_products(wheel):
        names = list(_name_files(product, wheel))
        yield Artifact(product, tuple(_find(prefix, names) for prefix in prefixes))


def _name_files(product: Product, wheel: PreparedWheel) -> Iterator[str]:
    """Yield the paths, below the prefix, under which a build.zig can install *product*."""
    is_windows = wheel.target.is_windows
    if isinstance(product, LibraryProduct):
        path = product.path(wheel.target)
        yield path
        yield from (f"{folder}{path.rpartition('/')[2]}" for folder in ("lib/", "bin/", ""))
        return
    if not isinstance(product, Module):
        suffix = ".exe" if is_windows else ""
        yield f"bin/{product.name}{suffix}"
        yield f"{SCRIPTS}/{product.name}{suffix}"
        return
    path, stem = product.path(wheel.python, wheel.target), product.name.rpartition(".")[2]
    yield path
    yield f"{product.name.replace('.', '/')}{'.pyd' if is_windows else '.so'}"
    for folder in ("lib/", "bin/", ""):
        yield folder + path.rpartition("/")[2]
        yield from (f"{folder}{stem}{suffix}" for suffix in (".pyd", ".dll", ".so", ".dylib"))
        yield from (f"{folder}lib{stem}{suffix}" for suffix in (".so", ".dylib"))


def _find(prefix: Path, names: Collection[str]) -> Path:
    return next((prefix / name for name in names if (prefix / name).is_file()), prefix / next(iter(names)))


def _miss(build_file: str, wheel: PreparedWheel, missing: Collection[Artifact], prefix: Path) -> ToolchainError:
    installed = sorted(path.relative_to(prefix).as_posix() for path in prefix.rglob("*") if path.is_file())
    listed = ", ".join(installed) or "nothing"
    return ToolchainError.of(
        Problem(
            f"{build_file} installs no {artifact.product.name}",
            wheel.identifier,
            f"install it as {' or '.join(_suggest(artifact.product, wheel))}; it installs {listed}",
        )
        for artifact in missing
    )


def _suggest(product: Product, wheel: PreparedWheel) -> tuple[str, ...]:
    names = list(_name_files(product, wheel))
    stem = product.name.rpartition(".")[2]
    usual = {"windows": f"bin/{stem}.dll", "macos": f"lib/lib{stem}.dylib"}.get(wheel.target.os, f"lib/lib{stem}.so")
    return (names[0], usual) if isinstance(product, Module) else (names[0],)


def _explain(error: CompileError, root: Path, wheel: PreparedWheel) -> ToolchainError:
    output = error.output.replace(f"{root}/", "").strip()
    return ToolchainError(
        output or "zig failed without a word",
        where=wheel.identifier,
        hint=f"to see it again: zigbuild wheels --only {wheel.identifier}",
    )
