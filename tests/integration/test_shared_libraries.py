"""Shared libraries inside of packages: in other folders, of each other, for ctypes alone, in C++ and Zig."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from machines import assert_auditwheel_agrees
from projects import write_files
from zigbuild_backend.core.base.host import find_host_python, find_host_target
from zigbuild_backend.core.binaries.parse import parse_binary

PYTHON, TARGET = find_host_python(), str(find_host_target())
PYPROJECT = """\
[build-system]
requires = ["zigbuild-backend"]
build-backend = "zigbuild_backend"

[project]
name = "shared-spam"
version = "1.0"
"""
CTYPES = (
    PYPROJECT
    + """
[[tool.zigbuild.library]]
name = "spam_c"
sources = ["src/spam.c", "src/spam.cpp", "src/spam.zig"]
linkage = "shared"
package = "spam"
"""
)
FILES = {
    "pyproject.toml": CTYPES,
    "src/spam/__init__.py": "",
    "src/spam.c": '#include <stdlib.h>\nint in_c(void) { char *end; return (int)strtol("40", &end, 10); }\n',
    "src/spam.cpp": "#include <string>\nextern \"C\" int in_cxx(int n) { return (int)std::string(n, 'x').size(); }\n",
    "src/spam.zig": "export fn in_zig() c_int {\n    return 2;\n}\n",
}
OTHERS = 'sources = ["src/spam.c"]\nlink = ["spam_c"]\n[[tool.zigbuild.library]]'
PROGRAM = f'[[tool.zigbuild.executable]]\nname = "spam"\n{OTHERS}'
STATIC = f'[[tool.zigbuild.library]]\nname = "eggs"\n{OTHERS}'
LAYERS = {
    "pyproject.toml": PYPROJECT
    + """
[[tool.zigbuild.library]]
name = "spam_outer"
sources = ["src/outer.c"]
linkage = "shared"
package = "spam.libraries"
link = ["spam_inner"]
link-flags = ["-Wl,-rpath,$ORIGIN/elsewhere"]

[[tool.zigbuild.library]]
name = "spam_inner"
sources = ["src/inner.c"]
linkage = "shared"
package = "spam"

[[tool.zigbuild.extension]]
name = "spam.deep.er._spam"
sources = ["src/spam.c"]
link = ["spam_outer"]
""",
    "src/spam/__init__.py": "",
    "src/inner.c": '#include <stdlib.h>\nint inner(void) { return getenv("SPAM") ? 0 : 41; }\n',
    "src/outer.c": "#include <string.h>\nint inner(void);\nint outer(char *x) { return inner() + (int)strlen(x); }\n",
    "src/spam.c": """\
#include <Python.h>
int outer(char *);
static PyObject *call(PyObject *self, PyObject *none) { return PyLong_FromLong(outer("x")); }
static PyMethodDef methods[] = {{"call", call, METH_NOARGS, 0}, {0}};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "_spam", 0, -1, methods};
PyMODINIT_FUNC PyInit__spam(void) { return PyModule_Create(&definition); }
""",
}


def zigbuild(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "zigbuild_backend", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=900)


def unpack(wheel: Path, folder: Path) -> Path:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def run(code: str, folder: Path) -> str:
    return subprocess.run([sys.executable, "-c", code], cwd=folder, check=True, capture_output=True, text=True).stdout


@pytest.mark.skipif(sys.platform != "linux", reason="the names are those of Linux")
def test_a_wheel_with_a_library_alone(tmp_path: Path) -> None:
    project = write_files(tmp_path / "project", FILES)
    for out in ("first", "second"):
        done = zigbuild("wheels", project, "--target", TARGET, "--out", tmp_path / out)
        assert done.returncode == 0, done.stderr
    (wheel,) = (tmp_path / "first").glob("*.whl")
    assert wheel.name == f"shared_spam-1.0-py3-none-{TARGET}.whl"
    assert wheel.read_bytes() == (tmp_path / "second" / wheel.name).read_bytes()
    assert zigbuild("check", wheel).returncode == 0
    assert_auditwheel_agrees(wheel)
    site = unpack(wheel, tmp_path / "site")
    exports = parse_binary((site / "spam/libspam_c.so").read_bytes()).exports
    assert {"in_c", "in_cxx", "in_zig"} <= set(exports)
    use = "import ctypes; lib = ctypes.CDLL('./spam/libspam_c.so'); print(lib.in_c() + lib.in_cxx(3) + lib.in_zig())"
    assert run(use, site) == "45\n"


@pytest.mark.skipif(sys.platform != "linux", reason="the names are those of Linux")
def test_libraries_in_other_folders_are_found(tmp_path: Path) -> None:
    project = write_files(tmp_path / "project", LAYERS)
    targets = (TARGET, "musllinux_1_2_x86_64", "macosx_11_0_arm64")
    options = [option for target in targets for option in ("--only", f"{PYTHON}-{target}")]
    done = zigbuild("wheels", project, *options, "--out", tmp_path)
    assert done.returncode == 0, done.stderr
    found = {}
    for target in targets:
        (wheel,) = tmp_path.glob(f"*-{target}.whl")
        site = unpack(wheel, tmp_path / target)
        suffix = ".dylib" if "macosx" in target else ".so"
        for name, path in (("inner", "spam/libspam_inner"), ("outer", "spam/libraries/libspam_outer")):
            binary = parse_binary((site / f"{path}{suffix}").read_bytes())
            found[target, name] = [*binary.rpaths], binary.name, [*binary.libraries]
        (module,) = site.glob("spam/deep/er/_spam*")
        found[target, "module"] = [*parse_binary(module.read_bytes()).rpaths], "", []
        assert zigbuild("check", wheel).returncode == 0
        if "linux" in target:
            assert_auditwheel_agrees(wheel)
    assert run("import spam.deep.er._spam as spam; print(spam.call())", tmp_path / TARGET) == "42\n"
    musl = "musllinux_1_2_x86_64"
    assert found[TARGET, "module"][0] == ["$ORIGIN/../../libraries"]
    assert found[musl, "inner"] == ([], "libspam_inner.so", ["libc.musl-x86_64.so.1"])
    rpaths, name, libraries = found[musl, "outer"]
    assert (rpaths, name) == (["$ORIGIN/..", "$ORIGIN/elsewhere"], "libspam_outer.so")
    assert set(libraries) == {"libspam_inner.so", "libc.musl-x86_64.so.1"}
    rpaths, name, libraries = found["macosx_11_0_arm64", "outer"]
    assert rpaths[0] == "@loader_path/.." and name == "@rpath/libspam_outer.dylib"
    assert "@rpath/libspam_inner.dylib" in libraries
    done = zigbuild("wheels", project, "--target", "win_amd64", "--out", tmp_path)
    assert done.returncode == 5 and "Windows searches only the folder of" in done.stderr


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('package = "spam"\n', "", "a shared library needs a package"),
        ('linkage = "shared"\n', "", "belongs to shared libraries"),
        ("sources =", 'visibility = "no"\nsources =', "visibility"),
        ("[[tool.zigbuild.library]]", PROGRAM, "a program would not find the shared library 'spam_c'"),
        ("[[tool.zigbuild.library]]", STATIC, "a static library cannot link the shared 'spam_c'"),
    ],
)
def test_what_would_not_be_found(old: str, new: str, problem: str, tmp_path: Path) -> None:
    project = write_files(tmp_path, {**FILES, "pyproject.toml": CTYPES.replace(old, new)})
    done = zigbuild("plan", project)
    assert done.returncode == 2 and problem in done.stderr
