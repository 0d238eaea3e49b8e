"""Runs the one zig graph of a project: compiles the modules of any number of wheels at once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path

from ..base.errors import ToolchainError
from ..base.frozen import dataclass
from ..project.products import Module, Product
from ..zig.toolchain import CompileError, Zig, ZigBuild
from ..zig.ziglang import settle_library
from .staging import PreparedWheel, StagedGraph
from .zig_errors import attribute_errors

SCRIPTS = "zigbuild-scripts"
"""The folder, beside the modules of a wheel, into which the graph installs its programs."""


@dataclass(frozen=True)
class Artifact:
    """A file that the graph makes of a product for one wheel, or one file a slice if the target has several."""

    product: Product
    files: tuple[Path, ...]

    @property
    def is_there(self) -> bool:
        """Return whether all its files were made."""
        return all(path.is_file() for path in self.files)

    @property
    def is_optional(self) -> bool:
        """Return whether the wheel is made without it if it cannot be compiled."""
        return isinstance(self.product, Module) and self.product.settings.optional


@dataclass(frozen=True)
class CompiledGraph:
    """The artifacts of a run, by wheel identifier.

    A wheel has its artifacts or an error. Where only optional ones could not be made it has the rest, and ``dropped``
    has the reason.
    """

    artifacts: Mapping[str, tuple[Artifact, ...]]
    errors: Mapping[str, ToolchainError]
    dropped: Mapping[str, ToolchainError]


@dataclass(frozen=True)
class RunOptions:
    """The options of a run that reach no artifact.

    ``jobs`` is the number of cores; ``on_compiled`` is called with each wheel identifier, ``meanwhile`` once while zig
    runs.

    ``epoch``, in seconds, does reach them, where a source asks for the time.
    """

    epoch: int
    jobs: int | None = None
    on_compiled: Callable[[str], None] = lambda identifier: None
    meanwhile: Callable[[], object] = lambda: None


def run_graph(staged: StagedGraph, zig: Zig, options: RunOptions) -> CompiledGraph:
    """Compile the products of all wheels of *staged*; one that fails does not stop the others.

    :raises ToolchainError: if zig fails for a reason that belongs to no wheel.
    """
    settings = staged.graph.project.settings
    expected = {wheel.identifier: _expect(staged, wheel) for wheel in staged.wheels}
    waiting = dict(expected)

    def look() -> None:
        for identifier, artifacts in list(waiting.items()):
            if all(artifact.is_there for artifact in artifacts):
                del waiting[identifier]
                options.on_compiled(identifier)

    arguments = [] if settings.build_file else ["--build-file", _name_build_file(staged.workspace.root)]
    arguments += [f"-Dwheel={identifier}" for identifier in expected]
    arguments += ["-Dstrip=false"] * (settings.optimize == "debug")
    build = ZigBuild(
        arguments,
        folder=staged.build_folder,
        prefix=staged.workspace.artifacts,
        cache=staged.workspace.cache,
        optimize=settings.optimize,
        jobs=options.jobs,
        epoch=options.epoch,
        library=settle_library(zig) if staged.has_windows else None,
    )
    try:
        zig.build(build, on_tick=look, meanwhile=options.meanwhile)
    except CompileError as error:
        look()
        if not waiting:
            raise
        return _sort_failures(expected, attribute_errors(error, staged.workspace.root, waiting))
    look()
    errors = {identifier: _explain_missing(settings.build_file, identifier) for identifier in waiting}
    return CompiledGraph({key: expected[key] for key in expected if key not in errors}, errors, {})


def _sort_failures(expected: Mapping[str, tuple[Artifact, ...]], errors: Mapping[str, ToolchainError]) -> CompiledGraph:
    """Tell wheels that are lost from those that lack optional artifacts alone."""
    lost = {key for key in errors if any(not (a.is_there or a.is_optional) for a in expected[key])}
    return CompiledGraph(
        {key: tuple(a for a in artifacts if a.is_there) for key, artifacts in expected.items() if key not in lost},
        {key: error for key, error in errors.items() if key in lost},
        {key: error for key, error in errors.items() if key not in lost},
    )


def _name_build_file(root: Path) -> str:
    """Write the build.zig in *root* under a second name, made of its digest, and return that.

    zig keeps one compiled build.zig of a name, and needs seconds to compile another: this way both are kept.
    """
    text = (root / "build.zig").read_bytes()
    name = f"build-{hashlib.sha256(text).hexdigest()[:16]}.zig"
    (root / name).write_bytes(text)
    return name


def _explain_missing(build_file: str, identifier: str) -> ToolchainError:
    """Return the error of a wheel that the project's own build.zig, which zig ran without an error, did not make."""
    return ToolchainError(
        f"{build_file or 'build.zig'} does not make all modules of this wheel",
        where=identifier,
        hint="eject again, after 'targets' and 'pythons' say what you want",
    )


def _expect(staged: StagedGraph, wheel: PreparedWheel) -> tuple[Artifact, ...]:
    """Return the artifacts that the graph makes for one wheel, with the paths that it installs them at."""
    products, target = staged.graph.products, wheel.target
    paths: dict[str, Product] = {
        module.path(wheel.python, target): module for module in products.modules_for(target, wheel.python)
    }
    suffix = ".exe" if target.is_windows else ""
    paths.update({library.path(target): library for library in products.shared_for(target)})
    paths.update({f"{SCRIPTS}/{program.name}{suffix}": program for program in products.programs_for(target)})
    folders = [[part.triple] for part in target.slices] or [[]]
    root = staged.workspace.artifacts
    return tuple(
        Artifact(product, tuple(root.joinpath(wheel.identifier, *folder, path) for folder in folders))
        for path, product in paths.items()
    )
