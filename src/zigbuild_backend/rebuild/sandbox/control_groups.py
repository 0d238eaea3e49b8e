"""Control groups: limits that the system keeps for all processes of a run together.

They are made where this process may make them: as root, or by an ordinary user whose session systemd manages. There the
system counts itself, and gives all processes of the run no more time than it gives this one.
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
    """One group, as folders by controller: version 1 has one for each, version 2 one for all."""

    limits: Limits
    folders: Mapping[str, Path]

    def add(self, process: int) -> None:
        """Puts a process into the group, with all that it will start."""
        for folder in set(self.folders.values()):
            with contextlib.suppress(OSError):
                (folder / "cgroup.procs").write_text(str(process))

    def check(self) -> None:
        """Asks whether the system had to refuse something.

        :raises LimitError: if so.
        """
        if (folder := self.folders.get("pids")) and _read_count(folder / "pids.events", "max"):
            raise LimitError(f"started more than {self.limits.tasks} processes and threads")
        if (folder := self.folders.get("memory")) and any(
            _read_count(folder / name, "oom_kill") for name in ("memory.events", "memory.oom_control")
        ):
            raise LimitError(f"used more than {render_bytes(self.limits.memory)} of memory")


@contextlib.contextmanager
def control_group(limits: Limits) -> Iterator[ControlGroup]:
    """A new group with these limits, as far as one can be made; it has to be empty again at the end."""
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
    """Where a group could be made, by controller: what *membership* (/proc/self/cgroup) says of the hierarchies."""
    parents: dict[str, Path] = {}
    for line in membership.splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers:
            parents.update({name: root / name / path[1:] for name in controllers.split(",")})
        elif (root / "cgroup.controllers").is_file():
            # Of version 2: a group that holds processes hands on no controllers, so the new one stands beside ours.
            parent = (root / path[1:]).parent if path != "/" else root
            with contextlib.suppress(OSError):
                names = (parent / "cgroup.subtree_control").read_text().split()
                parents.update(dict.fromkeys(names, parent))
    return parents


def _make(folder: Path) -> bool:
    """Makes the group, unless it is there; says whether it is. Goes on to bury what processes that were killed left."""
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
    """Removes the group; the system may need a moment to let go of its last process."""
    for _ in range(100):
        with contextlib.suppress(OSError):
            folder.rmdir()
        if not folder.exists():
            break
        time.sleep(0.001)


def _read_count(file: Path, name: str) -> int:
    """The number that stands behind *name* in a file of such lines; 0 if there is none."""
    with contextlib.suppress(OSError):
        for line in file.read_text().splitlines():
            key, _, value = line.partition(" ")
            if key == name:
                return int(value)
    return 0
