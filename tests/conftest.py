"""The lanes of the tests, what CI asks of skips, and the fixtures that all folders share."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Generator
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import settings

from machines import ROOT
from zigbuild_backend.core.base.errors import NotFoundError
from zigbuild_backend.core.base.machine import this_machine
from zigbuild_backend.core.base.pins import DEFAULT_ZIG
from zigbuild_backend.core.zig.toolchain import Zig
from zigbuild_backend.core.zig.ziglang import find_zig

LANES = ("fast", "zig", "full")
FOLDERS = {
    **dict.fromkeys(("unit", "property", "golden", "invalid"), "fast"),
    "integration": "zig",
    **dict.fromkeys(("identity", "endtoend", "peers", "runtimes"), "full"),
}
"""The lane of each folder; a mark on a test, class or module takes precedence."""

ALLOWED_SKIPS = Path(__file__).with_name("allowed-skips.txt")

Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)

settings.register_profile("fast", deadline=None, max_examples=40)
settings.register_profile("full", deadline=None, max_examples=300)


def pytest_configure(config: pytest.Config) -> None:
    """Choose the lanes fast and zig if no path and no ``-m`` is given, and the number of examples by the lane.

    Besides, let xdist take files as they come, since those of the first folders last longest; let Python keep its
    bytecode, since the program is started a thousand times; and let programs be interrupted, which those of a job in
    the background ignore.
    """
    if config.args_source is not pytest.Config.ArgsSource.ARGS and not config.option.markexpr:
        config.option.markexpr = "fast or zig"
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    settings.load_profile("full" if config.option.markexpr == "full" else "fast")
    config.option.loadscopereorder = False


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark each test with its lane, and properties with the full one, too. A test with the fixture ``zig`` compiles."""
    for item in items:
        if not any(item.get_closest_marker(lane) for lane in LANES):
            lane = FOLDERS[item.path.relative_to(Path(__file__).parent).parts[0]]
            is_compiling = lane == "fast" and "zig" in getattr(item, "fixturenames", ())
            item.add_marker("zig" if is_compiling else lane)
        if getattr(getattr(item, "obj", None), "is_hypothesis_test", False):
            item.add_marker("full")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    return _refuse_skip((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    return _refuse_skip((yield))


def _read_allowed_skips() -> list[str]:
    lines = ALLOWED_SKIPS.read_text("utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def _refuse_skip(report: Report) -> Report:
    """Turn a skip in CI whose reason is not listed in ``allowed-skips.txt`` into a failure."""
    if os.environ.get("CI") and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        if not any(re.search(pattern, reason.removeprefix("Skipped: ")) for pattern in _read_allowed_skips()):
            report.outcome = "failed"
            report.longrepr = (
                f"{reason}\nIn CI every test must run: install what it needs, or list it in {ALLOWED_SKIPS}"
            )
    return report


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="rewrite the expected texts that are kept in files")


@pytest.fixture
def expect_text(request: pytest.FixtureRequest) -> Callable[[Path, str], None]:
    """Return a function that asserts that a file holds a text, or with ``--update-golden`` writes it."""

    def expect(path: Path, text: str) -> None:
        if request.config.getoption("--update-golden"):
            path.write_bytes(text.encode())
        assert path.read_bytes().decode() == text

    return expect


@pytest.fixture(scope="session")
def zig() -> Zig:
    """Return the zig that the backend is pinned to, with the user's caches; skip the test if it is not installed."""
    try:
        return find_zig(DEFAULT_ZIG, this_machine(os.environ))
    except NotFoundError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def backend(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel of the backend by the backend itself, from a copy of the tree."""
    folder = tmp_path_factory.mktemp("backend")
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", folder, ROOT],
        check=True,
        timeout=600,
    )
    (wheel,) = folder.glob("*.whl")
    return wheel
