"""Extensions that a package can do without: the wheel is made when they cannot be, and that is said."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

from host_wheels import HOST, PYTHON
from projects import write_files

CODE = """
#include <Python.h>
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, .m_name = "NAME"};
PyMODINIT_FUNC PyInit_NAME(void) { return PyModule_Create(&definition); }
"""

BROKEN = '#error "not for this compiler"\n'
SEEN = '__attribute__((visibility("default"))) int seen;\n'
"""Source that an audit refuses on macOS; on Linux a module exports its init function only."""


def make_project(root: Path, broken: str, *, names: Sequence[str] = ("fast",)) -> Path:
    tables = "".join(
        f'[[tool.zigbuild.extension]]\nname = "spam.{name}"\nsources = ["spam/{name}.c"]\noptional = {word}\n'
        for name, word in zip(names, ("true", "false"), strict=False)
    )
    head = (
        '[build-system]\nrequires = []\nbuild-backend = "zigbuild_backend"\n'
        '[project]\nname = "spam"\nversion = "1.0"\nrequires-python = ">=3.9"\n'
    )
    files = {f"spam/{name}.c": CODE.replace("NAME", name) for name in names}
    files["spam/fast.c"] += broken
    return write_files(root, {"pyproject.toml": head + tables, "spam/__init__.py": "", **files})


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "zigbuild_backend", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=900)


def list_modules(wheel: Path) -> list[str]:
    with zipfile.ZipFile(wheel) as archive:
        return sorted(name.partition(".")[0] for name in archive.namelist() if name.endswith((".so", ".pyd")))


def test_nothing_left_makes_one_pure_wheel(tmp_path: Path) -> None:
    project = make_project(tmp_path / "spam", BROKEN)
    out = tmp_path / "out"
    options = ["--target", HOST, "--target", "win_amd64", "--python", PYTHON]
    done = run("wheels", project, "--out", out, *options)
    assert done.returncode == 0, done.stderr
    (wheel,) = out.iterdir()
    assert wheel.name == "spam-1.0-py3-none-any.whl"
    assert list_modules(wheel) == []
    assert done.stderr.count('error: "not for this compiler"') == 1
    assert f"{PYTHON}-{HOST}, {PYTHON}-win_amd64: spam/fast.c:" in done.stderr
    assert "hint: it is optional: the wheel is made without it" in done.stderr
    assert done.stdout.startswith("1 wheel in ")
    assert run("check", wheel).returncode == 0

    hook = "import zigbuild_backend, sys; print(zigbuild_backend.build_wheel(sys.argv[1]))"
    again = tmp_path / "again"
    built = subprocess.run([sys.executable, "-c", hook, again], cwd=project, capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    assert "zigbuild: warning: " in built.stderr and "not for this compiler" in built.stderr
    assert built.stdout.split()[-1] == wheel.name
    assert (again / wheel.name).read_bytes() == wheel.read_bytes()


def test_what_is_not_optional_stays(tmp_path: Path) -> None:
    """One module cannot be compiled, or is refused afterwards; the other is in every wheel."""
    out = tmp_path / "out"
    options = ["--target", HOST, "--target", "macosx_11_0_arm64", "--python", PYTHON, "--out", out]
    refused = run("wheels", make_project(tmp_path / "spam", SEEN, names=("fast", "core")), *options)
    assert refused.returncode == 0, refused.stderr
    modules = {path.stem.rpartition("-")[2]: list_modules(path) for path in out.iterdir()}
    assert modules == {HOST: ["spam/core", "spam/fast"], "macosx_11_0_arm64": ["spam/core"]}
    assert "exports seen beside its init function" in refused.stderr

    broken = run("wheels", make_project(tmp_path / "spam", BROKEN, names=("fast", "core")), *options, "--json")
    assert broken.returncode == 0, broken.stderr
    assert {wheel["identifier"] for wheel in json.loads(broken.stdout)["wheels"]} == {
        f"{PYTHON}-{HOST}",
        f"{PYTHON}-macosx_11_0_arm64",
    }
    assert {tuple(list_modules(path)) for path in out.iterdir()} == {("spam/core",)}
