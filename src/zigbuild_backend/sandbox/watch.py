"""The watch over a running program: its time, memory, processes, disk and output, some times a second.

The system's own resource limits alone don't do: they hold for one process each, and the one on processes does not bind
root. Control groups would, but not everybody may make them.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from .limits import Completed, LimitError, Limits, render_bytes

_TICK_SECONDS = 0.2
_MARGIN = 16
"""What the system allows beyond a limit, so that a program which the system stops is seen to have passed it."""

_BLOCK = 4096
"""What the smallest file is taken to cost, in bytes."""

_COUNT_SECONDS = 5
"""How often files are counted, at most, as long as no file system fills up."""

_CLOCK_SECONDS = 0.02
"""How far the time that a file system writes down may lag behind the clock."""


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
    return Process(number, fields[0].decode(), parent, threads, started, pages * _BLOCK)


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


@dataclass
class Watch:
    """Looks whether a run is within its *limits*. Only Linux shows what processes use."""

    limits: Limits
    folders: tuple[Path, ...]
    """Where it may write."""

    _began: float = field(default_factory=time.time)
    _free: dict[Path, tuple[int, int]] = field(default_factory=dict)
    _counted: float = field(default_factory=time.monotonic)
    _count_took: float = 0

    def __post_init__(self) -> None:
        self._free = {folder: _read_free(folder) for folder in self.folders}

    def check_processes(self, numbers: Sequence[int], proc: Path, in_memory: Iterable[Path] = ()) -> None:
        """Looks at the processes of these *numbers* in *proc*, and at the file systems *in_memory* that are theirs.

        :raises LimitError: if they are too many or use too much memory.
        """
        limits = self.limits
        if len(numbers) > limits.processes:
            raise LimitError(f"started more than {limits.processes} processes")
        processes = [process for number in numbers if (process := read_process(proc, number))]
        if sum(process.threads for process in processes) > limits.tasks:
            raise LimitError(f"started more than {limits.tasks} processes and threads")
        rest = limits.memory - sum(map(_read_used, in_memory))
        # Pages that several share count for each of them in what is resident, which is quick to read.
        if sum(process.resident for process in processes) > rest and (
            sum(_read_share(proc, process) for process in processes) > rest
        ):
            raise LimitError(f"used more than {render_bytes(limits.memory)} of memory")

    def check_disk(self, *, is_last: bool = False) -> None:
        """Looks at the folders. Counting files takes long, so it is done seldom, unless a file system fills up.

        :raises LimitError: if too much was written to them.
        """
        limit, now = self.limits.disk, time.monotonic()
        is_filling = any(
            free - free_now > limit or (files - files_now) * _BLOCK > limit
            for (free, files), (free_now, files_now) in zip(
                self._free.values(), map(_read_free, self._free), strict=True
            )
        )
        since = now - self._counted
        if since < 4 * self._count_took or not (
            is_filling or is_last or since > max(_COUNT_SECONDS, 100 * self._count_took)
        ):
            return
        written = written_bytes(self.folders, self._began)
        self._counted, self._count_took = now, time.monotonic() - now
        if written > limit:
            raise LimitError(f"wrote more than {render_bytes(limit)}")


def written_bytes(folders: Iterable[Path], since: float) -> int:
    """The space taken by the files below *folders* that were written or made after *since* (a time)."""
    total = 0
    for folder in folders:
        for status in _walk(folder):
            # The time of the last change of status is the system's; a program cannot set it.
            if status.st_ctime >= since - _CLOCK_SECONDS:
                total += max(status.st_blocks * 512, _BLOCK)
    return total


def _walk(folder: Path) -> Iterator[os.stat_result]:
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            with contextlib.suppress(OSError):
                yield entry.stat(follow_symlinks=False)
                if entry.is_dir(follow_symlinks=False):
                    yield from _walk(Path(entry.path))


def _read_free(folder: Path) -> tuple[int, int]:
    """The bytes and the number of files that are free where *folder* lies."""
    try:
        status = os.statvfs(folder)
    except (OSError, AttributeError):
        return 0, 0
    return status.f_bfree * status.f_frsize, status.f_ffree


def _read_used(folder: Path) -> int:
    """The bytes that a file system in memory takes, with what the system keeps for each file."""
    try:
        status = os.statvfs(folder)
    except OSError:
        return 0
    return (status.f_blocks - status.f_bfree) * status.f_frsize + (status.f_files - status.f_ffree) * 1024


def _read_share(proc: Path, process: Process) -> int:
    """The memory of a process in bytes, where pages that several share are divided among them."""
    with contextlib.suppress(OSError, ValueError):
        for line in (proc / str(process.number) / "smaps_rollup").read_bytes().splitlines():
            if line.startswith(b"Pss:"):
                return int(line.split()[1]) << 10
    return process.resident


def set_limits(number: int, limits: Limits) -> None:
    """Sets what the system itself limits for a process and what it will start: no core files, no file too large.

    The first is a whole limit's worth for each process, so the watch stays needed.
    """
    import resource

    values = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_FSIZE: limits.disk + _MARGIN * _BLOCK,
        resource.RLIMIT_NPROC: limits.tasks + _MARGIN,
    }
    with contextlib.suppress(ProcessLookupError):
        for name, value in values.items():
            hard = resource.prlimit(number, name)[1]
            bound = value if hard == resource.RLIM_INFINITY else min(value, hard)
            resource.prlimit(number, name, (bound, bound))
    # When memory is short for the whole machine, the system shall end this first.
    with contextlib.suppress(OSError):
        Path(f"/proc/{number}/oom_score_adj").write_text("1000")


class _Output:
    """What a program prints, kept up to a *limit*."""

    def __init__(self, pipe: IO[bytes], limit: int) -> None:
        self.pipe = pipe
        self.limit = limit
        self.data = bytearray()
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            while len(self.data) <= self.limit and (chunk := os.read(self.pipe.fileno(), 1 << 16)):
                self.data += chunk


def attend(
    child: subprocess.Popen[bytes],
    limits: Limits,
    check: Callable[[], None],
    end: Callable[[], None],
    on_tick: Callable[[], None] | None,
    pause: float,
) -> Completed:
    """Waits for *child*, whose outputs are pipes; calls *check* each *pause* (seconds), *on_tick* now and then.

    *end*, which ends all that it started, is called in any case.

    :raises LimitError: if it takes too long or prints too much, or *check* does.
    """
    assert child.stdout and child.stderr
    began = ticked = time.monotonic()
    outputs = (_Output(child.stdout, limits.output), _Output(child.stderr, limits.output))
    try:
        while child.poll() is None:
            _wait(child, outputs, pause)
            now = time.monotonic()
            check()
            if any(len(output.data) > limits.output for output in outputs):
                raise LimitError(f"printed more than {render_bytes(limits.output)}")
            if now - began > limits.seconds:
                raise LimitError(f"ran for more than {limits.seconds:g} seconds")
            if on_tick and now - ticked >= _TICK_SECONDS:
                ticked = now
                on_tick()
    finally:
        end()
        for output in outputs:
            output.thread.join(1)
            if not output.thread.is_alive():
                output.pipe.close()
    if any(len(output.data) > limits.output for output in outputs):
        raise LimitError(f"printed more than {render_bytes(limits.output)}")
    code = child.returncode if child.returncode >= 0 else 128 - child.returncode
    stdout, stderr = (bytes(output.data) for output in outputs)
    return Completed(code, stdout, stderr, time.monotonic() - began)


def _wait(child: subprocess.Popen[bytes], outputs: Sequence[_Output], pause: float) -> None:
    """Waits a moment, and no longer than the program runs: the end of its outputs tells that at once."""
    until = time.monotonic() + pause
    for output in outputs:
        output.thread.join(max(until - time.monotonic(), 0))
    with contextlib.suppress(subprocess.TimeoutExpired):
        child.wait(max(until - time.monotonic(), 0))
