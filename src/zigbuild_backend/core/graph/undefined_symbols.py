"""Finds the source that refers to an undefined symbol, which a linked module no longer tells."""

from __future__ import annotations

from contextlib import suppress

from ..audit.symbol_origin import find_origin
from ..base.store import temporary_folder
from ..project.products import LANGUAGES, Module
from ..zig.toolchain import CompileError, Zig
from .compiler_arguments import resolve_arguments
from .staging import PreparedWheel, StagedGraph


def find_origin_of(symbol: str, module: Module, wheel: PreparedWheel, staged: StagedGraph, zig: Zig) -> str | None:
    """Return the path of the source of *module* that refers to *symbol*, None if no source does.

    Each source is compiled for it: this is asked only when a module is refused.
    """
    target = (wheel.target.slices or (wheel.target,))[0]
    parts = module.parts_for(target, wheel.python)
    objects: dict[str, bytes] = {}
    with temporary_folder(staged.workspace.artifacts) as folder:
        path = folder / "module.o"
        for language, suffixes in LANGUAGES.items():
            arguments = resolve_arguments(staged.graph, module, language, wheel.python, wheel.target)
            driver = "c++" if "cpp" in language else "cc"
            command = [driver, "-c", "-target", target.triple, "-O2", *arguments.render(), "-o", str(path)]
            for source in (source for part in parts for source in part.sources_in(suffixes)):
                with suppress(CompileError):  # such as one that needs a header that the graph generates
                    zig.run([*command, source], cwd=staged.workspace.root)
                    objects[source] = path.read_bytes()
    return find_origin(objects, symbol)
