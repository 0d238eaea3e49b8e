"""The programs that run code for a target."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from zigbuild_backend.core.base.host import find_host_target
from zigbuild_backend.core.base.targets import TARGETS, find_target
from zigbuild_backend.testing.runners import find_runner


def make_programs(folder: Path, *names: str) -> dict[str, str]:
    for name in names:
        (folder / name).touch(mode=0o755)
    return {"PATH": str(folder)}


def test_this_machine_runs_its_own() -> None:
    assert find_runner(find_host_target(), {}) == "native"


@pytest.mark.skipif(sys.platform != "linux", reason="qemu runs programs of Linux on Linux")
@pytest.mark.parametrize(
    ("program", "target"),
    [
        ("qemu-s390x", "manylinux_2_17_s390x"),
        ("qemu-s390x-static", "musllinux_1_2_s390x"),
        ("qemu-ppc64le", "manylinux_2_17_ppc64le"),
        ("qemu-arm", "manylinux_2_17_armv7l"),
        ("qemu-i386-static", "musllinux_1_2_i686"),
    ],
)
def test_qemu(tmp_path: Path, program: str, target: str) -> None:
    assert find_runner(find_target(target), {"PATH": ""}) == ""
    assert find_runner(find_target(target), make_programs(tmp_path, program)) == "qemu"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows needs no wine")
@pytest.mark.parametrize(
    ("program", "runners"),
    [("wine", ["wine", "wine", ""]), ("wine64", ["", "wine", ""]), ("", ["", "", ""])],
)
def test_wine(tmp_path: Path, program: str, runners: list[str]) -> None:
    environ = make_programs(tmp_path, program) if program else {}
    windows = [target for target in TARGETS if target.is_windows]
    assert [find_runner(target, environ) for target in windows] == runners
