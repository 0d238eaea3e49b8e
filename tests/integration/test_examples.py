"""Tests that each example passes its own tests here, is built for all platforms at once, and is used on some others."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from foreign import ForeignPython, debian_python, windows_python, wine_environ
from machines import ROOT, Venv, assert_auditwheel_agrees, install, make_venv
from zigbuild_backend.core.base.targets import TARGETS
from zigbuild_backend.core.project.project_folder import read_project

EXAMPLES = sorted(path.parent.name for path in (ROOT / "examples").glob("*/pyproject.toml"))
PYTHON = "cp311"
"""The CPython that Debian has for other processors."""

IN_CXX = {"cppy", "cxx", "nanobind", "pybind11"}
SOME_TARGETS = (
    *("manylinux_2_17_x86_64", "manylinux_2_17_aarch64", "manylinux_2_17_s390x", "musllinux_1_2_x86_64"),
    *("macosx_11_0_arm64", "win_amd64"),
)
"""The targets of what is in C++, whose runtime takes a minute each, unless the whole matrix is wanted."""

NEEDS_MORE = {"numpy", "cffi"}
"""The examples that import a compiled package, which the foreign Pythons do not have."""

USE = """
import importlib, os, sys
sys.path.insert(0, os.getcwd())
for name in {names!r}:
    importlib.import_module(name)
print("used")
"""

each_example = pytest.mark.parametrize("name", EXAMPLES)


def list_targets(name: str) -> tuple[str, ...]:
    is_whole = name not in IN_CXX or os.environ.get("ZIGBUILD_WHOLE_MATRIX")
    return tuple(target.platform_tag for target in TARGETS) if is_whole else SOME_TARGETS


def build(name: str, out: Path, *options: str) -> None:
    command = [sys.executable, "-m", "zigbuild_backend", "wheels", ROOT / "examples" / name, "--out", out, "--json"]
    done = subprocess.run([*command, *options], capture_output=True, text=True)
    if done.returncode == 5 and "headers" in done.stderr:
        pytest.skip(f"no headers of {PYTHON}: {done.stderr}")
    assert done.returncode == 0, done.stderr
    assert all(wheel["file"] for wheel in json.loads(done.stdout)["wheels"])


@pytest.fixture(scope="module")
def venv(tmp_path_factory: pytest.TempPathFactory) -> Venv:
    return make_venv(sys.executable, tmp_path_factory.mktemp("venv") / "venv", "pytest")


@each_example
def test_own_tests_pass(name: str, venv: Venv, tmp_path: Path) -> None:
    build(name, tmp_path / "out", "--target", "native", "--python", "native")
    install(venv, *(tmp_path / "out").iterdir())
    tests = ROOT / "examples" / name / "tests"
    done = venv.run(venv.python, "-m", "pytest", "-q", "-p", "no:cacheprovider", tests, cwd=tmp_path)
    assert " passed" in done.stdout and "failed" not in done.stdout


@pytest.fixture(scope="module")
def matrices(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    """Return the folder with the wheels of each example, as far as they were built already."""
    return _Matrices(tmp_path_factory.mktemp("examples"))


class _Matrices(dict[str, Path]):
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __missing__(self, name: str) -> Path:
        out = self[name] = self._folder / name
        targets = (option for target in list_targets(name) for option in ("--target", target))
        build(name, out, "--python", PYTHON, *targets)
        return out


@pytest.mark.full
@each_example
def test_a_wheel_for_every_platform(name: str, matrices: Mapping[str, Path]) -> None:
    wheels = sorted(matrices[name].glob("*.whl"))
    assert {path.stem.rpartition("-")[2] for path in wheels} == set(list_targets(name))
    subprocess.run([sys.executable, "-m", "zigbuild_backend", "check", "-q", *wheels], check=True)
    audited = ("manylinux_2_17_x86_64", "musllinux_1_2_s390x")
    assert_auditwheel_agrees(*(path for path in wheels if path.stem.endswith(audited)))


@pytest.fixture(scope="module", params=["aarch64", "s390x", "windows"])
def foreign(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, ForeignPython]]:
    """Yield a platform tag, and a Python that runs its wheels."""
    if request.param == "windows":
        with wine_environ() as environ:
            yield "win_amd64", windows_python(11, tmp_path_factory.mktemp("python"), environ)
    else:
        debian = {"aarch64": "arm64"}.get(request.param, request.param)
        with debian_python(debian, request.param) as python:
            yield f"manylinux_2_17_{request.param}", python


@pytest.mark.full
@pytest.mark.parametrize("name", [name for name in EXAMPLES if name not in NEEDS_MORE])
def test_used_on_other_platforms(
    name: str, matrices: Mapping[str, Path], foreign: tuple[str, ForeignPython], tmp_path: Path
) -> None:
    tag, python = foreign
    (wheel,) = matrices[name].glob(f"*-{tag}.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    names = [module.name for module in read_project(ROOT / "examples" / name).modules]
    assert python.run(USE.format(names=names), tmp_path) == "used\n"
