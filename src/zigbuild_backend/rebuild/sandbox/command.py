"""A command that a sandbox runs, and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True)
class Command:
    """A program with its arguments, the paths that it may read and write, its environment, folder and umask.

    A writable path must be a folder, not a link to one.
    """

    arguments: Sequence[str | Path]
    cwd: Path
    readable: Iterable[Path] = ()
    writable: Iterable[Path] = ()
    environ: Mapping[str, str] = field(default_factory=dict)
    umask: int = 0o022


@dataclass(frozen=True)
class CompletedCommand:
    """The end of a command. If a signal ended it, ``returncode`` is 128 and the number of the signal."""

    returncode: int
    stdout: bytes
    stderr: bytes
    seconds: float


class Sandbox(Protocol):
    """Runs commands within limits."""

    def run(self, command: Command, on_tick: Callable[[], None] | None = None) -> CompletedCommand:
        """Run *command* to its end; *on_tick* is called several times a second meanwhile, and may raise to end it.

        The program and all processes that it started are gone when this returns or raises.

        :raises LimitError: if it passes a limit.
        :raises ToolchainError: if it cannot be started.
        """
        ...
