"""A release of many wheels in a repository, for the tests that drop them, ask for all at once, and kill."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from loads import Release, share_caches
from machines import EXAMPLE, PYTHONS
from repositories import make_repository, zigbuild, zigbuild_well
from servers import opened
from zigbuild_backend.core.base.targets import TARGETS
from zigbuild_backend.index.files import Verification

NUMBER = 50


@pytest.fixture(scope="session")
def release(tmp_path_factory: pytest.TempPathFactory, zig: object) -> Release:
    """Build 50 wheels of one sdist, or as many as the Pythons of this machine allow, and record them."""
    del zig
    base = tmp_path_factory.mktemp("under-load")
    minors = sorted((int(version.split(".")[1]) for version in PYTHONS), reverse=True)[:3]
    wanted = [f"cp3{minor}-{target.platform_tag}" for minor in minors for target in TARGETS][: NUMBER + 1]
    only = [part for identifier in wanted for part in ("--only", identifier)]
    path = os.pathsep.join([*(str(Path(python).parent) for python in PYTHONS.values()), os.environ["PATH"]])
    done = zigbuild("wheels", EXAMPLE, *only, "--out", base / "dist", "-q", env={"PATH": path})
    assert done.returncode == 0, done.stderr
    zigbuild_well("sdist", EXAMPLE, "--out", base / "dist")
    (spare,) = (base / "dist").glob(f"*{wanted[-1].replace('-', '-*-')}.whl")
    spare = spare.rename(base / spare.name)
    data = base / "data"
    data.mkdir()
    make_repository(data, base / "dist")
    share_caches(data)
    with opened(data) as repository:
        wheels = [file for file in repository.ledger.all_files() if file.is_wheel]
        for file in wheels:
            repository.ledger.record_verification(
                Verification(file.sha256, 4, True, {}, "", "2026-01-01T00:00:00.000000Z")
            )
    return Release(base / "dist", spare, data, {file.name: file.sha256 for file in wheels})
