"""Extension modules: what wheels of them are called, what they hold, and that they can be imported."""

from __future__ import annotations

from pathlib import Path

import pytest

from frontends import Frontend
from projects import Files, render_module, render_pyproject
from zigbuild_backend.core.binaries.parse import parse_binary

SQUARE = ("square", 'PyArg_ParseTuple(args, "d", &x) ? PyFloat_FromDouble(x * x) : NULL')
X = "static double x;"


def extension(name: str, source: str, more: str = "") -> str:
    return f'[[tool.zigbuild.extension]]\nname = "{name}"\nsources = ["{source}"]\n{more}\n'


def test_a_module_of_each_kind(frontend: Frontend, tmp_path: Path) -> None:
    settings = f'{extension("plat", "plat.c")}[tool.zigbuild]\npackages = ["pure.py"]\n'
    compiler = ("compiler", "PyUnicode_FromString(COMPILER)")
    head = '#ifdef __clang__\n#define COMPILER "clang"\n#else\n#define COMPILER "another"\n#endif'
    files = {
        "pyproject.toml": render_pyproject("purelib-and-platlib", settings),
        "plat.c": render_module("plat", compiler, head=head),
        "pure.py": "",
    }
    wheel = frontend.wheel(frontend.write(files))
    module = f"plat{wheel.extension_suffix}"
    assert wheel.names == {module, "pure.py"}
    assert wheel.is_for_this_python
    assert wheel.run("import plat, pure; print(plat.compiler())", tmp_path / "site") == "clang"
    assert not parse_binary((tmp_path / "site" / module).read_bytes()).rpaths


def test_the_limited_api(frontend: Frontend, tmp_path: Path) -> None:
    limited = extension("module", "module.c", 'stable-abi = "cp310"')
    extra = extension("extra", "extra.c")
    sources = {"module.c": render_module("module", SQUARE, head=X), "extra.c": render_module("extra")}
    files = {"pyproject.toml": render_pyproject("limited-api", limited), **sources}
    wheel = frontend.wheel(frontend.write(files))
    assert wheel.tag.startswith("cp310-abi3-")
    assert wheel.names == {"module.abi3.so"}
    assert wheel.run("import module; print(module.square(2))", tmp_path / "site") == "4.0"
    files["pyproject.toml"] = render_pyproject("limited-api-bad", limited + extra)
    wheel = frontend.wheel(frontend.write(files))
    assert wheel.is_for_this_python
    assert wheel.names == {f"module{wheel.extension_suffix}", f"extra{wheel.extension_suffix}"}


LIBRARIES = """
[[tool.zigbuild.library]]
name = "{name}"
sources = ["{folder}/{name}.c"]
include-dirs = ["{folder}"]
"""


def render_library(folder: str, name: str, function: str, operator: str) -> Files:
    head = f"int {function}(int a, int b);\n"
    return {
        f"{folder}/{name}.h": head,
        f"{folder}/{name}.c": f'#include "{name}.h"\nint {function}(int a, int b) {{ return a {operator} b; }}\n',
    }


def call(name: str, function: str) -> tuple[str, str]:
    return name, f'PyArg_ParseTuple(args, "ii", &a, &b) ? PyLong_FromLong({function}(a, b)) : NULL'


SHARED = LIBRARIES + 'linkage = "shared"\npackage = "{package}"\n{more}\n'


def test_libraries_in_the_package(frontend: Frontend, tmp_path: Path) -> None:
    settings = f"""
    {SHARED.format(name="examplelib", folder="src", package="mypkg", more='link = ["examplelib2"]')}
    {SHARED.format(name="examplelib2", folder="src/sub", package="mypkg.sub", more="")}
    {extension("mypkg._example", "examplemod.c", 'link = ["examplelib", "examplelib2"]')}
    """
    head = '#include "examplelib.h"\n#include "examplelib2.h"\nstatic int a, b;'
    files = {
        "pyproject.toml": render_pyproject("sharedlib-in-package", settings),
        "mypkg/__init__.py": "from ._example import example_prod, example_sum\n",
        "mypkg/sub/__init__.py": "",
        "examplemod.c": render_module(
            "_example", call("example_sum", "sum"), call("example_prod", "product"), head=head
        ),
        **render_library("src", "examplelib", "sum", "+"),
        **render_library("src/sub", "examplelib2", "product", "*"),
    }
    files["src/examplelib.c"] = (
        '#include "examplelib.h"\n#include "examplelib2.h"\nint sum(int a, int b) { return product(1, a) + b; }\n'
    )
    wheel = frontend.wheel(frontend.write(files))
    module, library, inner = (
        f"mypkg/_example{wheel.extension_suffix}",
        "mypkg/libexamplelib.so",
        "mypkg/sub/libexamplelib2.so",
    )
    assert wheel.names == {"mypkg/__init__.py", "mypkg/sub/__init__.py", module, library, inner}
    code = "import mypkg; print(mypkg.example_sum(2, 5), mypkg.example_prod(6, 7))"
    assert wheel.run(code, tmp_path / "site") == "7 42"
    rpaths = {
        path: [*parse_binary((tmp_path / "site" / path).read_bytes()).rpaths] for path in (module, library, inner)
    }
    assert rpaths == {module: ["$ORIGIN", "$ORIGIN/sub"], library: ["$ORIGIN/sub"], inner: []}


def test_libraries_are_linked_in(frontend: Frontend, tmp_path: Path) -> None:
    libraries = LIBRARIES.format(name="bar", folder="subprojects/bar") + LIBRARIES.format(name="product", folder="lib")
    settings = f"""
    {libraries}
    {LIBRARIES.format(name="unwanted", folder="lib")}
    {extension("example._example", "examplemod.c", 'link = ["bar", "product"]')}
    link-flags = ["-Wl,-rpath,$ORIGIN/custom-rpath"]
    """
    module = render_module(
        "_example",
        call("example_sum", "bar_sum"),
        call("example_prod", "product"),
        head='#include "bar.h"\n#include "product.h"\nstatic int a, b;',
    )
    files = {
        "pyproject.toml": render_pyproject("link-against-local-lib", settings),
        "example/__init__.py": "from ._example import example_prod, example_sum\n",
        "examplemod.c": module,
        **render_library("subprojects/bar", "bar", "bar_sum", "+"),
        **render_library("lib", "product", "product", "*"),
        **render_library("lib", "unwanted", "unwanted", "-"),
    }
    wheel = frontend.wheel(frontend.write(files))
    path = f"example/_example{wheel.extension_suffix}"
    assert wheel.names == {"example/__init__.py", path}
    code = "import example; print(example.example_sum(1, 2), example.example_prod(6, 7))"
    assert wheel.run(code, tmp_path / "site") == "3 42"
    assert [*parse_binary((tmp_path / "site" / path).read_bytes()).rpaths] == ["$ORIGIN/custom-rpath"]


def test_a_module_that_need_not_be(frontend: Frontend, capsys: pytest.CaptureFixture[str]) -> None:
    broken = "#ifdef BROKEN_CODE\nthis is no C\n#endif"
    files = {
        "pyproject.toml": render_pyproject("broken_fallback", extension("example", "main.c", "optional = true")),
        "main.c": render_module("example", head=broken),
    }
    wheel = frontend.wheel(frontend.write(files), {"define.BROKEN_CODE": "1"})
    assert wheel.path.name == "broken_fallback-1.0.0-py3-none-any.whl"
    assert not wheel.names
    assert "main.c:3:1: error: unknown type name 'this'" in capsys.readouterr().err
