"""Reads processes and their use of memory from /proc, and sets the limits that the system has for each process."""

from __future__ import annotations

import contextlib
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from .limits import Limits

BLOCK = 4096
"""The size of a page of memory, and of the smallest file on a disk, in bytes."""

_MARGIN = 16
"""Added to the limits of the system, so that a program that the system stops has exceeded the limit here, too."""


@dataclass(frozen=True)
class Process:
    """A process as in /proc, with the letter of its state."""

    number: int
    state: str
    parent: int
    threads: int
    started: int
    """Clock ticks from the start of the system: distinguishes it from a later process with the same number."""

    resident: int
    """Bytes, including the memory that it shares with others."""

    def is_running(self, proc: Path) -> bool:
        """Return whether it still runs; a zombie does not."""
        now = read_process(proc, self.number)
        return self.is_same(now) and now is not None and now.state not in "ZX"

    def is_same(self, other: Process | None) -> bool:
        """Return whether *other*, which was read at another time, is this process."""
        return other is not None and (other.number, other.started) == (self.number, self.started)


def list_processes(proc: Path) -> tuple[int, ...]:
    """Return the numbers of the processes in *proc*; none if there is no such folder."""
    with contextlib.suppress(OSError):
        return tuple(int(name) for name in os.listdir(proc) if name.isdigit())  # noqa: PTH208
    return ()


def read_process(proc: Path, number: int) -> Process | None:
    """Return the process with that number, None if there is none."""
    try:
        text = (proc / str(number) / "stat").read_bytes()
    except OSError:
        return None
    return parse_stat(number, text)


def parse_stat(number: int, text: bytes) -> Process:
    """Parse the ``stat`` file of a process, whose second field, the program's name, may hold spaces and brackets."""
    fields = text[text.rindex(b")") + 2 :].split()
    parent, threads, started, pages = (int(fields[index]) for index in (1, 17, 19, 21))
    return Process(number, fields[0].decode(), parent, threads, started, pages * BLOCK)


def descendants(processes: dict[int, Process], root: int) -> tuple[Process, ...]:
    """Return *root* and all processes that it started, as far as their parents still live."""
    children: dict[int, list[int]] = {}
    for process in processes.values():
        children.setdefault(process.parent, []).append(process.number)
    found, rest = [], [root]
    while rest:
        number = rest.pop()
        if number in processes:
            found.append(processes[number])
            rest += children.get(number, ())
    return tuple(found)


def read_share(proc: Path, process: Process) -> int:
    """Return the memory of a process in bytes; the pages that several processes share are divided among them."""
    try:
        lines = (proc / str(process.number) / "smaps_rollup").read_bytes().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    except OSError:
        return process.resident
    return sum(int(line.split()[1]) << 10 for line in lines if line.startswith(b"Pss:"))


def read_available_memory(proc: Path) -> int:
    """Return the available memory of the machine in bytes; ``sys.maxsize`` if the system does not show it."""
    with contextlib.suppress(OSError):
        for line in (proc / "meminfo").read_bytes().splitlines():
            if line.startswith(b"MemAvailable:"):
                return int(line.split()[1]) << 10
    return sys.maxsize


def read_used(folder: Path) -> int:
    """Return the bytes that a file system in memory takes, including those that the system keeps for each file."""
    try:
        status = os.statvfs(folder)
    except OSError:
        return 0
    return (status.f_blocks - status.f_bfree) * status.f_frsize + (status.f_files - status.f_ffree) * 1024


def set_limits(number: int, limits: Limits, *, is_apart: bool) -> None:
    """Set the resource limits of a process and of all that it will start: no core files, and no file too large.

    The number of processes is limited only if the process *is_apart*, in a user namespace of its own: else the limit
    would count all processes of the user. It does not bind root.
    """
    import resource

    values = {resource.RLIMIT_CORE: 0, resource.RLIMIT_FSIZE: limits.disk + _MARGIN * BLOCK}
    if is_apart:
        values[resource.RLIMIT_NPROC] = limits.tasks + _MARGIN
    with contextlib.suppress(ProcessLookupError):
        for name, value in values.items():
            hard = resource.prlimit(number, name)[1]
            bound = value if hard == resource.RLIM_INFINITY else min(value, hard)
            resource.prlimit(number, name, (bound, bound))
    # If the whole machine runs out of memory, the system must kill this process first.
    with contextlib.suppress(OSError):
        Path(f"/proc/{number}/oom_score_adj").write_text("1000")
