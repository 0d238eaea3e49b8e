"""Control groups: limits that the system enforces on all processes of a run together.

Root can make them, and a user whose session systemd manages. The processes of a group share the processor time that the
system gives to this process.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from .limits import LimitError, Limits, render_bytes

_ROOT = Path("/sys/fs/cgroup")
_PREFIX = "zigbuild-"
_numbers = itertools.count()


@dataclass(frozen=True)
class ControlGroup:
    """The folders of a group by controller: version 1 has one for each controller, version 2 one for all."""

    limits: Limits
    folders: Mapping[str, Path]

    def add(self, process: int) -> None:
        """Put a process into the group, with all processes that it will start."""
        for folder in set(self.folders.values()):
            with contextlib.suppress(OSError):
                (folder / "cgroup.procs").write_text(str(process))

    def check(self) -> None:
        """Check the counters of refusals.

        :raises LimitError: if the system refused a process or memory.
        """
        if (folder := self.folders.get("pids")) and _read_count(folder / "pids.events", "max"):
            raise LimitError(f"started more than {self.limits.tasks} processes and threads")
        if (folder := self.folders.get("memory")) and any(
            _read_count(folder / name, "oom_kill") for name in ("memory.events", "memory.oom_control")
        ):
            raise LimitError(f"used more than {render_bytes(self.limits.memory)} of memory")


@contextlib.contextmanager
def control_group(limits: Limits) -> Iterator[ControlGroup]:
    """Make a group with *limits*, as far as the system allows; its processes must have ended with the context."""
    settings = {
        "pids": {"pids.max": limits.tasks},
        "memory": {"memory.max": limits.memory, "memory.limit_in_bytes": limits.memory, "memory.oom.group": 1},
        "cpu": {},
    }
    name = f"{_PREFIX}{os.getpid()}-{next(_numbers)}"
    folders = {}
    for controller, parent in find_parents(_ROOT, Path("/proc/self/cgroup").read_text()).items():
        if controller in settings and _make(parent / name):
            folders[controller] = parent / name
            for file, value in settings[controller].items():
                with contextlib.suppress(OSError):
                    if (parent / name / file).exists():
                        (parent / name / file).write_text(str(value))
    try:
        yield ControlGroup(limits, folders)
    finally:
        for folder in set(folders.values()):
            _remove(folder)


def find_parents(root: Path, membership: str) -> dict[str, Path]:
    """Return the folders in which a group can be made, by controller; *membership* is the text of /proc/self/cgroup."""
    parents: dict[str, Path] = {}
    for line in membership.splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers:
            parents.update({name: root / name / path[1:] for name in controllers.split(",")})
        elif (root / "cgroup.controllers").is_file():
            # Version 2: a group that has processes cannot have children with controllers, so the new one is a sibling.
            parent = (root / path[1:]).parent if path != "/" else root
            with contextlib.suppress(OSError):
                names = (parent / "cgroup.subtree_control").read_text().split()
                parents.update(dict.fromkeys(names, parent))
    return parents


def _make(folder: Path) -> bool:
    """Make the group; return whether it exists. Remove the empty groups of processes that were killed."""
    try:
        folder.mkdir(exist_ok=True)
    except OSError:
        return False
    for other in folder.parent.glob(f"{_PREFIX}*-*"):
        if not Path("/proc", other.name[len(_PREFIX) :].partition("-")[0]).exists():
            with contextlib.suppress(OSError):
                other.rmdir()
    return True


def _remove(folder: Path) -> None:
    """Remove the group; the system may need a moment to release its last process."""
    for _ in range(100):
        with contextlib.suppress(OSError):
            folder.rmdir()
        if not folder.exists():
            break
        time.sleep(0.001)


def _read_count(file: Path, name: str) -> int:
    """Return the number of *name* in a file with lines ``NAME NUMBER``; 0 if there is none."""
    with contextlib.suppress(OSError):
        for line in file.read_text().splitlines():
            key, _, value = line.partition(" ")
            if key == name:
                return int(value)
    return 0
