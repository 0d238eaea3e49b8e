"""Static libraries, of the project and of recipes, and config headers in each style."""

from __future__ import annotations

import json
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from lanes import EACH_ZIG
from machines import ROOT
from projects import write_files
from zigbuild_backend.core.base.host import find_host_python, find_host_target
from zigbuild_backend.core.base.store import digest_file

HOST = f"{find_host_python()}-{find_host_target()}"
RUN = [sys.executable, "-m", "zigbuild_backend"]
PYPROJECT = """\
[build-system]
requires = ["zigbuild-backend"]
build-backend = "zigbuild_backend"

[project]
name = "libraries-spam"
version = "1.0"

[tool.zigbuild]
packages = ["src/spam"]
"""
MODULE = """
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "_spam", 0, -1, methods};
PyMODINIT_FUNC PyInit__spam(void) { return PyModule_Create(&definition); }
"""


def zigbuild(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*RUN, *map(str, arguments)], capture_output=True, text=True, timeout=900)


def build(project: Path, out: Path, *identifiers: str) -> Mapping[str, int]:
    """Build the wheels of *project*; return how many objects were built and reused."""
    options = [option for identifier in identifiers for option in ("--only", identifier)]
    done = zigbuild("wheels", project, "--out", out, "--json", *options)
    assert done.returncode == 0, done.stderr
    counts: dict[str, int] = json.loads(done.stdout)["objects"]
    return counts


def call(wheel: Path, folder: Path, expression: str) -> str:
    """Return the value of an expression with the module ``_spam`` of *wheel*."""
    zipfile.ZipFile(wheel).extractall(folder)
    code = f"import spam._spam as _spam; print(ascii({expression}))"
    return subprocess.run([sys.executable, "-c", code], cwd=folder, check=True, capture_output=True, text=True).stdout


HEADERS = {
    "src/spam/__init__.py": "",
    "src/autoconf.h.in": "#undef AUTOCONF_TEXT\n#undef AUTOCONF_OFF\n#undef SYSTEM\n",
    "src/at.h.in": '#define AT_TEXT "@AT_TEXT@"\n',
    "src/cmake.h.in": (
        '#cmakedefine CMAKE_TEXT "${CMAKE_TEXT}"\n#cmakedefine CMAKE_ON\n#cmakedefine CMAKE_OFF\n'
        "#ifndef CMAKE_ON\n#error on\n#endif\n"
    ),
    "src/spam/_spam.c": """\
#include <Python.h>
#include "plain.h"
#include "autoconf.h"
#include "at.h"
#include "cmake.h"
#if defined(PLAIN_OFF) || defined(AUTOCONF_OFF) || defined(CMAKE_OFF)
#error "what is false is undefined"
#endif
static PyObject *texts(PyObject *self, PyObject *none)
{
    return Py_BuildValue("sssss", PLAIN_TEXT, AUTOCONF_TEXT, AT_TEXT, CMAKE_TEXT, SYSTEM);
}
static PyMethodDef methods[] = {{"texts", texts, METH_NOARGS, 0}, {0}};
"""
    + MODULE,
    "pyproject.toml": PYPROJECT
    + r"""
[[tool.zigbuild.extension]]
name = "spam._spam"
sources = ["src/spam/_spam.c"]
[[tool.zigbuild.extension.config-header]]
path = "plain.h"
values = { PLAIN_TEXT = '"\"\\ é {} $x @y@"', PLAIN_OFF = false, PLAIN_NUMBER = -3, PLAIN_EMPTY = "" }
[[tool.zigbuild.extension.config-header]]
path = "autoconf.h"
template = "src/autoconf.h.in"
style = "autoconf"
values = { AUTOCONF_TEXT = '"\"\\ é"', AUTOCONF_OFF = false, SYSTEM = '"another"' }
on = [{ when = { os = "linux" }, values = { SYSTEM = '"Linux"' } }]
[[tool.zigbuild.extension.config-header]]
path = "at.h"
template = "src/at.h.in"
style = "autoconf-at"
values = { AT_TEXT = '\"\\ é' }
[[tool.zigbuild.extension.config-header]]
path = "cmake.h"
template = "src/cmake.h.in"
style = "cmake"
values = { CMAKE_TEXT = '\"\\ é', CMAKE_ON = true, CMAKE_OFF = false }
""",
}


@pytest.mark.skipif(sys.platform != "linux", reason="the expected system is Linux")
@pytest.mark.parametrize("version", EACH_ZIG)
def test_config_headers_hold_what_is_said(version: str, tmp_path: Path) -> None:
    project = write_files(tmp_path / "spam", HEADERS)
    pyproject = project / "pyproject.toml"
    pyproject.write_text(pyproject.read_text().replace("[tool.zigbuild]\n", f'[tool.zigbuild]\nzig = "{version}"\n'))
    build(project, tmp_path, HOST)
    (wheel,) = tmp_path.glob("*.whl")
    text = '"\\ é'
    expected = ascii((f"{text} {{}} $x @y@", text, text, text, "Linux"))
    assert call(wheel, tmp_path / "unpacked", "_spam.texts()") == expected + "\n"


@pytest.mark.parametrize(
    ("old", "new", "problem", "mend"),
    [
        (
            "AUTOCONF_OFF =",
            "UNKNOWN =",
            "src/autoconf.h.in:2: error: unspecified",
            "give it a value in 'config-header'",
        ),
        ("CMAKE_TEXT =", "UNKNOWN =", "src/cmake.h.in:1: ", "a value in 'config-header'"),
    ],
)
def test_values_that_a_template_does_not_know(old: str, new: str, problem: str, mend: str, tmp_path: Path) -> None:
    project = write_files(tmp_path / "spam", HEADERS)
    pyproject = project / "pyproject.toml"
    pyproject.write_text(pyproject.read_text().replace(old, new))
    done = zigbuild("wheels", project, "--out", tmp_path, "--only", HOST)
    assert done.returncode == 3
    assert problem in done.stderr and mend in done.stderr


LIBRARIES = {
    "src/spam/__init__.py": "",
    "lib/outer.h": "int outer(void);\n",
    "lib/outer.c": '#include "inner.h"\n#include "outer.h"\nint outer(void) { return inner() + ONE; }\n',
    "lib/inner.h": '#ifdef __cplusplus\nextern "C"\n#endif\nint inner(void);\n',
    "lib/inner.cpp": '#include <vector>\n#include "inner.h"\nint inner(void) { return std::vector<int>(40).size(); }\n',
    "lib/absent.c": "#error only where it is wanted\n",
    "src/spam/_spam.c": """\
#include <Python.h>
#include <outer.h>
static PyObject *number(PyObject *self, PyObject *none) { return PyLong_FromLong(outer()); }
static PyMethodDef methods[] = {{"number", number, METH_NOARGS, 0}, {0}};
"""
    + MODULE,
    "pyproject.toml": PYPROJECT
    + """
[[tool.zigbuild.extension]]
name = "spam._spam"
sources = ["src/spam/_spam.c"]
link = ["outer", "absent"]
[[tool.zigbuild.library]]
name = "outer"
sources = ["lib/outer.c"]
include-dirs = ["lib"]
defines = { ONE = 1 }
link = ["inner"]
[[tool.zigbuild.library]]
name = "inner"
sources = ["lib/inner.cpp"]
include-dirs = ["lib"]
[[tool.zigbuild.library]]
name = "absent"
sources = ["lib/absent.c"]
when = { os = "windows", arch = "aarch64" }
""",
}


@pytest.mark.skipif(sys.platform != "linux", reason="the runtime of C++ is built for Linux only")
def test_libraries_are_compiled_once_for_all_pythons(tmp_path: Path) -> None:
    project = write_files(tmp_path / "spam", LIBRARIES)
    (project / "lib/outer.c").write_text(f"/* {tmp_path} */\n{LIBRARIES['lib/outer.c']}")  # was never compiled before
    (project / "lib/inner.cpp").write_text(f"/* {tmp_path} */\n{LIBRARIES['lib/inner.cpp']}")
    (project / "src/spam/_spam.c").write_text(f"/* {tmp_path} */\n{LIBRARIES['src/spam/_spam.c']}")
    others = [f"{python}-{find_host_target()}" for python in ("cp310", "cp311", "cp312") if python not in HOST][:1]
    assert build(project, tmp_path, HOST) == {"built": 3, "reused": 0}
    assert build(project, tmp_path, HOST, *others) == {"built": 1, "reused": 3}  # the module, for another Python
    wheels = sorted(tmp_path.glob("*.whl"))
    assert len(wheels) == 2
    (wheel,) = (path for path in wheels if find_host_python().python_tag in path.name)
    assert call(wheel, tmp_path / "unpacked", "_spam.number()") == "41\n"


@pytest.fixture
def recipe_project(tmp_path: Path) -> Path:
    """Return a project that links a library by a recipe, whose source is an archive at a file URL, with a patch."""
    source = write_files(
        tmp_path / "half-2.0", {"half.h": "int half(int);\n", "src/half.c": "int half(int x) { return 0; }\n"}
    )
    with tarfile.open(tmp_path / "half-2.0.tar.gz", "w:gz") as archive:
        archive.add(source, "half-2.0")
    url, sha256 = (tmp_path / "half-2.0.tar.gz").as_uri(), digest_file(tmp_path / "half-2.0.tar.gz")
    files = {
        "src/spam/__init__.py": "",
        "src/spam/_spam.c": """\
#include <Python.h>
#include <half.h>
static PyObject *call(PyObject *self, PyObject *x) { return PyLong_FromLong(half(PyLong_AsLong(x))); }
static PyMethodDef methods[] = {{"half", call, METH_O, 0}, {0}};
"""
        + MODULE,
        "recipes/half/recipe.toml": f"""\
[recipe]
name = "half"
version = "2.0"
kind = "library"
source = {{ url = "{url}", sha256 = "{sha256}" }}
patches = ["right.patch"]
[[library]]
name = "half"
sources = ["src/half.c"]
include-dirs = ["."]
""",
        "recipes/half/right.patch": (
            "--- a/src/half.c\n+++ b/src/half.c\n@@ -1,1 +1,1 @@\n"
            "-int half(int x) { return 0; }\n+int half(int x) { return x / DIVISOR; }\n"
        ),
        "pyproject.toml": PYPROJECT
        + """
[[tool.zigbuild.extension]]
name = "spam._spam"
sources = ["src/spam/_spam.c"]
link = ["half"]
[[tool.zigbuild.library]]
name = "half"
recipe = "recipes/half"
defines = { DIVISOR = 2 }
""",
    }
    return write_files(tmp_path / "spam", files)


def test_library_of_a_recipe_is_linked_and_made_again(recipe_project: Path, tmp_path: Path) -> None:
    build(recipe_project, tmp_path, HOST)
    (wheel,) = tmp_path.glob("*.whl")
    assert call(wheel, tmp_path / "unpacked", "_spam.half(42)") == "21\n"
    assert zigbuild("sdist", recipe_project, "--out", tmp_path).returncode == 0
    (tmp_path / "half-2.0.tar.gz").unlink()  # what was fetched is kept
    done = zigbuild("verify", wheel)
    if "no sandbox" in done.stderr:
        pytest.skip(done.stderr)
    assert done.returncode == 0, done.stderr


def test_recipe_with_another_hash_is_refused(recipe_project: Path, tmp_path: Path) -> None:
    recipe = recipe_project / "recipes/half/recipe.toml"
    recipe.write_text(recipe.read_text().replace('sha256 = "', 'sha256 = "0000')[:-4])
    done = zigbuild("wheels", recipe_project, "--out", tmp_path, "--only", HOST)
    assert done.returncode == 2 and "recipes/half/recipe.toml" in done.stderr
    recipe.unlink()
    done = zigbuild("wheels", recipe_project, "--out", tmp_path, "--only", HOST)
    assert done.returncode == 2
    assert "tool.zigbuild.library[0].recipe: there is no recipes/half/recipe.toml in the project" in done.stderr


def test_recipes_of_libraries_make_no_wheels() -> None:
    done = zigbuild("wheels", ROOT / "recipes" / "liblz4", "--only", HOST)
    assert done.returncode == 2 and "is a library, of which no wheel is made" in done.stderr
