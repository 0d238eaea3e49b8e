"""Progress without a terminal: which runtimes are built, how many are left, and a sign of life after a silence."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from zigbuild_backend.cli import heartbeat
from zigbuild_backend.cli.compiler_processes import list_compiled_triples
from zigbuild_backend.cli.progress import GridProgress, LineProgress, Progress, make_progress
from zigbuild_backend.cli.session import Session
from zigbuild_backend.cli.wheel_grid import open_console
from zigbuild_backend.core.base.errors import ToolchainError
from zigbuild_backend.core.base.pythons import Python
from zigbuild_backend.core.base.targets import find_target
from zigbuild_backend.core.project.planned_wheels import PlannedWheel
from zigbuild_backend.core.wheel.wheel_maker import Outcome

LINUX, MACOS, WINDOWS = map(find_target, ("manylinux_2_17_x86_64", "macosx_11_0_universal2", "win_amd64"))
WHEELS = [PlannedWheel(Python(minor), target) for target in (LINUX, MACOS, WINDOWS) for minor in (12, 13)]


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return Session({}, tmp_path)


@pytest.fixture
def frozen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no time pass for the texts."""
    monkeypatch.setattr(Progress, "elapsed", "5 s")


@pytest.mark.usefixtures("frozen")
def test_lines(session: Session, capsys: pytest.CaptureFixture[str]) -> None:
    """Each runtime is told once, when the first wheel for its target is linked; then each wheel."""
    progress = LineProgress(WHEELS, [MACOS, WINDOWS], session)
    with progress.shown():
        for wheel in reversed(WHEELS):
            progress.report(wheel.identifier, "compiled")
        progress.finish(Outcome(WHEELS[0], Path("a.whl"), size=6000))
        progress.finish(Outcome(WHEELS[1], error=ToolchainError("no")))
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == (
        "compiling 6 wheels\n"
        "built the runtime for win_amd64, 1 of 2, after 5 s\n"
        "built the runtime for macosx_11_0_universal2, 2 of 2, after 5 s\n"
        "[1/6] cp312-manylinux_2_17_x86_64 packed 6.0 kB\n"
        "[2/6] cp313-manylinux_2_17_x86_64 failed\n"
    )


@pytest.mark.usefixtures("frozen")
@pytest.mark.parametrize(
    ("compiled", "triples", "line"),
    [
        ((), (), "preparing the build; 2 of 2 runtimes left; 0 of 6 wheels compiled after 5 s"),
        (
            (),
            (WINDOWS.triple, *(part.triple for part in MACOS.slices)),
            f"building the runtimes for {MACOS}, {WINDOWS}; 2 of 2 runtimes left; 0 of 6 wheels compiled after 5 s",
        ),
        (
            (MACOS, LINUX),
            (WINDOWS.triple, LINUX.triple),
            "building the runtime for win_amd64; 1 of 2 runtimes left; 4 of 6 wheels compiled after 5 s",
        ),
        ((MACOS,), (), "1 of 2 runtimes left; 2 of 6 wheels compiled after 5 s"),
        ((MACOS, WINDOWS), (LINUX.triple,), "4 of 6 wheels compiled after 5 s"),
    ],
)
def test_sign_of_life(
    session: Session,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    compiled: tuple[object, ...],
    triples: tuple[str, ...],
    line: str,
) -> None:
    monkeypatch.setattr(heartbeat, "SILENCE_SECONDS", 0.2)
    progress = LineProgress(WHEELS, [MACOS, WINDOWS], session, look=lambda: triples)
    for wheel in WHEELS:
        if wheel.target in compiled:
            progress.report(wheel.identifier, "compiled")
    said = ""
    with progress.shown():
        capsys.readouterr()
        while not said:
            said = capsys.readouterr().err
    assert said == f"{line}\n"


@pytest.mark.usefixtures("frozen")
def test_table(capsys: pytest.CaptureFixture[str]) -> None:
    progress = GridProgress(WHEELS, [MACOS, WINDOWS], look=lambda: [WINDOWS.triple])
    progress.report(WHEELS[2].identifier, "compiled")
    open_console(sys.stderr).print(progress.render())
    lines = [line.rstrip() for line in capsys.readouterr().err.splitlines()]
    assert lines[0].split() == ["3.12", "3.13"]
    assert [line.split()[0] for line in lines[1:4]] == [str(target) for target in (LINUX, MACOS, WINDOWS)]
    assert lines[4].startswith("0 of 6 wheels done, 5 s")
    assert lines[5:] == ["building the runtime for win_amd64; 1 of 2 runtimes left"]


def test_quiet(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    progress = make_progress(WHEELS, [LINUX], Session({}, tmp_path, verbosity=-1))
    with progress.shown():
        progress.report(WHEELS[0].identifier, "compiled")
    assert capsys.readouterr() == ("", "")


def test_verbose_and_logs_get_lines(session: Session, tmp_path: Path) -> None:
    for each in (session, Session({"TERM": "xterm"}, tmp_path, verbosity=1)):
        assert isinstance(make_progress(WHEELS, [], each), LineProgress)


def make_process(proc: Path, number: int, parent: int, *arguments: str) -> None:
    (proc / str(number)).mkdir(parents=True)
    fields = ["S", str(parent), *["0"] * 30]
    (proc / str(number) / "stat").write_text(f"{number} (zig build) {' '.join(fields)}")
    (proc / str(number) / "cmdline").write_bytes(b"".join(argument.encode() + b"\0" for argument in arguments))


def test_compilers_of_this_build(tmp_path: Path) -> None:
    """Only processes that this one started count, by the argument behind -target."""
    make_process(tmp_path, 10, 1, "python", "-target", "no-triple")
    make_process(tmp_path, 11, 10, "zig", "build", "-Dwheel=x")
    make_process(tmp_path, 12, 11, "zig", "build-lib", "-target", "x86_64-windows-gnu", "-mcpu", "baseline")
    make_process(tmp_path, 13, 11, "zig", "build-lib", "-mcpu", "baseline", "-target", "aarch64-macos.11.0")
    make_process(tmp_path, 14, 13, "zig", "clang", "-target")
    make_process(tmp_path, 20, 1, "zig", "build-lib", "-target", "x86_64-linux-musl")
    assert list_compiled_triples(11, tmp_path) == {"x86_64-windows-gnu", "aarch64-macos.11.0"}
    assert list_compiled_triples(99, tmp_path) == frozenset()
    assert list_compiled_triples(11, tmp_path / "nosuch") == frozenset()


def test_this_process_compiles_nothing() -> None:
    assert list_compiled_triples(os.getpid()) == frozenset()
