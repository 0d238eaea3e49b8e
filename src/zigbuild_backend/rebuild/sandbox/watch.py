"""Watches a running program several times a second: its time, memory, processes, disk and output.

The resource limits of the system are not enough: each holds for one process, and the limit on processes does not bind
root. Control groups would be enough, but not every user can make them.
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
"""The shortest time between two counts of files, unless a file system fills up."""

_CLOCK_SECONDS = 0.02
"""The lag of the times in a file system behind the clock."""


@dataclass
class Watch:
    """Checks that a run is within its *limits*. The processes' use of memory is known only on Linux."""

    limits: Limits
    folders: tuple[Path, ...]
    """The writable folders."""

    _was_over: bool = False
    _began: float = field(default_factory=time.time)
    _free: dict[Path, tuple[int, int]] = field(default_factory=dict)
    _counted: float = field(default_factory=time.monotonic)
    _count_took: float = 0

    def __post_init__(self) -> None:
        self._free = {folder: _read_free(folder) for folder in self.folders}

    def check_processes(self, numbers: Sequence[int], proc: Path, in_memory: Iterable[Path] = ()) -> None:
        """Check the processes with these *numbers* in *proc*, and their file systems *in_memory*.

        :raises LimitError: if they are too many or use too much memory.
        """
        limits = self.limits
        if len(numbers) > limits.processes:
            raise LimitError(f"started more than {limits.processes} processes")
        processes = [process for number in numbers if (process := read_process(proc, number))]
        if sum(process.threads for process in processes) > limits.tasks:
            raise LimitError(f"started more than {limits.tasks} processes and threads")
        rest = limits.memory - sum(map(read_used, in_memory))
        # Resident memory is quick to read, but counts shared pages for each process. Shares change while they are
        # read, so two checks in a row must fail.
        is_over = sum(process.resident for process in processes) > rest and (
            sum(read_share(proc, process) for process in processes) > rest
        )
        if is_over and self._was_over:
            raise LimitError(f"used more than {render_bytes(limits.memory)} of memory")
        self._was_over = is_over
        if read_available_memory(proc) < limits.spare_memory:
            raise LimitError(f"left less than {render_bytes(limits.spare_memory)} of memory to the machine")

    def check_disk(self, *, is_suspect: bool = False) -> None:
        """Check the writable folders. Files are counted seldom, since that takes long, unless a file system fills up.

        *is_suspect* says that the program failed, so a limit may be the reason.

        :raises LimitError: if too much was written to the folders.
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
    """Return the bytes of the files below *folders* that were written or made after the time *since*.

    :raises LimitError: if the files of a folder cannot be listed, for its mode or for the length of its path.
    """
    total, rest = 0, list(map(str, folders))
    while rest:
        folder = rest.pop()
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    with contextlib.suppress(FileNotFoundError):
                        status = entry.stat(follow_symlinks=False)
                        # A program cannot set the time of the last change of status.
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
    """Return the free bytes and the free number of files of the file system of *folder*."""
    try:
        status = os.statvfs(folder)
    except (OSError, AttributeError):
        return sys.maxsize, 0
    return status.f_bavail * status.f_frsize, status.f_favail


class _Output:
    """The output of a program, kept up to a *limit*."""

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
    """Wait for *child*, whose outputs are pipes; call *check* every *pause* seconds, and *on_tick* less often.

    *end* is called in any case; it must end all processes of *child*.

    :raises LimitError: if the program takes too long or prints too much, or if *check* raises it.
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
    """Return whether the program ends within *pause* seconds, and as soon as it ends."""
    until = time.monotonic() + pause
    for output in outputs:
        output.thread.join(max(until - time.monotonic(), 0))
    with contextlib.suppress(subprocess.TimeoutExpired):
        child.wait(max(until - time.monotonic(), 0))
    return child.returncode is not None
