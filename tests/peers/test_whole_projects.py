"""Projects with a bit of everything, whose sdists, wheels and metadata are looked at as a whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from frontends import Frontend, commit
from projects import Files, render_module, render_pyproject

ADD = ("add", 'PyArg_ParseTuple(args, "ii", &a, &b) ? PyLong_FromLong(a + b) : NULL')
INTEGERS = "static int a, b;"
SQUARE = ("square", 'PyArg_ParseTuple(args, "d", &x) ? PyFloat_FromDouble(x * x) : NULL')
X = "static double x;"
SAYS = """
version = "0.0.1"
requires-python = ">=3.9"
license-files = ["LICENSE"]
optional-dependencies = { test = ["pytest>=6.0"] }
scripts = { something = "other:callme" }
gui-scripts = { guithing = "a.b:c" }
entry-points = { "one.two" = { three = "four" } }
"""
ENTRY_POINTS = """\
[console_scripts]
something = other:callme

[gui_scripts]
guithing = a.b:c

[one.two]
three = four
"""
METADATA = [
    *("Version: 0.0.1", "License-File: LICENSE", "Requires-Python: >=3.9"),
    *("Provides-Extra: test", 'Requires-Dist: pytest>=6.0; extra == "test"'),
]
USE = "import cmake_example as c; print(c.version(), c.add(1, 2))"
BINDING = """\
#include <pybind11/pybind11.h>
PYBIND11_MODULE(cmake_example, module) {
    module.def("add", [](int a, int b) { return a + b; });
    module.def("version", [] { return VERSION_INFO; });
}
"""


def extension(name: str, source: str, more: str = "") -> str:
    return f'[[tool.zigbuild.extension]]\nname = "{name}"\nsources = ["{source}"]\n{more}\n'


@pytest.mark.parametrize("language", ["c", "pybind11"])
def test_a_module_at_the_top(language: str, frontend: Frontend, tmp_path: Path) -> None:
    version = 'defines = { VERSION_INFO = "\\"{version}\\"" }\n'
    name = "CMake.Example"
    if language == "c":
        name = "C.Example"
        said = ("version", "PyUnicode_FromString(VERSION_INFO)")
        source, text, requires = "src/main.c", render_module("cmake_example", ADD, said, head=INTEGERS), ""
    else:
        version += 'headers-from = ["pybind11"]\nstd = { cxx = "c++17" }\n'
        source, text, requires = "src/main.cpp", BINDING, "pybind11"
    settings = extension("cmake_example", source, version)
    files = {
        "pyproject.toml": render_pyproject(name, settings, project=SAYS, requires=requires),
        "LICENSE": "a licence\n",
        source: text,
    }
    project = frontend.write(files)
    assert set(frontend.sdist(project)) == {*files, "PKG-INFO"}
    wheel = frontend.wheel(project)
    assert wheel.path.name.startswith(f"{name.lower().replace('.', '_')}-0.0.1-")
    assert wheel.names == {
        *(f"cmake_example{wheel.extension_suffix}", f"{wheel.info}/licenses/LICENSE"),
        f"{wheel.info}/entry_points.txt",
    }
    assert "Root-Is-Purelib: false\n" in wheel.read("WHEEL")
    assert wheel.read("METADATA") == frontend.read_sdist("PKG-INFO")
    assert wheel.read("METADATA").strip().splitlines()[1:] == [f"Name: {name}", *METADATA]
    assert wheel.read("entry_points.txt") == ENTRY_POINTS
    assert wheel.run(USE, tmp_path / "site") == "0.0.1 3"


SIMPLEST: Files = {
    "pyproject.toml": render_pyproject("simplest", extension("simplest._module", "src/module.c")),
    ".gitignore": "*ignored*\n",
    "src/module.c": render_module("_module", SQUARE, head=X),
    "src/simplest/__init__.py": "from ._module import square\n",
    "src/simplest/_module.pyi": "def square(x: float) -> float: ...\n",
    **{f"src/simplest/{name}.txt": "" for name in ("data", "excluded", "sdist_only")},
    "src/not_a_package/simple.txt": "",
}
IGNORED: Files = {f"src/simplest/{name}.txt": "" for name in ("ignored", "ignored_included", "artifact_ignored")}


def test_what_goes_where(frontend: Frontend, tmp_path: Path) -> None:
    project = frontend.write({**SIMPLEST, **IGNORED})
    commit(project)
    assert set(frontend.sdist(project)) == {*SIMPLEST, "PKG-INFO"}
    wheel = frontend.wheel(project)
    module = f"simplest/_module{wheel.extension_suffix}"
    package = {path.removeprefix("src/") for path in SIMPLEST if path.startswith("src/simplest/")}
    assert wheel.names == {module, *package}
    assert wheel.run("from simplest import square; print(square(2))", tmp_path / "site") == "4.0"
    before = wheel.path.read_bytes()
    assert frontend.wheel(project).path.read_bytes() == before
    config = {
        "sdist.include": "src/simplest/*included*.txt",
        "sdist.exclude": "src/simplest/excluded.txt",
        "wheel.exclude": "src/simplest/sdist_only.txt",
        "packages": "src/simplest;src/not_a_package",
    }
    chosen = {f"simplest/{name}" for name in ("__init__.py", "_module.pyi", "data.txt", "ignored_included.txt")}
    assert frontend.wheel(project, config).names == {module, *chosen, "not_a_package/simple.txt"}
    assert "PKG-INFO" in frontend.sdist(project, {"sdist.exclude": config["sdist.exclude"]})


def test_metadata_from_elsewhere(frontend: Frontend, tmp_path: Path) -> None:
    settings = f"""
    {extension("dynamic._module", "src/module.c")}
    [tool.zigbuild.version]
    from = "attribute"
    attribute = "dynamic:__version__"
    [tool.zigbuild.readme]
    content-type = "text/x-rst"
    fragments = [{{ text = "Fragment #1" }}, {{ path = "docs/two.rst" }}]
    """
    said = 'dynamic = ["version", "readme"]\nlicense = { text = "MIT License" }'
    files = {
        "pyproject.toml": render_pyproject("dynamic", settings, project=said),
        "docs/two.rst": " and fragment #2",
        "src/module.c": render_module("_module", SQUARE, head=X),
        "src/dynamic/__init__.py": '__version__ = "0.0.2"\nfrom ._module import square\n',
    }
    wheel = frontend.wheel(frontend.write(files))
    assert wheel.path.name.startswith("dynamic-0.0.2-")
    assert wheel.names == {"dynamic/__init__.py", f"dynamic/_module{wheel.extension_suffix}"}
    assert "License: MIT License\n" in wheel.read("METADATA")
    assert wheel.read("METADATA").endswith("\n\nFragment #1 and fragment #2")
    assert wheel.run("import dynamic; print(dynamic.square(2))", tmp_path / "site") == "4.0"


def test_a_package_around_a_module(frontend: Frontend) -> None:
    settings = f"""
    {extension("hatchling_example._core", "cpp/example.c")}
    [tool.zigbuild]
    packages = ["python/hatchling_example"]
    [tool.zigbuild.wheel]
    scripts = ["cpp/myscript"]
    data = {{ "cpp/example.h" = "include/hatchling_example/example.h" }}
    [[tool.zigbuild.generate]]
    with = "template"
    sources = ["cpp/myscript.in", "cpp/example.h.in"]
    values = {{ CALL = "add" }}
    """
    package = "python/hatchling_example"
    files = {
        "pyproject.toml": render_pyproject("hatchling_example", settings),
        "cpp/example.c": render_module("_core", ADD, head=INTEGERS),
        "cpp/example.h.in": "",
        "cpp/myscript.in": "#!/usr/bin/env python\nimport hatchling_example as h\nprint(h.@CALL@(1, 2), h.__file__)\n",
        f"{package}/__init__.py": "from ._core import add\n",
        f"{package}/_core.pyi": "def add(a: int, b: int, /) -> int: ...\n",
    }
    project = frontend.write(files)
    assert set(frontend.sdist(project)) == {*files, "PKG-INFO"}
    wheel = frontend.wheel(project)
    data = "hatchling_example-1.0.0.data"
    assert wheel.names == {
        *("hatchling_example/__init__.py", "hatchling_example/_core.pyi"),
        *(f"hatchling_example/_core{wheel.extension_suffix}", f"{data}/scripts/myscript"),
        f"{data}/data/include/hatchling_example/example.h",
    }
    venv = frontend.venv()
    for made, home in ((wheel, venv.folder), (frontend.editable(project), project)):
        frontend.install(made, venv)
        total, place = venv.run(venv.folder / "bin" / "myscript").stdout.split()
        assert total == "3"
        assert Path(place).is_relative_to(home)
