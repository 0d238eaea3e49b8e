"""Editable installs: imports, resources and namespaces as from a wheel, and changes that are seen."""

from __future__ import annotations

import pytest

from frontends import Frontend
from projects import Files, render_module, render_pyproject

REBUILD = "[tool.zigbuild.editable]\nrebuild = true\n"


def extension(name: str, source: str) -> str:
    return f'[[tool.zigbuild.extension]]\nname = "{name}"\nsources = ["{source}"]\n'


DATA = """
from importlib.resources import files

def data():
    return files(__name__).joinpath("data.txt").read_text()
"""


def test_a_package_with_data(frontend: Frontend) -> None:
    package = {"simple/__init__.py": DATA, "simple/test.py": "", "simple/data.txt": "ABC"}
    project = frontend.write({"pyproject.toml": render_pyproject("simple"), **package})
    venv = frontend.venv()
    frontend.install(frontend.editable(project), venv)
    names = "*sorted(path.name for path in simple.files(simple).iterdir())"
    code = f"import simple; print(simple.data(), {names}); print(simple.__file__)"
    said = venv.run(venv.python, "-B", "-c", code).stdout.splitlines()
    assert said == ["ABC __init__.py data.txt test.py", str(project / "simple" / "__init__.py")]


def test_a_namespace_that_others_share(frontend: Frontend) -> None:
    package = {"src/myns/mypkg/__init__.py": '__version__ = "1.2.3"\n'}
    project = frontend.write({"pyproject.toml": render_pyproject("myns.mypkg"), **package})
    sibling = {"src/myns/otherpkg/__init__.py": 'value = "sibling"\n'}
    other = frontend.write({"pyproject.toml": render_pyproject("myns.otherpkg"), **sibling}, "other")
    wheel = frontend.wheel(project)
    assert wheel.path.name == "myns_mypkg-1.0.0-py3-none-any.whl"
    assert wheel.names == {"myns/mypkg/__init__.py"}
    code = "import myns.mypkg, myns.otherpkg; print(myns.mypkg.__version__, myns.otherpkg.value)"
    venv = frontend.venv()
    frontend.install(frontend.wheel(other), venv)
    for installed in (wheel, frontend.editable(project)):
        frontend.install(installed, venv)
        assert venv.run(venv.python, "-c", code).stdout == "1.2.3 sibling\n"


def test_modules_of_every_kind(frontend: Frontend) -> None:
    settings = f'{extension("native", "native.c")}[tool.zigbuild]\npackages = ["file.py", "package", "namespace"]\n'
    names = ["file.py", "package/__init__.py", "namespace/data.py"]
    files = {"pyproject.toml": render_pyproject("module-types", settings), "native.c": render_module("native")}
    venv = frontend.venv()
    frontend.install(frontend.editable(frontend.write({**files, **dict.fromkeys(names, "")})), venv)
    code = "import file, package, namespace.data, native; print(namespace.__path__ and native.__name__)"
    assert venv.run(venv.python, "-c", code).stdout == "native\n"


def test_a_build_that_imports_the_project(frontend: Frontend) -> None:
    settings = f"""
    {extension("plat", "plat.c")}
    [tool.zigbuild]
    packages = ["pure.py"]
    [[tool.zigbuild.generate]]
    with = "command"
    sources = ["pure.py", "generate.py"]
    command = ["python", "generate.py"]
    outputs = ["text.h"]
    {REBUILD}
    """
    data = ("data", "PyUnicode_FromString(TEXT SUFFIX)")
    module = render_module("plat", data, head='#include "text.h"\n#define SUFFIX ""')
    files = {
        "pyproject.toml": render_pyproject("imports-itself-during-build", settings),
        "pure.py": "text = 'ABC'\n",
        "generate.py": "import pure\nopen('text.h', 'w').write(f'#define TEXT \"{pure.text}\"\\n')\n",
        "plat.c": module,
    }
    project = frontend.write(files)
    venv = frontend.venv()
    frontend.install(frontend.editable(project), venv)
    ask = (venv.python, "-c", "import plat; print(plat.data())")
    assert venv.run(*ask).stdout == "ABC\n"
    (project / "plat.c").write_text(module.replace('SUFFIX ""', 'SUFFIX "DEF"'))
    assert venv.run(*ask).stdout == "ABCDEF\n"
    (project / "pure.py").write_text("text = 'GHI'\n")
    assert venv.run(*ask).stdout == "GHIDEF\n"
    (project / "plat.c").write_text("return\n")
    failed = venv.run(*ask, check=False)
    assert failed.returncode
    assert "ImportError" in failed.stderr
    assert "plat.c:1:1: error: " in failed.stderr


COMPLEX = """
[tool.zigbuild]
packages = ["complex"]
[tool.zigbuild.wheel]
include = { "foo.py" = "complex/bar.py", "move.py" = "complex/more/move.py" }
"""
WALK = """
import pkgutil, complex, complex.namespace, complex.more.move, complex.bar
from complex import extension, test
from complex.more import baz
print(extension.answer(), test.double(21), baz.half(84), complex.bar.bar)
for package in (complex, complex.namespace):
    print(*sorted(m.name for m in pkgutil.walk_packages(package.__path__, package.__name__ + ".")))
"""


def test_packages_are_walked(frontend: Frontend) -> None:
    names = {"complex.extension": "extension.c", "complex.test": "test.pyx", "complex.more.baz": "complex/more/baz.pyx"}
    settings = COMPLEX + "".join(extension(*item) for item in names.items())
    files = {
        "pyproject.toml": render_pyproject("complex", settings, requires="cython"),
        **dict.fromkeys(["complex/__init__.py", "complex/more/__init__.py", "complex/namespace/bar.py", "move.py"], ""),
        "complex/namespace/foo.py": "",
        "foo.py": "bar = 'bar'\n",
        "extension.c": render_module("extension", ("answer", "PyLong_FromLong(42)")),
        "test.pyx": "def double(int number):\n    return 2 * number\n",
        "complex/more/baz.pyx": "def half(int number):\n    return number // 2\n",
    }
    venv = frontend.venv()
    frontend.install(frontend.editable(frontend.write(files)), venv)
    assert venv.run(venv.python, "-c", WALK).stdout.splitlines() == [
        "42 42 42 bar",
        "complex.bar complex.extension complex.more complex.more.baz complex.more.move complex.test",
        "complex.namespace.bar complex.namespace.foo",
    ]


PACKAGES = ("", "pkg.", "pkg.sub_a.", "pkg.sub_b.", "pkg.sub_b.sub_c.", "pkg.sub_b.sub_d.")
MEET = """
import importlib, importlib.resources
print(sum(importlib.import_module(name).number() for name in {names}))
for package in {packages}:
    files = importlib.resources.files(importlib.import_module(package))
    print(package, files.is_dir(), any(path.suffix == ".so" for path in files.iterdir()))
"""


def test_modules_at_every_depth(frontend: Frontend) -> None:
    modules = [f"{package}emod{'_' * bool(package)}{'abcdef'[i]}" for i, package in enumerate(PACKAGES)]
    files: dict[str, str | bytes] = {}
    for module in modules:
        package, _, name = f"src.{module}".replace(".", "/").rpartition("/")
        files[f"{package}/{name}.c"] = render_module(name, ("number", "PyLong_FromLong(1)"))
        files[f"{package}/p{name}.py"] = f"from {module} import number\n"
        if package != "src":
            files[f"{package}/__init__.py"] = f"from .{name} import number\nfrom .p{name} import number as again\n"
    settings = "".join(extension(name, f"src/{name.replace('.', '/')}.c") for name in modules)
    files["pyproject.toml"] = render_pyproject("pkg", settings)
    venv = frontend.venv()
    frontend.install(frontend.editable(frontend.write(files)), venv)
    packages = [package.rstrip(".") for package in PACKAGES[1:]]
    said = venv.run(venv.python, "-c", MEET.format(names=modules, packages=packages)).stdout.splitlines()
    assert said == ["6", *(f"{package} True True" for package in packages)]


NAVIGATE = """
[tool.zigbuild]
packages = ["python/shared_pkg"]
[[tool.zigbuild.generate]]
with = "template"
sources = ["src/generated.txt.in"]
outputs = ["python/shared_pkg/data/c_generated.txt"]
values = { WORD = "from C" }
"""
CALLS = """
def read(name):
    from importlib.resources import files
    return files("shared_pkg.data").joinpath(name).read_text()
"""


@pytest.mark.parametrize("more", [{}, {"python/shared_pkg/data/__init__.py": ""}], ids=["folder", "package"])
def test_resources_of_both_kinds(more: Files, frontend: Frontend) -> None:
    upwards = 'PyObject_CallMethod(PyImport_ImportModule("shared_pkg.py_module"), "read", "s", "py_data.txt")'
    files = {
        "pyproject.toml": render_pyproject("navigate_editable", NAVIGATE + extension("shared_pkg.c_module", "src/c.c")),
        "src/c.c": render_module("c_module", ("call", upwards)),
        "src/generated.txt.in": "@WORD@",
        "python/shared_pkg/__init__.py": "",
        "python/shared_pkg/py_module.py": CALLS,
        "python/shared_pkg/data/py_data.txt": "from Python",
    }
    venv = frontend.venv()
    frontend.install(frontend.editable(frontend.write({**files, **more})), venv)
    code = "from shared_pkg import c_module, py_module; print(c_module.call(), py_module.read('c_generated.txt'))"
    assert venv.run(venv.python, "-c", code).stdout == "from Python from C\n"
