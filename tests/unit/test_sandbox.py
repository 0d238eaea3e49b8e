"""The parts of the sandbox that need none: what is read of processes, files and groups, and how filters decide."""

from __future__ import annotations

import errno
import os
import struct
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from projects import write_files
from zigbuild_backend.rebuild.sandbox.bubblewrap import _links_along
from zigbuild_backend.rebuild.sandbox.control_groups import ControlGroup, find_parents
from zigbuild_backend.rebuild.sandbox.limits import LimitError, Limits, render_bytes
from zigbuild_backend.rebuild.sandbox.processes import Process, descendants, parse_stat, read_process
from zigbuild_backend.rebuild.sandbox.seccomp import render_filter
from zigbuild_backend.rebuild.sandbox.watch import Watch, written_bytes

linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux shows its processes and groups as files")


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 bytes"),
        (1, "1 bytes"),
        (1024, "1 KiB"),
        (1025, "1025 bytes"),
        (6 << 30, "6 GiB"),
        (1536 << 20, "1536 MiB"),
    ],
)
def test_sizes(size: int, text: str) -> None:
    assert render_bytes(size) == text


def test_tasks_leave_room_for_threads() -> None:
    assert Limits(processes=100).tasks == 100 + 4 * (os.cpu_count() or 1) ** 2


def stat_line(name: str, state: str = "S", parent: int = 7) -> bytes:
    middle = " ".join("0" for _ in range(15))
    return f"42 ({name}) {state} {parent} {middle} 3 0 12345 999999 25 18446744073709551615".encode()


@pytest.mark.parametrize("name", ["python3", "a b", "x) R 1 (", "", ") ) )", "(("])
def test_process_of_any_name(name: str) -> None:
    assert parse_stat(42, stat_line(name)) == Process(42, "S", 7, 3, 12345, 25 * 4096)


@linux
def test_own_process() -> None:
    process = read_process(Path("/proc"), os.getpid())
    assert process
    assert (process.number, process.parent, process.state) == (os.getpid(), os.getppid(), "R")
    assert process.resident > 1 << 20
    assert process.is_running(Path("/proc"))


@linux
def test_process_that_ended_is_not_running() -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    process = read_process(Path("/proc"), child.pid)
    assert process
    while process.is_running(Path("/proc")):
        time.sleep(0.01)
    assert read_process(Path("/proc"), child.pid) is not None, "nobody has asked yet how it ended"
    child.wait()
    assert read_process(Path("/proc"), child.pid) is None


def test_number_that_was_given_again_is_another_process() -> None:
    one, other = Process(5, "S", 1, 1, 100, 0), Process(5, "R", 2, 3, 200, 0)
    assert not one.is_same(other)
    assert not one.is_same(None)
    assert one.is_same(Process(5, "Z", 9, 1, 100, 7))


def test_descendants() -> None:
    parents = {1: 0, 10: 1, 11: 10, 12: 11, 13: 10, 20: 1, 21: 20}
    there = {number: Process(number, "S", parent, 1, 0, 0) for number, parent in parents.items()}
    assert {process.number for process in descendants(there, 10)} == {10, 11, 12, 13}
    assert descendants(there, 99) == ()


def test_written_bytes_counts_what_is_new(tmp_path: Path) -> None:
    write_files(tmp_path, {"old/large": "x" * 100_000})
    time.sleep(0.05)
    since = time.time()
    assert written_bytes([tmp_path], since) == 0
    write_files(tmp_path / "new", {"large": "x" * 100_000, "tiny": "x", "empty": ""})
    os.utime(tmp_path / "new" / "large", (0, 0))
    (tmp_path / "link").symlink_to("/")
    (tmp_path / "round").symlink_to(tmp_path)
    blocks = 25 + 2  # the large file, and one for each of the small
    folders = 1  # the new one
    links = 2
    assert written_bytes([tmp_path], since) == (blocks + folders + links) * 4096
    assert written_bytes([tmp_path / "nosuch"], since) == 0


def test_deep_folders_are_counted_or_refused(tmp_path: Path) -> None:
    """A file that no path can name is counted."""
    here = os.open(tmp_path, os.O_RDONLY)
    for _ in range(30):
        os.mkdir("x" * 200, dir_fd=here)
        below = os.open("x" * 200, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    with pytest.raises(LimitError, match="cannot be counted: File name too long"):
        written_bytes([tmp_path], 0)
    subprocess.run(["rm", "-r", tmp_path / ("x" * 200)], check=True)


def test_watch_over_the_disk(tmp_path: Path) -> None:
    watch = Watch(Limits(disk=50_000), (tmp_path,))
    watch.check_disk(is_suspect=True)
    write_files(tmp_path, {"x": "x" * 100_000})
    with pytest.raises(LimitError) as error:
        watch.check_disk(is_suspect=True)
    assert str(error.value) == "wrote more than 50000 bytes"


def test_disk_that_is_short() -> None:
    with pytest.raises(LimitError, match="of disk to the machine"):
        Watch(Limits(spare_disk=1 << 60), (Path("/"),)).check_disk()


@linux
def test_memory_that_is_short() -> None:
    with pytest.raises(LimitError, match="left less than 1073741824 GiB of memory to the machine"):
        Watch(Limits(spare_memory=1 << 60), ()).check_processes([os.getpid()], Path("/proc"))


@linux
def test_groups_of_version_1(tmp_path: Path) -> None:
    membership = "9:name=systemd:/\n8:pids:/user\n4:memory:/\n2:cpu,cpuacct:/a:b\n0::/\n"
    parents = find_parents(tmp_path, membership)
    assert {name: parents[name].relative_to(tmp_path).as_posix() for name in ("pids", "memory", "cpu")} == {
        "pids": "pids/user",
        "memory": "memory",
        "cpu": "cpu/a:b",
    }


@linux
@pytest.mark.parametrize(
    ("path", "parent"),
    [("/user.slice/app.slice/shell.scope", "user.slice/app.slice"), ("/system.slice", "."), ("/", ".")],
)
def test_groups_of_version_2_stand_beside_ours(path: str, parent: str, tmp_path: Path) -> None:
    write_files(
        tmp_path,
        {"cgroup.controllers": "cpuset cpu io memory pids", f"{parent}/cgroup.subtree_control": "memory pids\n"},
    )
    assert find_parents(tmp_path, f"0::{path}\n") == dict.fromkeys(["memory", "pids"], tmp_path / parent)


def test_groups_that_hand_on_no_controllers(tmp_path: Path) -> None:
    write_files(tmp_path, {"cgroup.controllers": "memory pids", "cgroup.subtree_control": "\n"})
    assert find_parents(tmp_path, "0::/\n") == {}
    assert find_parents(tmp_path, "0::/../../other\n") == {}


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"pids.events": "max 0\n", "memory.events": "low 0\noom_kill 0\n"}, ""),
        ({}, ""),
        ({"pids.events": "max 3\n"}, "started more than 104 processes and threads"),
        (
            {"memory.events": "low 0\nhigh 0\nmax 9\noom 2\noom_kill 1\noom_group_kill 1\n"},
            "used more than 1 GiB of memory",
        ),
        ({"memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n"}, "used more than 1 GiB of memory"),
    ],
)
def test_what_a_group_had_to_refuse(
    files: dict[str, str], reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    write_files(tmp_path, files)
    group = ControlGroup(Limits(memory=1 << 30, processes=100), {"pids": tmp_path, "memory": tmp_path})
    found = ""
    try:
        group.check()
    except LimitError as error:
        found = str(error)
    assert found == reason


def decide(program: bytes, number: int, architecture: int, argument: int = 0) -> int:
    """Carry out the instructions of a filter, as the system would."""
    words: Mapping[int, int] = {0: number, 4: architecture, 16: argument}
    instructions = list(struct.iter_unpack("=HBBI", program))
    position = loaded = 0
    while True:
        code, if_true, if_false, constant = instructions[position]
        position += 1
        if code == 0x20:
            loaded = words[constant]
        elif code == 0x06:
            return constant
        else:
            is_so = loaded == constant if code == 0x15 else loaded >= constant
            position += if_true if is_so else if_false


ALLOW, NO_CALL, NO_FAMILY = 0x7FFF0000, 0x50000 + errno.ENOSYS, 0x50000 + errno.EAFNOSUPPORT


@pytest.mark.parametrize(
    ("machine", "architecture", "socket", "keyctl"),
    [("x86_64", 0xC000003E, 41, 250), ("aarch64", 0xC00000B7, 198, 219), ("riscv64", 0xC00000F3, 198, 219)],
)
def test_filter(machine: str, architecture: int, socket: int, keyctl: int) -> None:
    program = render_filter(machine)
    for family in range(50):
        expected = ALLOW if family in (1, 2, 10, 16) else NO_FAMILY
        assert decide(program, socket, architecture, family) == expected
    refused = [number for number in range(500) if decide(program, number, architecture, 2) != ALLOW]
    assert len(refused) == 8
    assert {keyctl, 425} <= set(refused)
    assert {decide(program, number, architecture) for number in refused} == {NO_CALL}
    assert decide(program, 0, 0x40000003) == NO_CALL, "programs of 32 bits"
    assert decide(program, 0x40000000, architecture) == NO_CALL
    assert decide(program, 0xFFFFFFFF, architecture) == NO_CALL


def test_machine_without_filter() -> None:
    assert render_filter("s390x") == b""


def test_links_along_a_path(tmp_path: Path) -> None:
    root = tmp_path.resolve()
    write_files(root, {"versions/3.13.1/bin/python3.13": ""})
    (root / "versions" / "3.13").symlink_to("3.13.1")
    (root / "versions" / "3.13.1" / "bin" / "python").symlink_to("./python3.13")
    (root / "current").symlink_to(root / "versions" / "3.13")
    (root / "up").symlink_to("versions/../current")
    path = root / "up" / "bin" / "python"
    assert list(_links_along(path)) == [
        (root / "up", Path("versions/../current")),
        (root / "current", root / "versions" / "3.13"),
        (root / "versions" / "3.13", Path("3.13.1")),
        (root / "versions" / "3.13.1" / "bin" / "python", Path("python3.13")),
    ]
    assert list(_links_along(path.resolve())) == []
