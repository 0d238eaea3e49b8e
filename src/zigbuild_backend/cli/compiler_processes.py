"""Reads from /proc what the compilers of this build do: without a terminal, zig does not print its progress."""

from __future__ import annotations

import contextlib
import os
from itertools import pairwise
from pathlib import Path

from ..rebuild.sandbox.processes import descendants, list_processes, read_process

_OPTION = b"-target"


def list_compiled_triples(root: int | None = None, proc: Path = Path("/proc")) -> frozenset[str]:
    """Return the target triples that the processes below *root* (default: this one) compile for.

    Empty on systems without *proc*.
    """
    found = {number: process for number in list_processes(proc) if (process := read_process(proc, number))}
    triples = set()
    for process in descendants(found, os.getpid() if root is None else root):
        with contextlib.suppress(OSError):
            arguments = (proc / str(process.number) / "cmdline").read_bytes().split(b"\0")
            triples |= {after.decode() for option, after in pairwise(arguments) if option == _OPTION and after}
    return frozenset(triples)
