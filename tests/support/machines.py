"""This machine's Pythons, and virtual environments of them, for the tests that install and run things."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "c"

_SHOW = """
import sys
from auditwheel.main import main
for wheel in sys.argv[1:]:
    sys.argv = ["auditwheel", "show", wheel]
    assert not main()
"""
"""Runs auditwheel for many wheels: it takes one, and its start takes longer than its look at that."""


@dataclass(frozen=True)
class Venv:
    """A virtual environment. Its programs run with no compiler on PATH, and nothing of the caller's Python settings."""

    folder: Path

    @property
    def python(self) -> str:
        return str(self.folder / "bin" / "python")

    def environ(self) -> dict[str, str]:
        foreign = ("PYTHON", "ZIG_", "UV_")
        return {
            **{key: value for key, value in os.environ.items() if not key.startswith(foreign)},
            "PATH": str(self.folder / "bin"),
        }

    def run(
        self,
        *command: str | Path,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        check: bool = True,
        timeout: float = 600,
    ) -> subprocess.CompletedProcess[str]:
        """Run a program of the environment; fail the test with all that it said if it fails."""
        line = [str(part) for part in command]
        done = subprocess.run(
            line, cwd=cwd, env=self.environ() | dict(env or {}), capture_output=True, text=True, timeout=timeout
        )
        if check and done.returncode:
            pytest.fail(f"{' '.join(line)} exited with {done.returncode}:\n{done.stdout}{done.stderr}")
        return done


def make_venv(python: str, folder: Path, *requirements: str | Path, has_pip: bool = False) -> Venv:
    """Return a new environment of the executable *python*, with *requirements* installed, and its own pip if wanted."""
    subprocess.run([python, "-m", "venv", *([] if has_pip else ["--without-pip"]), folder], check=True, timeout=300)
    venv = Venv(folder)
    if requirements:
        install(venv, *requirements)
    return venv


def install(venv: Venv, *requirements: str | Path) -> None:
    """Install *requirements* with uv, which links what it unpacked once: pip would write zig's 20,000 files anew."""
    line = [sys.executable, "-m", "uv", "pip", "install", "-q", "--python", venv.python, *map(str, requirements)]
    done = subprocess.run(line, capture_output=True, text=True, timeout=600)
    if done.returncode:
        pytest.fail(f"{' '.join(line)} exited with {done.returncode}:\n{done.stdout}{done.stderr}")


def assert_auditwheel_agrees(*wheels: Path) -> None:
    """Assert that auditwheel finds Linux wheels to be what their tags say, or good for older systems, too."""
    done = subprocess.run([sys.executable, "-c", _SHOW, *wheels], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    tags = re.findall(r'tag:\s+"(m[a-z]+linux)_(\d+)_(\d+)_(\w+)"', done.stdout)
    for wheel, (family, major, minor, machine) in zip(wheels, tags, strict=True):
        claimed = re.fullmatch(r"(m[a-z]+linux)_(\d+)_(\d+)_(\w+)", wheel.stem.rsplit("-", 1)[1])
        assert claimed and (family, machine) == (claimed[1], claimed[4]), wheel.name
        assert (int(major), int(minor)) <= (int(claimed[2]), int(claimed[3])), wheel.name


def find_pythons() -> dict[str, str]:
    """Version → executable of every CPython from 3.10 on that PATH or pyenv offers; the running one is among them."""
    found = {f"{sys.version_info[0]}.{sys.version_info[1]}": sys.executable}
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    for minor in range(10, 16):
        for name in (*sorted(pyenv.glob(f"3.{minor}.*/bin/python"), reverse=True), shutil.which(f"python3.{minor}")):
            if name and _answers(str(name)):
                found.setdefault(f"3.{minor}", str(name))
                break
    return dict(sorted(found.items(), key=lambda item: int(item[0].split(".")[1])))


def _answers(python: str) -> bool:
    check = "import sys, venv, ensurepip; sys.exit(sys.implementation.name != 'cpython')"
    return subprocess.run([python, "-c", check], capture_output=True).returncode == 0


PYTHONS = find_pythons()
