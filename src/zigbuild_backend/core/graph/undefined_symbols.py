"""Finds the source that refers to a symbol, which a linked module no longer tells."""

from __future__ import annotations

from contextlib import suppress

from ..audit.symbol_origin import find_origin
from ..base.store import temporary_folder
from ..project.products import LANGUAGES, Module
from ..zig.support_folders import SUPPORT_FOLDER
from ..zig.toolchain import CompileError, Zig
from .build_zig_products import compiler_flags
from .staging import PreparedWheel, StagedGraph


def find_origin_of(symbol: str, module: Module, wheel: PreparedWheel, staged: StagedGraph, zig: Zig) -> str | None:
    """Return the path of the source of *module* that refers to *symbol*, None if no source does.

    Each source is compiled for it: this is asked only when a module is refused.
    """
    system = "windows" if wheel.target.is_windows else "posix"
    target = (wheel.target.slices or (wheel.target,))[0]
    parts = module.parts_for(target, wheel.python)
    tables = [part.table for part in parts]
    common = ["-target", target.triple, "-O2", "-fvisibility=hidden", f"-I{SUPPORT_FOLDER}/pyconfig/{system}"]
    common.append(f"-I{SUPPORT_FOLDER}/include/{wheel.python.version}")
    common += [f"-D{name}={value}" for name, value in wheel.python.macros.items()]
    common += [f"-I{folder}" for table in tables for folder in table.include_dirs]
    common += [f"-I{SUPPORT_FOLDER}/headers/{name}" for table in tables for name in table.headers_from]
    objects: dict[str, bytes] = {}
    with temporary_folder(staged.workspace.artifacts) as folder:
        for language, suffixes in LANGUAGES.items():
            flags = [
                flag for flags in compiler_flags(staged.graph.project.metadata, tables, language) for flag in flags
            ]
            for source in (source for part in parts for source in part.sources_in(suffixes)):
                path = folder / "module.o"
                driver = "c++" if "cpp" in language else "cc"
                with suppress(CompileError):  # such as one that needs a header that the graph generates
                    zig.run([driver, "-c", *common, *flags, source, "-o", str(path)], cwd=staged.workspace.root)
                    objects[source] = path.read_bytes()
    return find_origin(objects, symbol)
