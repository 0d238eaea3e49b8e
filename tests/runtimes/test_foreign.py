"""Wheels that were compiled here are imported by CPythons of other platforms, which others built.

The module that they hold compares the sizes of CPython's structs in its headers with those of the interpreter.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from foreign import WINDOWS_SDISTS, ForeignPython, debian_python, windows_python, wine_environ
from projects import render_module, render_pyproject, write_files

PROBE = Path(__file__).parent / "probe"

REPORT = """
import json, os, sys
sys.path.insert(0, os.getcwd())
import abi_probe
number, wide, real, content = abi_probe.convert(-21, 2**40 + 1, 5.0, b"\\0\\xff")
print(json.dumps({
    "python": list(sys.version_info[:2]),
    "platform": getattr(sys.implementation, "_multiarch", sys.platform),
    "byteorder": sys.byteorder,
    "headers": abi_probe.headers,
    "sizes": abi_probe.sizes(),
    "converted": [number, wide, real, list(content)],
    "data": abi_probe.data() == (True, None, KeyError),
    "layout": abi_probe.layout() if hasattr(abi_probe, "layout") else {},
}))
"""
"""The code that a foreign Python runs, in the folder of an unpacked wheel."""

DEBIANS = {
    "manylinux_2_17_aarch64": ("arm64", "aarch64", "aarch64-linux-gnu", "little", 8),
    "manylinux_2_17_armv7l": ("armhf", "arm", "arm-linux-gnueabihf", "little", 4),
    "manylinux_2_17_s390x": ("s390x", "s390x", "s390x-linux-gnu", "big", 8),
}
"""Platform tag: Debian's and qemu's word for the architecture; the platform, byte order and size of a pointer there."""


def build_wheel(project: Path, identifier: str, folder: Path) -> Path:
    """Return a folder with the content of one wheel of *project*."""
    out = folder / "wheels"
    command = [sys.executable, "-m", "zigbuild_backend", "wheels", project, "--only", identifier, "--out", out]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    if done.returncode == 5:
        pytest.skip(f"no headers for {identifier}: {done.stderr}")
    assert done.returncode == 0, done.stderr
    (wheel,) = out.glob(f"*-{identifier.rpartition('-')[2]}.whl")
    content = folder / identifier
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(content)
    return content


def ask(python: ForeignPython, wheel: Path) -> dict[str, Any]:
    """Return the report of the probe in the folder *wheel*, and assert that values pass through it unchanged."""
    report: dict[str, Any] = json.loads(python.run(REPORT, wheel))
    assert report["converted"] == [-42, 2**41 + 2, 2.5, [0, 255]]
    assert report["data"]
    return report


def find_mismatches(report: Mapping[str, Any]) -> dict[str, list[int]]:
    """Struct: the interpreter's size and the headers', where they differ."""
    return {name: pair for name, pair in report["layout"].items() if pair[0] != pair[1]}


@pytest.mark.parametrize("tag", DEBIANS)
def test_debian(tag: str, tmp_path: Path) -> None:
    architecture, qemu, platform, byteorder, pointer = DEBIANS[tag]
    with debian_python(architecture, qemu) as python:
        report = ask(python, build_wheel(PROBE, f"cp311-{tag}", tmp_path))
    assert find_mismatches(report) == {}
    assert len(report["layout"]) == 15
    assert report["python"] == [3, 11]
    assert report["headers"].startswith("3.11.")
    assert (report["platform"], report["byteorder"]) == (platform, byteorder)
    assert report["sizes"] == {"pointer": pointer, "long": pointer, "wchar_t": 4, "time_t": pointer}


def test_the_probe_sees_the_headers_of_another_python(tmp_path: Path) -> None:
    tag = "manylinux_2_17_aarch64"
    content = build_wheel(PROBE, f"cp310-{tag}", tmp_path)
    (module,) = content.glob("*.so")
    module.rename(content / "abi_probe.so")
    with debian_python(*DEBIANS[tag][:2]) as python:
        mismatches = find_mismatches(ask(python, content))
    assert mismatches.keys() >= {"PyHeapTypeObject", "PyFunctionObject"}


@pytest.fixture(scope="module")
def wine() -> Iterator[Mapping[str, str]]:
    with wine_environ() as environ:
        yield environ


def assert_windows(report: Mapping[str, Any], minor: int) -> None:
    assert report["python"] == [3, minor]
    assert (report["platform"], report["byteorder"]) == ("win32", "little")
    assert report["sizes"] == {"pointer": 8, "long": 4, "wchar_t": 2, "time_t": 8}


@pytest.mark.parametrize("minor", WINDOWS_SDISTS)
def test_windows(minor: int, wine: Mapping[str, str], tmp_path: Path) -> None:
    python = windows_python(minor, tmp_path / "python", wine)
    report = ask(python, build_wheel(PROBE, f"cp3{minor}-win_amd64", tmp_path))
    assert find_mismatches(report) == {}
    assert len(report["layout"]) == 15
    assert report["headers"].startswith(f"3.{minor}.")
    assert_windows(report, minor)


def test_one_wheel_of_the_stable_abi_in_every_windows_python(wine: Mapping[str, str], tmp_path: Path) -> None:
    project = shutil.copytree(PROBE, tmp_path / "project")
    with (project / "pyproject.toml").open("a") as settings:
        settings.write('stable-abi = "cp310"\n')
    wheel = build_wheel(project, "cp310-abi3-win_amd64", tmp_path)
    for minor in (10, 11, 12, 13):
        report = ask(windows_python(minor, tmp_path / "pythons", wine), wheel)
        assert report["layout"] == {}
        assert report["headers"].startswith("3.10.")
        assert_windows(report, minor)


RUNTIME = """\
#include <math.h>
#include <string.h>

static volatile size_t size = 100000;
static volatile double number = -2.5;

static long use_memory(void)
{
    char first[100000], second[100000];
    memset(first, 'x', size);
    memmove(first + 1, first, size / 2);
    memcpy(second, first, size);
    second[size - 1] = 0;
    return (long)strlen(second) + !memcmp(first, second, size - 1);
}

static long use_numbers(void)
{
    float small = (float)number;
    double sum = floor(number) + ceil(number) + trunc(number) + round(number) + fmod(number, 2) + sqrt(-number * 10);
    float other = floorf(small) + ceilf(small) + truncf(small) + roundf(small) + fmodf(small, 2) + sqrtf(-small * 10);
    return (long)(sum * 10) * 1000 + (long)(other * 10);
}
"""
"""C that calls each function of the runtime source of 64-bit Windows; its frames are larger than a page."""

NEEDS_COMPILER_RT = """\
static long divide(void)
{
    __int128 dividend = (__int128)size * size * size * size;
    return (long)(dividend / (__int128)(size * size * 10)) + (sin(number) < 0);
}
"""


@pytest.mark.parametrize(("needs_compiler_rt", "limit"), [(False, 16_000), (True, 90_000)])
def test_a_windows_module_has_of_the_runtime_what_it_calls(
    needs_compiler_rt: bool, limit: int, wine: Mapping[str, str], tmp_path: Path
) -> None:
    functions = {"memory": "PyLong_FromLong(use_memory())", "numbers": "PyLong_FromLong(use_numbers())"}
    if needs_compiler_rt:
        functions["division"] = "PyLong_FromLong(divide())"
    code = render_module("spam", *functions.items(), head=RUNTIME + NEEDS_COMPILER_RT * needs_compiler_rt)
    table = '[[tool.zigbuild.extension]]\nname = "spam"\nsources = ["spam.c"]\n'
    project = write_files(tmp_path / "project", {"pyproject.toml": render_pyproject("spam", table), "spam.c": code})
    wheel = build_wheel(project, "cp313-win_amd64", tmp_path)
    (module,) = wheel.glob("*.pyd")
    assert module.stat().st_size < limit
    asked = "import json, os, sys; sys.path.insert(0, os.getcwd()); import spam; "
    asked += f"print(json.dumps([spam.{'(), spam.'.join(functions)}()]))"
    found = json.loads(windows_python(13, tmp_path / "python", wine).run(asked, wheel))
    assert found == [100000, -55055, *([1000000001] if needs_compiler_rt else [])]
