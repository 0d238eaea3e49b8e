"""What a program in a sandbox may use, and what is known of it when it has ended."""

from __future__ import annotations

import os
from dataclasses import dataclass

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


class LimitError(ToolchainError):
    """A program passed one of its limits and was ended; the problem names the limit."""


def render_bytes(size: int) -> str:
    """*size* in the largest unit that leaves it whole."""
    for shift, unit in ((30, "GiB"), (20, "MiB"), (10, "KiB")):
        if size and not size % (1 << shift):
            return f"{size >> shift} {unit}"
    return f"{size} bytes"
