"""Each error gives one message and one exit code."""

from __future__ import annotations

import errno
import signal
import sys
from collections.abc import Iterator
from types import ModuleType

import pytest

from zigbuild_backend.cli import program as cli
from zigbuild_backend.cli.session import format_count, format_seconds, format_size, join_shortened
from zigbuild_backend.core.base.errors import ConfigurationError, MismatchError, NotFoundError, Problem, ToolchainError


@pytest.fixture(autouse=True)
def keep_signals() -> Iterator[None]:
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


def run_raising(monkeypatch: pytest.MonkeyPatch, error: BaseException, *options: str) -> int:
    """Run a command that raises *error*."""
    command = ModuleType("zigbuild_backend.cli.commands.plan")

    def run(*_: object) -> int:
        raise error

    command.run = run  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, command.__name__, command)
    monkeypatch.delenv("ZIGBUILD_DEBUG", raising=False)
    return cli.run(["plan", *options])


@pytest.mark.parametrize("kind", [ConfigurationError, ToolchainError, MismatchError, NotFoundError])
def test_all_problems_are_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], kind: type[ConfigurationError]
) -> None:
    error = kind.of([Problem("is wrong", "a.b", "mend it\nor not"), Problem("is bad")])
    assert run_raising(monkeypatch, error, "-q") == kind.exit_code
    assert capsys.readouterr() == (
        "",
        "zigbuild: error: a.b: is wrong\n  hint: mend it\n  hint: or not\nzigbuild: error: is bad\n",
    )


def test_missing_extra(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_raising(monkeypatch, ModuleNotFoundError("no", name="rich.live")) == 5
    assert capsys.readouterr().err == (
        "zigbuild: error: this command needs the package rich, which is not installed\n"
        "  hint: pip install 'zigbuild-backend[cli]'\n"
    )


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (FileNotFoundError(errno.ENOENT, "No such file", "some/file"), 5, "some/file: No such file\n"),
        (PermissionError(errno.EACCES, "Permission denied", "f"), 2, "f: Permission denied\n  hint: check the perm"),
        (FileExistsError(errno.EEXIST, "File exists", b"f"), 2, "f: File exists\n  hint: a folder is needed"),
        (OSError(errno.ENOSPC, "No space left on device"), 2, "No space left on device\n  hint: free some space"),
        (OSError("odd"), 2, "odd\n"),
    ],
)
def test_what_the_system_refuses(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: OSError, code: int, message: str
) -> None:
    assert run_raising(monkeypatch, error) == code
    assert capsys.readouterr().err.startswith(f"zigbuild: error: {message}")


@pytest.mark.parametrize("error", [ValueError("odd\nthing"), ModuleNotFoundError("no", name="spam")])
def test_bugs_are_ours(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: Exception) -> None:
    assert run_raising(monkeypatch, error) == 1
    said = capsys.readouterr().err
    assert said.startswith("zigbuild: this is a bug in zigbuild-backend")
    assert said.count("\n") == 1
    assert run_raising(monkeypatch, error, "-v") == 1
    assert "Traceback (most recent call last)" in capsys.readouterr().err


def test_interrupted(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_raising(monkeypatch, KeyboardInterrupt("3 wheels in dist are kept")) == 130
    assert run_raising(monkeypatch, KeyboardInterrupt()) == 130
    assert capsys.readouterr().err == (
        "zigbuild: interrupted; 3 wheels in dist are kept, and the next run goes on from there\n"
        "zigbuild: interrupted; what was done is kept, and the next run goes on from there\n"
    )


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (23_140, "23.1 kB"), (5 * 10**6, "5.0 MB"), (10**12, "1000.0 GB")],
)
def test_sizes(size: int, text: str) -> None:
    assert format_size(size) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.04, "0.0 s"), (9.94, "9.9 s"), (9.96, "10 s"), (59.7, "1 min 0 s"), (125, "2 min 5 s")]
)
def test_seconds(seconds: float, text: str) -> None:
    assert format_seconds(seconds) == text


def test_words() -> None:
    assert [format_count(number, "wheel") for number in range(3)] == ["0 wheels", "1 wheel", "2 wheels"]
    assert join_shortened("abc", 2) == "a, b, c"
    assert join_shortened("abcd", 2) == "a, b and 2 more"
