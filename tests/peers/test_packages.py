"""Packages of Python and data alone."""

from __future__ import annotations

from pathlib import Path

from frontends import Frontend
from projects import render_pyproject


def test_a_module(frontend: Frontend) -> None:
    wheel = frontend.wheel(frontend.write({"pyproject.toml": render_pyproject("pure"), "pure.py": "value = 1\n"}))
    assert wheel.path.name == "pure-1.0.0-py3-none-any.whl"
    assert wheel.names == {"pure.py"}
    assert "Root-Is-Purelib: true\n" in wheel.read("WHEEL")


def test_a_package_in_src(frontend: Frontend, tmp_path: Path) -> None:
    files = {
        "pyproject.toml": render_pyproject("purelib_example"),
        "src/purelib_example/__init__.py": '__version__ = "1.2.3"\n',
    }
    wheel = frontend.wheel(frontend.write(files))
    assert wheel.tag == "py3-none-any"
    assert wheel.run("import purelib_example; print(purelib_example.__version__)", tmp_path / "site") == "1.2.3"


def test_a_name_that_is_not_ascii(frontend: Frontend, tmp_path: Path) -> None:
    module = "\u30c6\u30b9\u30c8"
    settings = f'[tool.zigbuild]\npackages = ["{module}.py"]\n'
    files = {"pyproject.toml": render_pyproject("encoding", settings), f"{module}.py": "value = 'found'\n"}
    wheel = frontend.wheel(frontend.write(files))
    assert wheel.names == {f"{module}.py"}
    assert f"{module}.py,sha256=" in wheel.read("RECORD")
    assert wheel.run(f"import {module}; print({module}.value)", tmp_path / "site") == "found"


def test_folders_from_elsewhere(frontend: Frontend) -> None:
    settings = """
    [tool.zigbuild]
    packages = ["subdir", "nested"]
    [tool.zigbuild.wheel]
    include = { "strip" = "test" }
    exclude = ["**/excluded.py", "subdir/excluded/*"]
    """
    kept = ["subdir/__init__.py", "subdir/test.py", "nested/nested.py", "nested/deep/deep.py", "strip/module.py"]
    left_out = ["subdir/excluded.py", "subdir/excluded/__init__.py", "nested/deep/excluded.py", "strip/excluded.py"]
    files = {"pyproject.toml": render_pyproject("install-subdir", settings), **dict.fromkeys([*kept, *left_out], "")}
    wheel = frontend.wheel(frontend.write(files))
    assert wheel.names == {path.replace("strip/", "test/") for path in kept}


def test_a_part_of_another_project(frontend: Frontend) -> None:
    include = '[tool.zigbuild.wheel]\ninclude = { "subprojects/dep/dep.py" = "dep.py" }\n'
    files = {
        "pyproject.toml": render_pyproject("subproject", include),
        "subproject.py": "import dep\n",
        "subprojects/dep/dep.py": "",
        "subprojects/dep/data.txt": "data of it\n",
    }
    assert frontend.wheel(frontend.write(files)).names == {"subproject.py", "dep.py"}
    files["pyproject.toml"] = render_pyproject("subproject")
    assert frontend.wheel(frontend.write(files)).names == {"subproject.py"}


def test_files_for_every_place(frontend: Frontend, tmp_path: Path) -> None:
    settings = """
    [tool.zigbuild]
    packages = ["random_file.py"]
    [tool.zigbuild.wheel]
    include = { "files/main.py" = "cmake_dirs/main.py" }
    scripts = ["files/in_scripts.py"]
    headers = ["files/in_headers.h"]
    data = { "files/in_data.txt" = "in_data.txt" }
    """
    script = "#!/usr/bin/env python3\nimport cmake_dirs.main, random_file\nprint('here')\n"
    others = dict.fromkeys(["random_file.py", "files/main.py", "files/in_headers.h", "files/in_data.txt"], "")
    pyproject = render_pyproject("cmake_dirs", settings)
    wheel = frontend.wheel(frontend.write({"pyproject.toml": pyproject, "files/in_scripts.py": script, **others}))
    assert wheel.names == {
        "random_file.py",
        "cmake_dirs/main.py",
        "cmake_dirs-1.0.0.data/scripts/in_scripts.py",
        "cmake_dirs-1.0.0.data/headers/in_headers.h",
        "cmake_dirs-1.0.0.data/data/in_data.txt",
    }
    venv = frontend.venv()
    frontend.install(wheel, venv)
    assert venv.run(venv.folder / "bin" / "in_scripts.py").stdout == "here\n"
    assert (venv.folder / "in_data.txt").is_file()
    assert [path.name for path in tmp_path.glob("venv/include/**/*.h")] == ["in_headers.h"]
