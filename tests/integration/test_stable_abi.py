"""One wheel of the stable ABI is installed and used by every CPython here."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from machines import PYTHONS, ROOT, make_venv

PROJECT = ROOT / "examples" / "stable-abi"
USE = "from example_stable_abi import Pattern; print(Pattern(b'na').count(b'banana'))"


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("stable")
    done = subprocess.run(
        [
            *(sys.executable, "-m", "zigbuild_backend", "wheels", PROJECT, "--out", out, "--json"),
            *("--only", "cp310-abi3-manylinux_2_17_x86_64", "--only", "cp310-abi3-win_amd64"),
            *("--only", "cp310-abi3-macosx_11_0_arm64"),
        ],
        capture_output=True,
        text=True,
    )
    if done.returncode == 5:
        pytest.skip(f"no headers of CPython 3.10: {done.stderr}")
    assert done.returncode == 0, done.stderr
    assert len(json.loads(done.stdout)["wheels"]) == 3
    return out


def test_wheels_are_sound(wheels: Path) -> None:
    subprocess.run([sys.executable, "-m", "zigbuild_backend", "check", *wheels.iterdir()], check=True)


@pytest.mark.parametrize("version", PYTHONS)
@pytest.mark.skipif(sys.platform != "linux", reason="the wheel is for Linux")
def test_every_python_uses_it(version: str, wheels: Path, tmp_path: Path) -> None:
    venv = make_venv(PYTHONS[version], tmp_path / "venv", *wheels.glob("*linux*"))
    assert venv.run(venv.python, "-c", USE, cwd=tmp_path).stdout == "2\n"


@pytest.mark.skipif(sys.platform != "linux", reason="the wheel is for Linux")
def test_own_tests_pass(wheels: Path, tmp_path: Path) -> None:
    venv = make_venv(sys.executable, tmp_path / "venv", *wheels.glob("*linux*"), "pytest")
    done = venv.run(venv.python, "-m", "pytest", "-q", "-p", "no:cacheprovider", PROJECT / "tests", cwd=tmp_path)
    assert " passed" in done.stdout and "failed" not in done.stdout
