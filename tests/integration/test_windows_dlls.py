"""Our definitions of CPython's DLLs: compared with the real ones, and linked against."""

from __future__ import annotations

import io
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import lief
import pytest

from deflate_programs import find_zigs
from foreign import WINDOWS_SDISTS, open_windows_release
from lanes import few_first
from zigbuild_backend.core.base.errors import NotFoundError
from zigbuild_backend.core.base.machine import Machine
from zigbuild_backend.core.base.pythons import Python, find_python
from zigbuild_backend.core.base.store import Store
from zigbuild_backend.core.cpython.header_sets import obtain_header_set
from zigbuild_backend.core.cpython.pyconfig import read_pyconfig
from zigbuild_backend.core.cpython.windows_exports import obtain_exports, read_stable_abi
from zigbuild_backend.core.zig.toolchain import CompileError, Zig, ZigEnvironment
from zigbuild_backend.core.zig.ziglang import settle_library

UNREACHABLE = {
    9: "PyParser_SimpleParseFile PyParser_SimpleParseString Py_CompileString Py_CompileStringFlags",
    10: "Py_CompileStringFlags",
    11: "Py_CompileStringFlags",
    12: "PyUnicode_GetSize PyUnicode_InternImmortal Py_CompileStringFlags",
    13: """
        PyCFunction_Call PyEval_AcquireLock PyEval_CallFunction PyEval_CallMethod PyEval_CallObjectWithKeywords
        PyEval_ReleaseLock PyEval_ThreadsInitialized PyObject_AsCharBuffer PyObject_AsReadBuffer PyObject_AsWriteBuffer
        PyObject_CheckReadBuffer PySys_AddWarnOption PySys_AddWarnOptionUnicode PySys_AddXOption PySys_HasWarnOptions
        PySys_SetPath PyUnicode_GetSize PyUnicode_InternImmortal Py_CompileStringFlags Py_SetPath
        """,
}
"""Public names that the DLLs still export for modules of old, but that the headers no longer let code reach."""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return Store(tmp_path_factory.mktemp("store"))


def read_def(python: Python, zig: Zig, store: Store) -> str:
    try:
        headers = obtain_header_set(python.minor, Machine(store, os.environ))
    except NotFoundError as error:
        pytest.skip(str(error))
    return obtain_exports(headers, python, zig)


def parse_def(text: str) -> dict[str, bool]:
    """Return the names that a .def file exports, each with whether it is data."""
    rows = [line.split() for line in text.splitlines()[2:]]
    return {name: rest == ["DATA"] for name, *rest in rows}


def read_dll(minor: int, name: str) -> Mapping[str, bool]:
    """Return the names that a real DLL exports, each with whether it lies outside of code, as forwarded ones do."""
    binary = lief.PE.parse(io.BytesIO(_read_release(minor)[name]))
    code = [
        range(section.virtual_address, section.virtual_address + section.virtual_size)
        for section in binary.sections
        if section.name == ".text"
    ]
    return {
        entry.name: not any(entry.address in addresses for addresses in code) for entry in binary.get_export().entries
    }


def _read_release(minor: int) -> dict[str, bytes]:
    with open_windows_release(minor) as content:
        names = (name for name in content.namelist() if name.endswith(".dll"))
        return {name.rpartition("/")[2]: content.read(name) for name in names}


@pytest.mark.full
@pytest.mark.parametrize("minor", WINDOWS_SDISTS)
class TestAgainstReleases:
    def test_functions_and_data_of_the_version_specific_dll(self, minor: int, zig: Zig, store: Store) -> None:
        ours = parse_def(read_def(Python(minor), zig, store))
        real = read_dll(minor, f"python3{minor}.dll")
        assert [name for name in ours if name in real and ours[name] != real[name]] == []
        missing = sorted(real.keys() - ours.keys())
        assert [name for name in missing if not name.startswith("_")] == UNREACHABLE[minor].split()
        assert len(missing) <= 0.025 * len(real)
        too_many = sorted(ours.keys() - real.keys())
        assert [name for name in too_many if not name.startswith("_")] == []
        assert len(too_many) <= 20

    def test_the_stable_abi_promises_nothing_that_a_release_does_not_have(
        self, minor: int, zig: Zig, store: Store
    ) -> None:
        python = Python(minor, stable_abi=True)
        ours = parse_def(read_def(python, zig, store))
        specific = read_dll(minor, f"python3{minor}.dll")
        assert ours.keys() - read_dll(minor, "python3.dll").keys() == set()
        assert [name for name in ours if ours[name] != specific[name]] == []
        assert len(ours) > 770

    def test_the_list_of_the_stable_abi_agrees(self, minor: int, zig: Zig, store: Store) -> None:
        ours = parse_def(read_def(Python(minor, stable_abi=True), zig, store)).keys()
        # 3.9 came before the list was made: its python3.dll has a dozen names more
        assert len(ours - read_stable_abi(minor)) <= (15 if minor == 9 else 0)


def test_names_that_are_easily_missed(zig: Zig, store: Store) -> None:
    old = parse_def(read_def(find_python("cp39"), zig, store))
    assert old["_PyArg_ParseTuple_SizeT"] is old["_Py_BuildValue_SizeT"] is False  # exist through #define only
    assert old["_Py_TrueStruct"] is True  # the second of two in one declaration
    assert old["PyOS_InputHook"] is old["PyOS_ReadlineFunctionPointer"] is True  # pointers to functions
    assert old["Py_FatalError"] is False  # has an attribute before its name


def test_free_threading(zig: Zig, store: Store) -> None:
    text = read_def(find_python("cp313t"), zig, store)
    assert text.startswith("NAME python313t.dll\nEXPORTS\n    PY_TIMEOUT_MAX DATA\n")
    names = parse_def(text).keys()
    assert "_Py_DecRefShared" in names
    assert "_Py_DecRefShared" not in parse_def(read_def(find_python("cp313"), zig, store))


MACHINES = {"x86": "i386", "x86_64": "i386:x86-64", "aarch64": "arm64"}

MODULE = """
#define PY_SSIZE_T_CLEAN
#include <Python.h>
static PyObject *add(PyObject *self, PyObject *args) {
    Py_ssize_t n;
    const char *text;
    Py_ssize_t length;
    if (!PyArg_ParseTuple(args, "ns#", &n, &text, &length)) return NULL;
    if (!PyObject_TypeCheck(args, &PyTuple_Type)) return PyErr_Format(PyExc_TypeError, "no");
    return n ? Py_BuildValue("(nO)", n + length, Py_True) : NULL;
}
static PyMethodDef methods[] = {{"add", add, METH_VARARGS, ""}, {0}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "spam", 0, 0, methods};
PyMODINIT_FUNC PyInit_spam(void) { return PyModule_Create(&module); }
"""


@pytest.mark.parametrize("name", ["cp39", "cp313", "cp313t", "cp310-abi3"])
@pytest.mark.parametrize("machine", few_first(MACHINES, ("x86_64",)))
def test_a_module_links_and_imports_that_dll_alone(
    name: str, machine: str, zig: Zig, store: Store, tmp_path: Path
) -> None:
    python = find_python(name)
    (tmp_path / "python.def").write_text(read_def(python, zig, store))
    library = tmp_path / "python.lib"
    make_library(zig.executable, machine, tmp_path / "python.def", library, python.windows_dll)
    (tmp_path / "pyconfig.h").write_bytes(read_pyconfig("windows"))

    def link(source: str) -> Path:
        (tmp_path / "spam.c").write_text(source)
        flags = ["-DPy_GIL_DISABLED=1"] if python.free_threaded else []
        flags += [f"-DPy_LIMITED_API={python.limited_api}"] if python.stable_abi else []
        headers = obtain_header_set(python.minor, Machine(store, os.environ)).folder
        options = ["-dynamic", "-target", f"{machine}-windows-gnu", "-lc", "-O", "ReleaseFast", "-fstrip"]
        inputs = [f"-I{tmp_path}", f"-I{headers}", "-cflags", *flags, "--", str(tmp_path / "spam.c"), str(library)]
        module = tmp_path / "spam.pyd"
        command = ["build-lib", *options, "-fno-allow-shlib-undefined", f"-femit-bin={module}", *inputs]
        zig.run(command, world=ZigEnvironment(library=settle_library(zig)))
        return module

    binary = lief.PE.parse(str(link(MODULE)))
    assert [entry.name for entry in binary.get_export().entries] == ["PyInit_spam"]
    imported = {library.name: {entry.name for entry in library.entries} for library in binary.imports}
    assert {"PyExc_TypeError", "PyTuple_Type", "_Py_TrueStruct"} <= imported[python.windows_dll]
    assert [name for name in imported if "python" in name.lower()] == [python.windows_dll]
    with pytest.raises(CompileError, match="Py_NoSuchThing"):
        link(
            MODULE.replace("n + length", "Py_NoSuchThing()").replace(
                "static PyObject *add", "int Py_NoSuchThing(void);\nstatic PyObject *add"
            )
        )


def make_library(zig: Path, machine: str, definition: Path, library: Path, dll: str) -> None:
    subprocess.run([zig, "dlltool", "-m", MACHINES[machine], "-D", dll, "-d", definition, "-l", library], check=True)


@pytest.mark.parametrize("machine", MACHINES)
def test_every_zig_makes_the_same_import_library(machine: str, zig: Zig, store: Store, tmp_path: Path) -> None:
    (tmp_path / "python.def").write_text(read_def(find_python("cp313"), zig, store))
    made = set()
    for number, executable in enumerate([zig.executable, *find_zigs()]):
        library = tmp_path / f"{number}.lib"
        make_library(executable, machine, tmp_path / "python.def", library, "python313.dll")
        made.add(library.read_bytes())
    assert len(made) == 1
