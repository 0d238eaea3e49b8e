"""The watch over a running program: its time, memory, processes, disk and output, some times a second.

The system's own resource limits alone don't do: they hold for one process each, and the one on processes does not bind
root. Control groups would, but not everybody may make them.
"""

from __future__ import annotations

import contextlib
import os
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from .command import CompletedCommand
from .limits import LimitError, Limits, render_bytes
from .processes import BLOCK, read_available_memory, read_process, read_share, read_used

_TICK_SECONDS = 0.2
_COUNT_SECONDS = 1
"""How often files are counted, at most, as long as no file system fills up."""

_CLOCK_SECONDS = 0.02
"""How far the time that a file system writes down may lag behind the clock."""


@dataclass
class Watch:
    """Looks whether a run is within its *limits*. Only Linux shows what processes use."""

    limits: Limits
    folders: tuple[Path, ...]
    """Where it may write."""

    _was_over: bool = False
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
        rest = limits.memory - sum(map(read_used, in_memory))
        # Pages that several share count for each of them in what is resident, which is quick to read. Their shares
        # change while they are read, so it takes two looks to be sure.
        is_over = sum(process.resident for process in processes) > rest and (
            sum(read_share(proc, process) for process in processes) > rest
        )
        if is_over and self._was_over:
            raise LimitError(f"used more than {render_bytes(limits.memory)} of memory")
        self._was_over = is_over
        if read_available_memory(proc) < limits.spare_memory:
            raise LimitError(f"left less than {render_bytes(limits.spare_memory)} of memory to the machine")

    def check_disk(self, *, is_suspect: bool = False) -> None:
        """Looks at the folders. Counting files takes long, so it is done seldom, unless a file system fills up.

        *is_suspect* tells that something went wrong, which may come of a limit.

        :raises LimitError: if too much was written to them.
        """
        limit, now = self.limits.disk, time.monotonic()
        is_filling = False
        for folder, (space, files) in self._free.items():
            space_now, files_now = _read_free(folder)
            if space_now < self.limits.spare_disk:
                raise LimitError(f"left less than {render_bytes(self.limits.spare_disk)} of disk to the machine")
            is_filling |= space - space_now > limit or (files - files_now) * BLOCK > limit
        since = now - self._counted
        is_due = since > max(_COUNT_SECONDS, 100 * self._count_took)
        if not (is_suspect or is_due or (is_filling and since >= 4 * self._count_took)):
            return
        written = written_bytes(self.folders, self._began)
        self._counted, self._count_took = now, time.monotonic() - now
        if written > limit:
            raise LimitError(f"wrote more than {render_bytes(limit)}")


def written_bytes(folders: Iterable[Path], since: float) -> int:
    """The space taken by the files below *folders* that were written or made after *since* (a time).

    :raises LimitError: if a folder hides its files, by its mode or by lying deeper than a path can tell.
    """
    total, rest = 0, list(map(str, folders))
    while rest:
        folder = rest.pop()
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    with contextlib.suppress(FileNotFoundError):
                        status = entry.stat(follow_symlinks=False)
                        # The time of the last change of status is the system's; a program cannot set it.
                        if status.st_ctime >= since - _CLOCK_SECONDS:
                            total += max(status.st_blocks * 512, BLOCK)
                        if stat.S_ISDIR(status.st_mode):
                            rest.append(entry.path)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            raise LimitError(f"made a folder whose files cannot be counted: {error.strerror}") from error
    return total


def _read_free(folder: Path) -> tuple[int, int]:
    """The bytes and the number of files that are free where *folder* lies."""
    try:
        status = os.statvfs(folder)
    except (OSError, AttributeError):
        return sys.maxsize, 0
    return status.f_bavail * status.f_frsize, status.f_favail


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


def supervise(
    child: subprocess.Popen[bytes],
    limits: Limits,
    check: Callable[[], None],
    end: Callable[[], None],
    on_tick: Callable[[], None] | None,
    pause: float,
) -> CompletedCommand:
    """Waits for *child*, whose outputs are pipes; calls *check* each *pause* (seconds), *on_tick* now and then.

    *end*, which ends all that it started, is called in any case.

    :raises LimitError: if it takes too long or prints too much, or *check* does.
    """
    assert child.stdout and child.stderr
    began = ticked = time.monotonic()
    outputs = (_Output(child.stdout, limits.output), _Output(child.stderr, limits.output))
    try:
        while not _has_ended(child, outputs, pause):
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
    return CompletedCommand(code, stdout, stderr, time.monotonic() - began)


def _has_ended(child: subprocess.Popen[bytes], outputs: Sequence[_Output], pause: float) -> bool:
    """Whether the program ends within a moment. The end of its outputs tells that at once."""
    until = time.monotonic() + pause
    for output in outputs:
        output.thread.join(max(until - time.monotonic(), 0))
    with contextlib.suppress(subprocess.TimeoutExpired):
        child.wait(max(until - time.monotonic(), 0))
    return child.returncode is not None
