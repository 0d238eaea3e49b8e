"""What a program in a sandbox may use, and what is known of it when it has ended."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ...core.base.errors import ToolchainError


@dataclass(frozen=True)
class Limits:
    """What one run may use, with all that it starts: bytes, seconds and counts."""

    memory: int = 6 << 30
    seconds: float = 1800
    processes: int = 512
    disk: int = 8 << 30
    output: int = 16 << 20
    """Bytes that it may print, on each of its two outputs."""

    spare_memory: int = 256 << 20
    spare_disk: int = 256 << 20
    """Bytes of the machine's memory and of its disks that have to stay free, whatever the others went into."""

    @property
    def tasks(self) -> int:
        """Processes and threads together. A compiler starts a thread for each core, and runs as often at once."""
        return self.processes + 4 * (os.cpu_count() or 1) ** 2


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True)
class Completed:
    """A program that ended by itself. One that a signal ended has 128 and the signal's number as ``returncode``."""

    returncode: int
    stdout: bytes
    stderr: bytes
    seconds: float


class LimitError(ToolchainError):
    """A program passed one of its limits and was ended; the problem names the limit."""


class Sandbox(Protocol):
    """Where a program is run."""

    def run(
        self,
        command: Sequence[str | Path],
        *,
        readable: Iterable[Path],
        writable: Iterable[Path],
        environ: Mapping[str, str],
        cwd: Path,
        umask: int = 0o022,
        on_tick: Callable[[], None] | None = None,
    ) -> Completed:
        """Runs *command* to its end; ``on_tick`` is called some times a second meanwhile, and may raise to end it.

        It and everything that it started are gone when this returns or raises.

        :raises LimitError: if it passes a limit.
        :raises ToolchainError: if it cannot be started.
        """
        ...


def render_bytes(size: int) -> str:
    """*size* in the largest unit that leaves it whole."""
    for shift, unit in ((30, "GiB"), (20, "MiB"), (10, "KiB")):
        if size and not size % (1 << shift):
            return f"{size >> shift} {unit}"
    return f"{size} bytes"
