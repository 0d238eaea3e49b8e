"""Obtains the native deflater for this machine: compiled once by zig, proven, and kept in the store."""

from __future__ import annotations

import sys
from pathlib import Path

from ..base import store_folders
from ..zig.toolchain import Zig
from .deflate.native import SOURCE, Deflater, prove, source_digest


def obtain_deflater(zig: Zig) -> Deflater:
    """Return the deflater that *zig* compiles; it is kept after it has given the known answers.

    :raises CompileError: if zig cannot compile it.
    :raises MismatchError: if the compiled program gives other answers.
    """

    def compile_and_prove(program: Path) -> None:
        (program.parent / SOURCE.name).write_bytes(SOURCE.read_bytes())
        zig.run(["cc", "-O2", "-s", "-std=c11", "-o", program.name, SOURCE.name], cwd=program.parent)
        with Deflater(program) as deflater:
            prove(deflater)

    name = "deflate.exe" if sys.platform == "win32" else "deflate"
    return Deflater(zig.store.keep((store_folders.DEFLATE, source_digest(), zig.version, name), compile_and_prove))
