"""One wheel of the stable ABI of all Pythons (abi3t, PEP 803) is loaded by a CPython with the GIL and by one without.

The first is Debian's for glibc, the second has musl and is in the wheels of ``freeze-core``.
"""

from __future__ import annotations

import platform
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from debian import find_cache, find_package, read_package
from foreign import ForeignPython
from projects import render_pyproject, write_files
from zigbuild_backend.core.zig.toolchain import Zig

pytestmark = pytest.mark.skipif(platform.machine() != "x86_64", reason="the Pythons are for x86_64")

FREEZE_CORE = "freeze_core-0.8.1-cp315-cp315t-musllinux_1_2_x86_64.whl"
FREEZE_CORE_SHA256 = "f13d671ad9b14200b5aa38012db93598a34906f72c48e01ad2f5dad5d5f3a9bc"
DEBIAN_PACKAGES = (
    *("libc6", "libexpat1", "libgcc-s1", "libzstd1", "musl", "zlib1g"),
    *("libpython3.15-minimal", "libpython3.15-stdlib", "python3.15-minimal"),
)
HEADERS = "usr/include/python3.15"

SETTINGS = """
[[tool.zigbuild.extension]]
name = "spam._c"
sources = ["spam/_c.c"]
stable-abi = "cp315t"
"""

MODULE = """\
#define PY_SSIZE_T_CLEAN
#include <Python.h>

static PyObject *answer(PyObject *module, PyObject *unused) {
    (void)module, (void)unused;
    return PyLong_FromLong(42);
}

static PyMethodDef methods[] = {{"answer", answer, METH_NOARGS, "The answer."}, {NULL, NULL, 0, NULL}};

#ifdef Py_TARGET_ABI3T
PyABIInfo_VAR(abi_info);

static PySlot slots[] = {
    PySlot_STATIC_DATA(Py_mod_name, "_c"),
    PySlot_STATIC_DATA(Py_mod_abi, &abi_info),
    PySlot_STATIC_DATA(Py_mod_methods, methods),
    PySlot_DATA(Py_mod_gil, Py_MOD_GIL_NOT_USED),
    PySlot_END,
};

PyMODEXPORT_FUNC PyModExport__c(void) { return slots; }
#else
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "_c", NULL, 0, methods, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__c(void) { return PyModule_Create(&definition); }
#endif
"""

USE = """
import os, sys
sys.path.insert(0, os.getcwd())
import spam._c
print(spam._c.answer(), os.path.basename(spam._c.__file__), sys.version_info[:2], sys._is_gil_enabled())
"""

TARGETS = ("manylinux_2_17_x86_64", "musllinux_1_2_x86_64", "macosx_10_13_universal2", "win_amd64")


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return the wheel for each of the targets."""
    folder = tmp_path_factory.mktemp("abi3t")
    headers = write_files(folder / "debian", read_package("sid", "amd64", "libpython3.15-dev", HEADERS)) / HEADERS
    files = {"pyproject.toml": render_pyproject("spam", SETTINGS), "spam/__init__.py": "", "spam/_c.c": MODULE}
    project = write_files(folder / "project", files)
    command = [sys.executable, "-m", "zigbuild_backend", "wheels", project, "--out", folder / "dist"]
    only = [f"--only=cp315-abi3t-{target}" for target in TARGETS]
    done = subprocess.run([*command, *only, "--headers", headers], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    return {target: folder / "dist" / f"spam-1.0.0-cp315-abi3.abi3t-{target}.whl" for target in TARGETS}


@pytest.fixture(scope="module")
def debian(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with Debian's CPython 3.15 and musl."""
    root = tmp_path_factory.mktemp("root")
    for package in DEBIAN_PACKAGES:
        deb = find_package("sid", "amd64", package)
        subprocess.run(["dpkg-deb", "--extract", deb, root], check=True, timeout=300)
    return root / "usr"


def unpack(wheel: Path, folder: Path) -> Path:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def test_wheels_say_whom_they_are_for(wheels: dict[str, Path]) -> None:
    for target, wheel in wheels.items():
        with zipfile.ZipFile(wheel) as archive:
            lines = archive.read("spam-1.0.0.dist-info/WHEEL").decode().splitlines()
            names = archive.namelist()
        assert lines[-2:] == [f"Tag: cp315-{abi}-{target}" for abi in ("abi3", "abi3t")]
        assert f"spam/_c{'.pyd' if target.startswith('win') else '.abi3t.so'}" in names
    subprocess.run([sys.executable, "-m", "zigbuild_backend", "check", "-q", *wheels.values()], check=True)


def test_loaded_with_the_gil(wheels: dict[str, Path], debian: Path, tmp_path: Path) -> None:
    loader = (debian / "lib64" / "ld-linux-x86-64.so.2", "--library-path", debian / "lib" / "x86_64-linux-gnu")
    python = ForeignPython((*loader, debian / "bin" / "python3.15"), {"PYTHONHOME": str(debian)})
    content = unpack(wheels["manylinux_2_17_x86_64"], tmp_path / "wheel")
    assert python.run(USE, content) == "42 _c.abi3t.so (3, 15) True\n"


def test_loaded_without_the_gil(wheels: dict[str, Path], debian: Path, zig: Zig, tmp_path: Path) -> None:
    core = unpack(download_freeze_core(), tmp_path / "core")
    program = core / "freeze_core" / "bases" / "console-cpython-315t-x86_64-linux-musl"
    preload = tmp_path / "musl_main.so"
    source = Path(__file__).with_name("musl_main.c")
    zig.run(["cc", "-target", "x86_64-linux-musl", "-shared", "-fPIC", "-o", str(preload), str(source)])
    home = tmp_path / "home"
    (home / "lib").mkdir(parents=True)
    (home / "lib" / "python3.15t").symlink_to(debian / "lib" / "python3.15")
    loader = (debian / "lib" / "x86_64-linux-musl" / "libc.so", "--library-path", core / "freeze_core.libs")
    environ = {"PYTHONHOME": str(home), "PYTHONPATH": str(core / "freeze_core" / "lib")}
    python = ForeignPython((*loader, "--preload", preload, program), environ)
    content = unpack(wheels["musllinux_1_2_x86_64"], tmp_path / "wheel")
    assert python.run(USE, content) == "42 _c.abi3t.so (3, 15) False\n"


def download_freeze_core() -> Path:
    """Return the wheel of ``freeze-core`` for a free-threaded CPython 3.15 with musl, kept in the tests' cache."""
    folder = find_cache() / "freeze-core"
    path = folder / FREEZE_CORE
    if not path.is_file():
        folder.mkdir(exist_ok=True)
        requirements = folder / "requirements.txt"
        requirements.write_text(f"freeze-core==0.8.1 --hash=sha256:{FREEZE_CORE_SHA256}\n")
        kind = ("--python-version=3.15", "--abi=cp315t", "--platform=musllinux_1_2_x86_64", "--only-binary=:all:")
        command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", *kind, "-d", folder, "-r", requirements]
        done = subprocess.run(command, capture_output=True, text=True, timeout=600)
        if done.returncode:
            pytest.skip(f"freeze-core cannot be had: {done.stderr.strip()}")
    return path
