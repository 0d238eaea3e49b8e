"""The grammar of the command line, and what its help costs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import zigbuild_backend
from zigbuild_backend.cli.command_line import make_parser
from zigbuild_backend.core.base.pins import VERSION


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("plan", "plan"),
        ("wheels . --out x --target linux --target win32 --python cp313t -j 4 --json", "wheels"),
        ("wheels --only cp313-win32 --headers here", "wheels"),
        ("sdist -o x", "sdist"),
        ("check a.whl b.whl --json", "check"),
        ("warm --zig 0.16.0 --cxx --target native", "warm"),
        ("headers list --json", "headers_list"),
        ("headers add here --sha256 00", "headers_add"),
        ("eject --force", "eject"),
    ],
)
@pytest.mark.parametrize(("talk", "level"), [("", (False, False)), ("-q", (True, False)), ("-v", (False, True))])
def test_commands(line: str, command: str, talk: str, level: tuple[bool, bool]) -> None:
    arguments = make_parser().parse_args([*line.split(), *talk.split()])
    assert arguments.command == command
    assert (arguments.quiet, arguments.verbose) == level


@pytest.mark.parametrize(
    "line",
    ["", "unknown", "check", "headers", "headers add", "wheels -j 0", "wheels -j many", "warm --zig 0.1", "plan -q -v"],
)
def test_wrong_usage(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        make_parser().parse_args(line.split())
    assert stopped.value.code == 2
    assert "usage: zigbuild" in capsys.readouterr().err


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        make_parser().parse_args(["--version"])
    assert not stopped.value.code
    assert capsys.readouterr().out == f"zigbuild-backend {VERSION}\n"


def test_help_imports_no_command() -> None:
    code = (
        "import sys\nfrom zigbuild_backend.cli.program import run\n"
        "try:\n    run(['--help'])\nexcept SystemExit:\n    pass\n"
        "heavy = {'rich', 'packaging', 'pyproject_metadata', 'zigbuild_backend.core.wheel.wheel_maker'}\n"
        "heavy &= set(sys.modules)\n"
        "sys.exit(str(sorted(heavy)) if heavy else 0)\n"
    )
    environ = {**os.environ, "PYTHONPATH": str(Path(zigbuild_backend.__file__).parents[1])}
    done = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert "exit codes:" in done.stdout
