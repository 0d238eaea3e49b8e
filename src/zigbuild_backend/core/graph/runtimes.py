"""Builds runtimes ahead of the first wheel: libc, libc++ and compiler-rt, which zig keeps in its cache.

zig has no command for it, and its cache keys hold every flag: so a module that does nothing is compiled through the
same graph as real ones. Which runtimes are warm is noted in zig's cache itself, so that both go away together.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from ..base import store_folders
from ..base.epoch import DEFAULT_EPOCH
from ..base.errors import ToolchainError
from ..base.frozen import dataclass
from ..base.pythons import PYTHONS
from ..base.targets import Target
from ..cpython.header_sets import HeaderSet
from ..project.core_metadata import Metadata
from ..project.products import Module, Part, Products
from ..project.project import Checkout, Project
from ..project.source_tree import SourceFile, SourceTree
from ..settings.model import Optimize, Settings
from ..settings.product_tables import Extension
from ..zig.build_roots import open_workspace
from ..zig.toolchain import Zig
from .graph import open_graph
from .staging import PreparedWheel, stage_graph
from .zig_graph import RunOptions, run_graph

_NAME = "warm"


@dataclass(frozen=True)
class Runtime:
    """The runtime of one triple in one mode; the file ``note`` exists if it was built."""

    note: Path

    @property
    def is_warm(self) -> bool:
        return self.note.is_file()

    def note_warm(self) -> None:
        """Record that a product was linked with it."""
        self.note.parent.mkdir(parents=True, exist_ok=True)
        self.note.touch()


def find_runtimes(
    target: Target, zig: Zig, *, optimize: Optimize = "fast", is_cxx: bool = False
) -> tuple[Runtime, ...]:
    """Return the runtimes that modules for *target* are linked with, one a slice; with *is_cxx* also those of C++."""
    folder = zig.store.root / store_folders.ZIG / "warm" / zig.version / optimize
    languages = ("c", "cxx") if is_cxx else ("c",)
    triples = [part.triple for part in target.slices or (target,)]
    return tuple(Runtime(folder / f"{triple}-{language}") for triple in triples for language in languages)


def warm(target: Target, zig: Zig, *, optimize: Optimize = "fast", is_cxx: bool = False) -> None:
    """Build the runtimes that modules for *target* are linked with.

    :raises ToolchainError: if zig cannot build them.
    """
    python = PYTHONS[-1]
    source = "warm.cpp" if is_cxx else "warm.c"
    text = render_empty_module(_NAME)
    code = (f'extern "C" {{\n{text}}}\n' if is_cxx else text).encode()
    extension = Extension(name=_NAME, sources=(source,))
    with zig.store.scratch(store_folders.TEMPORARY) as root:
        (root / source).write_bytes(code)
        include = root / "include"
        include.mkdir()
        project = Project(
            metadata=Metadata(f"{_NAME}-{'cxx' if is_cxx else 'c'}", "0", ""),
            settings=Settings(zig=zig.version, optimize=optimize, extension=(extension,)),
            tree=SourceTree((SourceFile(source, hashlib.sha256(code).hexdigest()),)),
            contents={},
            products=Products(modules=(Module(extension, (Part(extension, (source,)),)),)),
        )
        # The module includes no header and imports nothing of CPython: what stands for both may be empty.
        exports = f"LIBRARY {python.windows_dll}\nEXPORTS\nPy_Initialize\n" if target.is_windows else ""
        wheel = PreparedWheel(python, target, HeaderSet(python.version, hashlib.sha256().hexdigest(), include), exports)
        with open_workspace(zig.store, project.metadata.name) as workspace:
            staged = stage_graph(open_graph(Checkout(project, root), zig), [wheel], workspace)
            compiled = run_graph(staged, zig, RunOptions(DEFAULT_EPOCH))
    if error := compiled.errors.get(wheel.identifier):
        raise ToolchainError(error.problems[0].message, where=str(target))
    for runtime in find_runtimes(target, zig, optimize=optimize, is_cxx=is_cxx):
        runtime.note_warm()


def render_empty_module(name: str) -> str:
    """Return the C of an extension module that does nothing, and includes no header of CPython."""
    return (
        "#ifdef _WIN32\n"
        "__declspec(dllexport)\n"
        "#else\n"
        '__attribute__((visibility("default")))\n'
        "#endif\n"
        f"void *PyInit_{name}(void)\n"
        "{\n"
        "    return 0;\n"
        "}\n"
    )
