"""Files of packages that are made when they are built: by templates and by commands."""

from __future__ import annotations

from pathlib import Path

import pytest

from frontends import Frontend
from projects import render_module, render_pyproject


def test_a_module_of_a_template(frontend: Frontend, tmp_path: Path) -> None:
    settings = """
    [[tool.zigbuild.generate]]
    with = "template"
    sources = ["configure_data.py.in"]
    values = { MSG = "hello!" }
    """
    files = {"pyproject.toml": render_pyproject("configure-data", settings), "configure_data.py.in": "msg = '@MSG@'\n"}
    wheel = frontend.wheel(frontend.write(files))
    assert wheel.names == {"configure_data.py"}
    assert wheel.tag == "py3-none-any"
    assert wheel.run("import configure_data; print(configure_data.msg)", tmp_path / "site") == "hello!"


def test_the_version_in_a_template(frontend: Frontend) -> None:
    settings = """
    [[tool.zigbuild.generate]]
    with = "template"
    sources = ["src/generate_include/_version.py.in"]
    """
    files = {
        "pyproject.toml": render_pyproject("generate-include", settings),
        "src/generate_include/__init__.py": "",
        "src/generate_include/_version.py.in": 'version = "@ZIGBUILD_VERSION@"\n',
    }
    project = frontend.write(files)
    wheel = frontend.wheel(project)
    assert wheel.names == {"generate_include/__init__.py", "generate_include/_version.py"}
    assert wheel.read("generate_include/_version.py") == 'version = "1.0.0"\n'
    assert set(frontend.sdist(project)) == {*files, "PKG-INFO"}


COMMAND = """
[[tool.zigbuild.generate]]
with = "command"
sources = ["codegen.py"]
command = ["python", "codegen.py", "package/generated"]
outputs = ["package/generated/one.py", "package/generated/two.py"]
"""
CODEGEN = """
import pathlib, sys
for name in ("one", "two"):
    pathlib.Path(sys.argv[1], f"{name}.py").write_text(f"name = {name!r}\\n")
"""


def test_a_folder_of_a_command(frontend: Frontend) -> None:
    settings = f'[tool.zigbuild]\npackages = ["package"]\n{COMMAND}'
    files = {"pyproject.toml": render_pyproject("custom-target-dir", settings), "codegen.py": CODEGEN}
    project = frontend.write(files)
    wheel = frontend.wheel(project)
    assert wheel.names == {"package/generated/one.py", "package/generated/two.py"}
    editable = frontend.editable(project)
    venv = frontend.venv()
    frontend.install(editable, venv)
    code = "import package.generated.one as one, package.generated.two as two; print(one.name, two.name)"
    assert venv.run(venv.python, "-c", code).stdout == "one two\n"


def test_data_of_a_command(frontend: Frontend) -> None:
    settings = """
    [[tool.zigbuild.generate]]
    with = "command"
    command = ["python", "-c", "import pathlib, uuid; pathlib.Path('package/id.txt').write_text(str(uuid.UUID(int=7)))"]
    outputs = ["package/id.txt"]
    """
    code = "from importlib.resources import files\nprint(*(files(__name__).joinpath(n).read_text() for n in NAMES))\n"
    files = {
        "pyproject.toml": render_pyproject("package", settings),
        "package/__init__.py": "NAMES = ['data.txt', 'id.txt']\n" + code,
        "package/data.txt": "data",
    }
    project = frontend.write(files)
    assert frontend.wheel(project).names == {"package/__init__.py", "package/data.txt", "package/id.txt"}
    venv = frontend.venv()
    frontend.install(frontend.editable(project), venv)
    assert venv.run(venv.python, "-c", "import package").stdout == "data 00000000-0000-0000-0000-000000000007\n"


def test_a_package_of_science(frontend: Frontend, tmp_path: Path) -> None:
    settings = """
    [tool.zigbuild]
    packages = ["mypkg"]
    [[tool.zigbuild.extension]]
    name = "mypkg.extmod"
    sources = ["mypkg/extmod.c"]
    [[tool.zigbuild.extension]]
    name = "mypkg.cy_extmod"
    sources = ["mypkg/cy_extmod.pyx"]
    [[tool.zigbuild.generate]]
    with = "command"
    sources = ["tools/generate_config.py"]
    command = ["python", "tools/generate_config.py", "mypkg/__config__.py"]
    outputs = ["mypkg/__config__.py"]
    [tool.zigbuild.version]
    from = "file"
    path = "VERSION"
    """
    files = {
        "pyproject.toml": render_pyproject("mypkg", settings, project='dynamic = ["version"]', requires="cython"),
        "VERSION": "2.3.4\n",
        "mypkg/__init__.py": "from .extmod import answer\nfrom .cy_extmod import double\n",
        "mypkg/extmod.c": render_module("extmod", ("answer", "PyLong_FromLong(21)")),
        "mypkg/cy_extmod.pyx": "def double(int number):\n    return 2 * number\n",
        "mypkg/submod/__init__.py": "",
        "mypkg/submod/unknown_filetype.npq": "what is this?",
        "tools/generate_config.py": "import sys\nopen(sys.argv[1], 'w').write('compiler = \"clang\"\\n')\n",
    }
    wheel = frontend.wheel(frontend.write(files))
    suffix = wheel.extension_suffix
    assert wheel.names == {
        *("mypkg/__init__.py", "mypkg/__config__.py", "mypkg/submod/__init__.py", "mypkg/submod/unknown_filetype.npq"),
        *(f"mypkg/extmod{suffix}", f"mypkg/cy_extmod{suffix}"),
    }
    assert wheel.path.name.startswith("mypkg-2.3.4-")
    assert wheel.is_for_this_python
    code = "import mypkg, mypkg.__config__ as config; print(mypkg.double(mypkg.answer()), config.compiler)"
    assert wheel.run(code, tmp_path / "site") == "42 clang"


SETTINGS = """
[tool.zigbuild.version]
from = "file"
path = "CMakeLists.txt"
pattern = 'project\\([^)]+ VERSION (?P<version>[0-9.]+)'
[[tool.zigbuild.library]]
name = "pkg"
sources = ["src/cmake_generated/pkg.c"]
linkage = "shared"
package = "cmake_generated"
[[tool.zigbuild.generate]]
with = "template"
sources = ["src/cmake_generated/_version.py.in", "src/cmake_generated/nested1/generated.py.in"]
values = { WORD = "success" }
[[tool.zigbuild.generate]]
with = "command"
sources = ["tools/write.py"]
command = ["python", "tools/write.py"]
outputs = [
    "src/cmake_generated/configured_file",
    "src/cmake_generated/namespace1/generated_data",
    "src/cmake_generated/nested2/nested2-generated-data.txt",
]
"""
INIT = """
import ctypes
from importlib.resources import files
from ._version import __version__

def read(path):
    return files("cmake_generated").joinpath(path).read_text()

def call():
    return ctypes.CDLL(str(files("cmake_generated") / "libpkg.so")).func()
"""
USE = """
import cmake_generated as c, importlib.metadata
from importlib.resources import files
from cmake_generated.nested1.generated import word, version
from cmake_generated.nested2 import seen
print(word, version, seen, c.__version__, importlib.metadata.version("cmake_generated"), c.call())
paths = ["static_data", "nested1/static_data", "namespace1/static_data", "configured_file", "namespace1/generated_data"]
print(*(c.read(path) for path in [*paths, "nested2/nested2-generated-data.txt"]))
print(files("cmake_generated.nested2").joinpath("nested2-generated-data.txt").read_text())
print(files("cmake_generated.namespace1").joinpath("generated_data").read_text())
"""
SAID = """\
success 1.2.3 success 1.2.3 1.2.3 42
static static static configured_file generated_data nested2-generated-data.txt
nested2-generated-data.txt
generated_data
"""


def test_generated_resources_everywhere(frontend: Frontend) -> None:
    write = f"import pathlib\nfor path in {SETTINGS.rpartition('=')[2].strip()}:\n"
    files = {
        "pyproject.toml": render_pyproject("cmake_generated", SETTINGS, project='dynamic = ["version"]'),
        "CMakeLists.txt": "project(cmake_generated LANGUAGES C VERSION 1.2.3)\n",
        "src/cmake_generated/__init__.py": INIT,
        "src/cmake_generated/_version.py.in": '__version__ = "@ZIGBUILD_VERSION@"\n',
        "src/cmake_generated/pkg.c": "int func(void) { return 42; }\n",
        "src/cmake_generated/static_data": "static",
        "src/cmake_generated/namespace1/static_data": "static",
        "src/cmake_generated/nested1/__init__.py": "",
        "src/cmake_generated/nested1/static_data": "static",
        "src/cmake_generated/nested1/generated.py.in": "from .. import __version__ as version\nword = '@WORD@'\n",
        "src/cmake_generated/nested2/__init__.py": "from ..nested1.generated import word as seen\n",
        "tools/write.py": write + "    pathlib.Path(path).write_text(pathlib.Path(path).name)\n",
    }
    project = frontend.write(files)
    for wheel in (frontend.wheel(project), frontend.editable(project)):
        venv = frontend.venv()
        frontend.install(wheel, venv)
        assert venv.run(venv.python, "-c", USE).stdout == SAID


def test_cython_of_another_distribution(frontend: Frontend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    extension = '[[tool.zigbuild.extension]]\nname = "{0}"\nsources = ["src/{1}"]\n'
    first = {
        "pyproject.toml": render_pyproject("pkg1", extension.format("pkg1.one", "pkg1/one.pyx"), requires="cython"),
        "src/pkg1/__init__.py": "",
        "src/pkg1/one.pxd": "cdef int one()\n",
        "src/pkg1/one.pyx": "cdef int one():\n    return 1\n",
    }
    wheel = frontend.wheel(frontend.write(first))
    assert wheel.names == {"pkg1/__init__.py", "pkg1/one.pxd", f"pkg1/one{wheel.extension_suffix}"}
    wheel.run("import pkg1.one", tmp_path / "site")
    generate = '[[tool.zigbuild.generate]]\nwith = "cython"\nsources = ["src/pkg2/two.pyx"]\nrequires = ["pkg1"]\n'
    settings = extension.format("pkg2.two", "pkg2/two.pyx") + generate
    second = {
        "pyproject.toml": render_pyproject("pkg2", settings, requires="cython pkg1"),
        "src/pkg2/__init__.py": "",
        "src/pkg2/two.pyx": "from pkg1.one cimport one\n\ndef two():\n    return 2 * one()\n",
    }
    monkeypatch.syspath_prepend(tmp_path / "site")
    wheel = frontend.wheel(frontend.write(second, "second"))
    assert wheel.run("from pkg2.two import two; print(two())", tmp_path / "site") == "2"
