"""The means of making wheels: zig, folders, cores and progress; their bytes depend on none of it but zig's version."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from ..base.errors import Problem
from ..base.frozen import dataclass
from ..graph.object_counts import ObjectCounts
from ..zig.macos_sdk import Sdk
from ..zig.toolchain import Zig

Reporter = Callable[[str, str], None]
"""A function that is called with a wheel identifier and its new state: ``compiled``, ``packed`` or ``failed``."""


@dataclass(frozen=True)
class Workshop:
    """The means of making wheels: zig, places of headers and tools, cores, and functions that show progress.

    ``headers`` are folders and archives of CPython's headers to prefer. ``tools`` are the folders with the packages
    that generate sources or have headers, by default those of the running Python. ``jobs`` is the number of cores to
    use. ``warn`` is called with problems that do not prevent a wheel, ``count`` with the numbers of objects that a run
    built and reused.
    """

    zig: Zig
    headers: Sequence[Path] = ()
    jobs: int | None = None
    report: Reporter = lambda identifier, state: None
    warn: Callable[[Problem], None] = lambda problem: None
    count: Callable[[ObjectCounts], None] = lambda counts: None
    sdk: Sdk | None = None
    tools: Sequence[Path] = ()
