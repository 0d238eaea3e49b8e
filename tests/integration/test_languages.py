"""Zig and C in extension modules: the API of CPython in Zig, by every supported zig, on systems of each kind."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from foreign import windows_python, wine_environ
from host_wheels import HOST
from machines import PYTHONS
from projects import write_files
from zigbuild_backend.core.cpython.zig_translation import declare_inline, read_translation_files

PYPROJECT = """
[project]
name = "spam"
version = "1.0"

[tool.zigbuild]
optimize = "safe"

[[tool.zigbuild.extension]]
name = "spam._api"
sources = ["spam/api.zig", "spam/c.c"]
translate = ["spam/c.h"]
defines = { LIMIT = 40 }
"""

API = """
const c = @import("c");
const inner = @import("inner.zig");
const py = @import("python");

const Object = [*c]py.PyObject;

fn ask(_: Object, args: Object) callconv(.c) Object {
    var object: Object = null;
    if (py.PyArg_ParseTuple(args, "O:ask", &object) == 0) return null;
    if (object == py.Py_None()) return py.Py_RETURN_NONE();
    if (py.PyUnicode_Check(object) != 0) {
        if (py.PyUnicode_GET_LENGTH(object) == 0) return py.Py_RETURN_FALSE();
        return py.PyLong_FromLong(@intCast(py.PyUnicode_READ_CHAR(object, 0)));
    }
    if (py.PyTuple_Check(object) != 0) {
        var held: Object = py.Py_NewRef(object);
        py.Py_INCREF(held);
        py.Py_DECREF(held);
        py.Py_CLEAR(&held);
        return if (held == null) py.Py_RETURN_TRUE() else null;
    }
    const number = py.PyLong_AsLong(object);
    if (number == -1 and py.PyErr_Occurred() != null) return null;
    if (number > c.LIMIT) {
        py.PyErr_SetString(py.PyExc_ValueError, "beyond the limit");
        return null;
    }
    return py.PyLong_FromLong(inner.half(c.twice(@intCast(number)) + 2));
}

var methods = [_]py.PyMethodDef{
    .{ .ml_name = "ask", .ml_meth = ask, .ml_flags = py.METH_VARARGS },
    .{},
};

var slots = [_]py.PyModuleDef_Slot{.{}};

var definition: py.PyModuleDef = .{
    .m_base = py.PyModuleDef_HEAD_INIT,
    .m_name = "spam._api",
    .m_methods = &methods,
    .m_slots = &slots,
};

pub export fn PyInit__api() Object {
    return py.PyModuleDef_Init(&definition);
}
"""

FILES = {
    "pyproject.toml": PYPROJECT,
    "spam/__init__.py": "",
    "spam/api.zig": API,
    "spam/inner.zig": "pub fn half(number: c_int) c_int {\n    return @divTrunc(number, 2);\n}\n",
    "spam/c.h": "#ifndef LIMIT\n#error\n#endif\nint twice(int number);\n",
    "spam/c.c": '#include "c.h"\nint twice(int number) { return 2 * number; }\n',
}

ASK = """
import sys; sys.path.insert(0, ".")
from spam._api import ask
assert (ask(None), ask(""), ask("Ŝ"), ask((1,)), ask(40)) == (None, False, 348, True, 41)
count = sys.getrefcount(ask)
for _ in range(1000):
    ask((ask,))
assert sys.getrefcount(ask) == count
for wrong, error in ((41, ValueError), (2**100, OverflowError), ([], TypeError)):
    try:
        ask(wrong)
    except error:
        continue
    raise AssertionError(wrong)
print("asked")
"""


def build(project: Path, out: Path, *options: str) -> list[Path]:
    """Return the folders of the wheels' contents, by identifier of the wheel."""
    command = [sys.executable, "-m", "zigbuild_backend", "wheels", project, "--out", out, "--json", *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=1200)
    if "is not installed" in done.stderr and "fetch" in done.stderr:
        pytest.skip(f"this zig cannot be fetched: {done.stderr}")
    assert done.returncode == 0, done.stderr
    folders = []
    for wheel in json.loads(done.stdout)["wheels"]:
        folders.append(out / wheel["identifier"])
        with zipfile.ZipFile(out / wheel["file"]) as archive:
            archive.extractall(folders[-1])
    return folders


def test_the_api_in_zig(tmp_path: Path) -> None:
    project = write_files(tmp_path / "spam", FILES)
    here = {f"cp{version.replace('.', '')}": python for version, python in PYTHONS.items()}
    chosen = sorted({min(here, key=lambda name: int(name[3:])), max(here, key=lambda name: int(name[3:]))})
    identifiers = [f"{name}-{HOST}" for name in chosen] + ["cp311-win_amd64", "cp313t-macosx_11_0_arm64"]
    only = [option for identifier in identifiers for option in ("--only", identifier)]
    folders = {folder.name: folder for folder in build(project, tmp_path / "out", *only)}
    for name in chosen:
        folder = folders[f"{name}-{HOST}"]
        assert not list(folder.rglob("*.zig"))
        (module,) = folder.rglob("_api*.so")
        assert not re.search(rb"/zigbuild/|\.cache/|" + re.escape(str(tmp_path).encode()), module.read_bytes())
        done = subprocess.run([here[name], "-c", ASK], cwd=folder, capture_output=True, text=True)
        assert done.stdout == "asked\n", done.stderr
    with wine_environ() as environ:
        python = windows_python(11, tmp_path / "windows", environ)
        assert python.run(ASK, folders["cp311-win_amd64"]).split() == ["asked"]


def test_the_same_bytes_wherever_the_project_is(tmp_path: Path) -> None:
    modules: list[Mapping[str, bytes]] = []
    for place in ("one", "another place"):
        project = write_files(tmp_path / place / "spam", FILES)
        (folder,) = build(project, tmp_path / place / "out", "--only", f"cp311-{HOST}")
        modules.append({path.name: path.read_bytes() for path in folder.rglob("*.so")})
    assert modules[0] == modules[1]


def test_inline_functions_are_shown_as_declarations() -> None:
    header = b"""
static inline Py_ALWAYS_INLINE void Py_INCREF(PyObject *op)
{
#if defined(Py_GIL_DISABLED)
    if (op) { op->count++; }
#endif
}
Py_DEPRECATED(3.3) static inline int
f(int *a) { return a[0]; }
static inline int g(void);
static const int number = 1;
int h(void);
"""
    shown = declare_inline(header)
    assert b"{" not in shown
    declared = b" ".join(shown.split())
    assert b"extern void Py_INCREF(PyObject *op);" in declared
    assert b"extern int f(int *a); extern int g(void); static const int number = 1; int h(void);" in declared
    assert b"static inline" not in read_translation_files()["python.h"]
