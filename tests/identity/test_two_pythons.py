"""Releases whose wheels are gone are made again by the oldest and by the newest supported Python: the same bytes."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from machines import EXAMPLE, PYTHONS, ROOT, Venv, make_venv

HOSTS = ("3.10", "3.13")
TARGETS = ("manylinux_2_17_x86_64", "macosx_11_0_arm64", "win_amd64")
PROJECTS = {"example": EXAMPLE, "recipe": ROOT / "recipes" / "markupsafe"}


@pytest.fixture(scope="module", params=PROJECTS)
def release(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with an sdist, three wheels of it by the running Python, and their manifest."""
    folder = tmp_path_factory.mktemp(request.param)
    project = PROJECTS[request.param]
    chosen = [part for tag in TARGETS for part in ("--only", f"cp312-{tag}")]
    for command in (
        ["sdist", project, "--out", folder],
        ["wheels", project, "--out", folder, *chosen],
        ["manifest", folder],
    ):
        line = [sys.executable, "-m", "zigbuild_backend", *command]
        done = subprocess.run(line, capture_output=True, text=True, timeout=600)
        if done.returncode == 5:
            pytest.skip(f"the sdist or the headers are not to be had: {done.stderr}")
        assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def hosts(backend: Path, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Venv]:
    """Environments of those Pythons that are here, with the backend and nothing else."""
    folder = tmp_path_factory.mktemp("hosts")
    return {version: make_venv(PYTHONS[version], folder / version, backend) for version in HOSTS if version in PYTHONS}


@pytest.mark.parametrize("version", HOSTS)
def test_same_bytes(version: str, release: Path, hosts: Mapping[str, Venv], tmp_path: Path) -> None:
    if version not in hosts:
        pytest.skip(f"CPython {version} is not here")
    host = hosts[version]
    expected = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in release.glob("*.whl")}
    assert len(expected) == len(TARGETS)
    for path in release.iterdir():
        if path.suffix != ".whl":
            shutil.copy(path, tmp_path)
    out = tmp_path / "wheels"
    manifest = tmp_path / "zigbuild-manifest.json"
    done = host.run(
        *(host.folder / "bin" / "zigbuild", "rebuild", "all", "--manifest", manifest, "--out", out, "--json"), cwd=ROOT
    )
    assert all(row["identical"] for row in json.loads(done.stdout)["wheels"])
    assert {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in out.iterdir()} == expected
