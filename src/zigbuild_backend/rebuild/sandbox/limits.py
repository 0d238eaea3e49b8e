"""The limits of a program in a sandbox."""

from __future__ import annotations

import os
from dataclasses import dataclass

from ...core.base.errors import ToolchainError


@dataclass(frozen=True)
class Limits:
    """The limits of one run with all processes that it starts: bytes, seconds and counts."""

    memory: int = 6 << 30
    seconds: float = 1800
    processes: int = 512
    disk: int = 8 << 30
    output: int = 16 << 20
    """Bytes that it may print, to each of stdout and stderr."""

    spare_memory: int = 256 << 20
    spare_disk: int = 256 << 20
    """Bytes of the machine's memory and of its disks that must stay free, whichever process uses the rest."""

    @property
    def tasks(self) -> int:
        """The limit on processes and threads together: allows for four compilers a core, each with a thread a core."""
        return self.processes + 4 * (os.cpu_count() or 1) ** 2


DEFAULT_LIMITS = Limits()


class LimitError(ToolchainError):
    """A program exceeded one of its limits and was ended; the problem names the limit."""


def render_bytes(size: int) -> str:
    """Return *size* in the largest unit in which it is a whole number."""
    for shift, unit in ((30, "GiB"), (20, "MiB"), (10, "KiB")):
        if size and not size % (1 << shift):
            return f"{size >> shift} {unit}"
    return f"{size} bytes"
