"""The other recipes: a wheel for this machine, which passes upstream's own tests, and one for another system.

That MarkupSafe's whole matrix is sound is shown beside this; the same graph makes theirs.
"""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from machines import ROOT, Venv, assert_auditwheel_agrees, make_venv
from zigbuild_backend.core.base.host import find_host_python, find_host_target
from zigbuild_backend.core.project.recipes import read_recipe
from zigbuild_backend.core.settings.recipe_model import Recipe

pytestmark = pytest.mark.full

ZIGBUILD = [sys.executable, "-m", "zigbuild_backend"]
HOST = f"{find_host_python()}-{find_host_target()}"
FOREIGN = f"{find_host_python()}-win_amd64"


@pytest.fixture(scope="module", params=["wrapt", "msgpack"])
def recipe(request: pytest.FixtureRequest) -> Recipe:
    return read_recipe(ROOT / "recipes" / request.param)


@pytest.fixture(scope="module")
def wheels(recipe: Recipe, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the two wheels, and of the sdist, unpacked."""
    release = recipe.settings.recipe
    folder = ROOT / "recipes" / release.name
    out = tmp_path_factory.mktemp(release.name)
    done = subprocess.run([*ZIGBUILD, "sdist", folder, "--out", out], capture_output=True, text=True)
    if done.returncode == 5:
        pytest.skip(f"the sdist is not to be had: {done.stderr}")
    subprocess.run(["tar", "xzf", out / release.source.sdist, "-C", out], check=True)
    subprocess.run([*ZIGBUILD, "wheels", folder, "--out", out, "--only", HOST, "--only", FOREIGN], check=True)
    return out


def test_wheels_are_what_they_claim(wheels: Path) -> None:
    files = sorted(wheels.glob("*.whl"))
    assert len(files) == 2
    subprocess.run([*ZIGBUILD, "check", *files], check=True, capture_output=True)
    subprocess.run([sys.executable, "-m", "twine", "check", "--strict", *files], check=True, capture_output=True)
    # wrapt has a package for its stubs, which is a second name at the top of its wheels.
    command = [sys.executable, "-m", "check_wheel_contents", "--ignore", "W009"]
    subprocess.run([*command, *files], check=True, capture_output=True)
    assert_auditwheel_agrees(*(wheel for wheel in files if "linux" in wheel.name))


def test_own_tests_pass_on_this_machine(recipe: Recipe, wheels: Path, tmp_path: Path) -> None:
    (wheel,) = wheels.glob(f"*-{find_host_target()}.whl")
    suite = recipe.settings.test
    venv = make_venv(sys.executable, tmp_path / "venv", wheel, *suite.requires)
    assert_compiled_modules_are_used(recipe, venv, tmp_path)
    (source,) = wheels.glob("*/PKG-INFO")
    # By pytest's own program: with -m, the sources in the current folder would be tested, without the module.
    done = venv.run(*shlex.split(suite.command), cwd=source.parent)
    assert " passed" in done.stdout and "failed" not in done.stdout


def assert_compiled_modules_are_used(recipe: Recipe, venv: Venv, folder: Path) -> None:
    """Both projects have the same in Python, and take it where the module cannot be imported."""
    for extension in recipe.settings.extension:
        code = f"import {extension.name} as module, {recipe.settings.recipe.name}; print(module.__file__)"
        assert venv.run(venv.python, "-c", code, cwd=folder).stdout.strip().endswith(".so")
