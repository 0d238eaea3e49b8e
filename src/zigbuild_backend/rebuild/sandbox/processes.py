"""What the system shows of processes and of the memory that they use, and the limits that it sets for each of them."""

from __future__ import annotations

import contextlib
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from .limits import Limits

BLOCK = 4096
"""A page of memory, and what the smallest file is taken to cost, in bytes."""

_MARGIN = 16
"""What the system allows beyond a limit, so that a program which the system stops is seen to have passed it."""


@dataclass(frozen=True)
class Process:
    """A process as /proc shows it, with the letter of its state."""

    number: int
    state: str
    parent: int
    threads: int
    started: int
    """Clock ticks since the system started: tells it from a later process of the same number."""

    resident: int
    """Bytes, with what it shares with others."""

    def is_running(self, proc: Path) -> bool:
        """Whether it still runs; what only waits for its parent to ask how it ended does not."""
        now = read_process(proc, self.number)
        return self.is_same(now) and now is not None and now.state not in "ZX"

    def is_same(self, other: Process | None) -> bool:
        """Whether *other*, which was read at another time, is this process."""
        return other is not None and (other.number, other.started) == (self.number, self.started)


def list_processes(proc: Path) -> tuple[int, ...]:
    """The numbers of the processes that a /proc shows; none where there is no such folder."""
    with contextlib.suppress(OSError):
        return tuple(int(name) for name in os.listdir(proc) if name.isdigit())  # noqa: PTH208
    return ()


def read_process(proc: Path, number: int) -> Process | None:
    """The process of that number, or None if there is none."""
    try:
        text = (proc / str(number) / "stat").read_bytes()
    except OSError:
        return None
    return parse_stat(number, text)


def parse_stat(number: int, text: bytes) -> Process:
    """What the ``stat`` file of a process says. Its second field, the program's name, may hold spaces and brackets."""
    fields = text[text.rindex(b")") + 2 :].split()
    parent, threads, started, pages = (int(fields[index]) for index in (1, 17, 19, 21))
    return Process(number, fields[0].decode(), parent, threads, started, pages * BLOCK)


def descendants(processes: dict[int, Process], root: int) -> tuple[Process, ...]:
    """*root* and all that it started, as far as their parents still live."""
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
    """The memory of a process in bytes, where pages that several share are divided among them."""
    try:
        lines = (proc / str(process.number) / "smaps_rollup").read_bytes().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    except OSError:
        return process.resident
    return sum(int(line.split()[1]) << 10 for line in lines if line.startswith(b"Pss:"))


def read_available_memory(proc: Path) -> int:
    """The memory that the machine has left, in bytes; without end where the system does not show it."""
    with contextlib.suppress(OSError):
        for line in (proc / "meminfo").read_bytes().splitlines():
            if line.startswith(b"MemAvailable:"):
                return int(line.split()[1]) << 10
    return sys.maxsize


def read_used(folder: Path) -> int:
    """The bytes that a file system in memory takes, with what the system keeps for each file."""
    try:
        status = os.statvfs(folder)
    except OSError:
        return 0
    return (status.f_blocks - status.f_bfree) * status.f_frsize + (status.f_files - status.f_ffree) * 1024


def set_limits(number: int, limits: Limits, *, is_apart: bool) -> None:
    """Sets what the system itself limits for a process and what it will start: no core files, no file too large.

    How many processes there may be is a limit of the user namespace that the process *is_apart* in; without one it
    would be a limit on all that the user runs. It does not bind root.
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
    # When memory is short for the whole machine, the system shall end this first.
    with contextlib.suppress(OSError):
        Path(f"/proc/{number}/oom_score_adj").write_text("1000")
