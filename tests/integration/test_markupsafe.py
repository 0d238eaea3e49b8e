"""The main job on real input: MarkupSafe's sdist from the index, for the whole matrix, and its own tests here."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from machines import ROOT, assert_auditwheel_agrees, make_venv
from zigbuild_backend.core.base.host import find_host_python, find_host_target

pytestmark = pytest.mark.full

RECIPE = ROOT / "recipes" / "markupsafe"
PYTHONS = ("cp39", "cp310", "cp311", "cp312", "cp313", "cp313t")


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the wheels of the recipe for all platforms and every Python whose headers are at hand."""
    out = tmp_path_factory.mktemp("markupsafe")
    run = [sys.executable, "-m", "zigbuild_backend"]
    planned = subprocess.run([*run, "plan", RECIPE, "--json"], capture_output=True, text=True)
    if planned.returncode == 5:
        pytest.skip(f"the sdist is not to be had: {planned.stderr}")
    buildable = {wheel["python"] for wheel in json.loads(planned.stdout)["wheels"] if wheel["verdict"] == "buildable"}
    options = [option for python in PYTHONS if python in buildable for option in ("--python", python)]
    subprocess.run([*run, "wheels", RECIPE, "--out", out, *options], check=True, timeout=2400)
    return out


def test_whole_matrix_is_sound(wheels: Path) -> None:
    files = sorted(wheels.iterdir())
    assert len(files) % 22 == 0 and files
    subprocess.run([sys.executable, "-m", "zigbuild_backend", "check", *files], check=True, capture_output=True)
    subprocess.run([sys.executable, "-m", "twine", "check", "--strict", *files], check=True, capture_output=True)
    subprocess.run([sys.executable, "-m", "check_wheel_contents", *files], check=True, capture_output=True)
    assert_auditwheel_agrees(*(wheel for wheel in files if "linux" in wheel.name))


def test_own_tests_pass_on_this_machine(wheels: Path, tmp_path: Path) -> None:
    python, target = find_host_python(), find_host_target()
    (wheel,) = wheels.glob(f"*-{python.python_tag}-{python.abi_tag}-{target}.whl")
    venv = make_venv(sys.executable, tmp_path / "venv", wheel, "pytest")
    (tests,) = _sources(wheels, tmp_path).glob("markupsafe-*/tests")
    venv.run(venv.python, "-c", "import markupsafe._speedups", cwd=tmp_path)
    done = venv.run(venv.python, "-m", "pytest", "-q", tests, cwd=tmp_path)
    assert " passed" in done.stdout and "failed" not in done.stdout


def _sources(wheels: Path, tmp_path: Path) -> Path:
    """Return the unpacked sdist that the recipe names."""
    del wheels
    subprocess.run([sys.executable, "-m", "zigbuild_backend", "sdist", RECIPE, "--out", tmp_path], check=True)
    (sdist,) = tmp_path.glob("*.tar.gz")
    subprocess.run(["tar", "xzf", sdist, "-C", tmp_path], check=True)
    return tmp_path
