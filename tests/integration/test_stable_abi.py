"""One wheel of the stable ABI is installed and imported by every CPython here."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from machines import PYTHONS, make_venv
from projects import write_files

FILES = {
    "pyproject.toml": """
[build-system]
requires = ["zigbuild-backend"]
build-backend = "zigbuild_backend"
[project]
name = "stable"
version = "1.0"
[[tool.zigbuild.extension]]
name = "stable._answer"
sources = ["stable/_answer.c"]
stable-abi = "cp310"
""",
    "stable/__init__.py": "from ._answer import answer\n",
    "stable/_answer.c": r"""
#include <Python.h>
static PyObject *answer(PyObject *module, PyObject *none)
{
    (void)module, (void)none;
    return PyLong_FromLong(Py_LIMITED_API == 0x030A0000 ? 42 : -1);
}
static PyMethodDef methods[] = {{"answer", answer, METH_NOARGS, "42"}, {NULL, NULL, 0, NULL}};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, .m_name = "stable._answer", .m_methods = methods};
PyMODINIT_FUNC PyInit__answer(void) { return PyModuleDef_Init(&definition); }
""",
}


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("stable")
    project = write_files(folder / "project", FILES)
    out = folder / "out"
    done = subprocess.run(
        [
            *(sys.executable, "-m", "zigbuild_backend", "wheels", project, "--out", out, "--json"),
            *("--only", "cp310-abi3-manylinux_2_17_x86_64", "--only", "cp310-abi3-win_amd64"),
            *("--only", "cp310-abi3-macosx_11_0_arm64"),
        ],
        capture_output=True,
        text=True,
    )
    if done.returncode == 5:
        pytest.skip(f"no headers of CPython 3.10: {done.stderr}")
    assert done.returncode == 0, done.stderr
    assert len(json.loads(done.stdout)["wheels"]) == 3
    return out


def test_wheels_are_sound(wheels: Path) -> None:
    subprocess.run([sys.executable, "-m", "zigbuild_backend", "check", *wheels.iterdir()], check=True)


@pytest.mark.parametrize("version", PYTHONS)
@pytest.mark.skipif(sys.platform != "linux", reason="the wheel is for Linux")
def test_every_python_imports_it(version: str, wheels: Path, tmp_path: Path) -> None:
    venv = make_venv(PYTHONS[version], tmp_path / "venv", *wheels.glob("*linux*"))
    assert venv.run(venv.python, "-c", "import stable; print(stable.answer())", cwd=tmp_path).stdout == "42\n"
