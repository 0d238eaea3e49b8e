"""What all tests share: the flag that rewrites expected texts, and the order of files."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from machines import ROOT
from zigbuild_backend.core.base.errors import NotFoundError
from zigbuild_backend.core.base.machine import this_machine
from zigbuild_backend.core.base.pins import DEFAULT_ZIG
from zigbuild_backend.core.zig.toolchain import Zig
from zigbuild_backend.core.zig.ziglang import find_zig


def pytest_configure(config: pytest.Config) -> None:
    """Lets xdist take files as they come: those of the first folders last longest, with fewer tests than others."""
    config.option.loadscopereorder = False


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="rewrite the expected texts that are kept in files")


@pytest.fixture
def expect_text(request: pytest.FixtureRequest) -> Callable[[Path, str], None]:
    """Asserts that a file of the tests holds a text, or with ``--update-golden`` makes it so."""

    def expect(path: Path, text: str) -> None:
        if request.config.getoption("--update-golden"):
            path.write_bytes(text.encode())
        assert path.read_bytes().decode() == text

    return expect


@pytest.fixture(scope="session")
def zig() -> Zig:
    """The zig that the backend is pinned to, with the user's caches; without it the test is skipped."""
    try:
        return find_zig(DEFAULT_ZIG, this_machine(os.environ))
    except NotFoundError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def backend(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The backend's own wheel, built by itself from a copy of the tree."""
    folder = tmp_path_factory.mktemp("backend")
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", folder, ROOT],
        check=True,
        timeout=600,
    )
    (wheel,) = folder.glob("*.whl")
    return wheel
