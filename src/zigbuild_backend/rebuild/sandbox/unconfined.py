"""Runs a program that the user trusts, within limits, but with access to the whole machine."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from ...core.base.errors import ToolchainError
from .command import Command, CompletedCommand
from .limits import DEFAULT_LIMITS, LimitError, Limits
from .processes import Process, descendants, list_processes, read_process, set_limits
from .watch import Watch, supervise

_PAUSE = 0.2
"""Seconds between two checks, each of which reads all processes of the machine."""

_PROC = Path("/proc")


@dataclass(frozen=True)
class Unconfined:
    """No sandbox: commands run in a session of their own.

    Memory and processes are limited on Linux; time, disk and output everywhere.
    """

    limits: Limits = DEFAULT_LIMITS

    def run(self, command: Command, on_tick: Callable[[], None] | None = None) -> CompletedCommand:
        """Run *command*, which may read all that this process may: see :meth:`.Sandbox.run`."""
        watch = Watch(self.limits, tuple(command.writable))
        try:
            child = subprocess.Popen(
                command.arguments,
                cwd=command.cwd,
                env=command.environ,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
                umask=-1 if sys.platform == "win32" else command.umask,
            )
        except OSError as error:
            raise ToolchainError(f"cannot be started: {error.strerror}", where=str(command.arguments[0])) from error
        family = _ProcessTree(child)
        try:
            if sys.platform == "linux":
                set_limits(child.pid, self.limits, is_apart=False)

            def check() -> None:
                watch.check_processes([process.number for process in family.read()], _PROC)
                watch.check_disk()

            completed = supervise(child, self.limits, check, family.end, on_tick, _PAUSE)
            watch.check_disk(is_suspect=completed.returncode != 0)
        except LimitError as error:
            raise LimitError(error.problems[0].message, where=str(command.arguments[0])) from None
        return completed


@dataclass
class _ProcessTree:
    """A program and all processes that it was seen to start, including those that have left its session."""

    child: subprocess.Popen[bytes]
    known: dict[int, Process] = field(default_factory=dict)

    def read(self) -> tuple[Process, ...]:
        """Return the processes that run now; none if the system does not show them."""
        found = (read_process(_PROC, number) for number in list_processes(_PROC))
        there = {process.number: process for process in found if process}
        roots = [old.number for old in self.known.values() if old.is_same(there.get(old.number))]
        if self.child.returncode is None:
            roots.append(self.child.pid)
        self.known = {process.number: process for root in roots for process in descendants(there, root)}
        return tuple(process for process in self.known.values() if process.state not in "ZX")

    def end(self) -> None:
        """Kill them all."""
        if sys.platform == "win32":
            subprocess.run(["taskkill", "/f", "/t", "/pid", str(self.child.pid)], capture_output=True, check=False)
        else:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.child.pid, signal.SIGKILL)
            while family := self.read():
                for process in family:
                    with contextlib.suppress(ProcessLookupError, PermissionError):
                        os.kill(process.number, signal.SIGKILL)
                time.sleep(0.001)
        self.child.wait()
