"""Every zig that is supported builds every kind of module; those that are not installed are fetched by the command."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from machines import EXAMPLE
from zigbuild_backend.core.base.pins import SUPPORTED_ZIGS

pytestmark = pytest.mark.full

TARGETS = ("manylinux_2_17_aarch64", "musllinux_1_2_x86_64", "macosx_11_0_arm64", "win_amd64")


@pytest.mark.parametrize("version", SUPPORTED_ZIGS)
def test_builds_one_wheel_of_each_kind(version: str, tmp_path: Path) -> None:
    project = Path(shutil.copytree(EXAMPLE, tmp_path / "c"))
    pyproject = project / "pyproject.toml"
    pyproject.write_text(pyproject.read_text().replace("[tool.zigbuild]\n", f'[tool.zigbuild]\nzig = "{version}"\n'))
    run = [sys.executable, "-m", "zigbuild_backend"]
    options = [option for target in TARGETS for option in ("--target", target)]
    out = tmp_path / "out"
    done = subprocess.run(
        [*run, "wheels", project, "--python", "native", "--out", out, "--json", *options],
        capture_output=True,
        text=True,
        timeout=1200,
    )
    if "is not installed" in done.stderr and "fetch" in done.stderr:
        pytest.skip(f"ziglang {version} cannot be fetched: {done.stderr}")
    assert done.returncode == 0, done.stderr
    assert len(json.loads(done.stdout)["wheels"]) == len(TARGETS)
    subprocess.run([*run, "check", *out.iterdir()], check=True)
