"""The backend as its users meet it: pip, build and uv install a project on a machine without a compiler."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from lanes import few_first
from machines import EXAMPLE, PYTHONS, make_venv
from projects import write_files

CALL = "import example_c; assert example_c.distance('kitten', 'sitting') == 3; print(example_c.__file__)"
ZIG = "ziglang==0.16.0"
OLDEST, NEWEST = next(iter(PYTHONS)), next(reversed(PYTHONS))
IS_WHOLE = bool(os.environ.get("ZIGBUILD_WHOLE_MATRIX"))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a fresh copy of the smallest example."""
    return Path(shutil.copytree(EXAMPLE, tmp_path / "a copy, é"))


@pytest.mark.full
@pytest.mark.parametrize("version", [version for version in PYTHONS if IS_WHOLE or version in (OLDEST, NEWEST)])
def test_pip_installs_in_isolation(version: str, backend: Path, project: Path, tmp_path: Path) -> None:
    """With the pip that the Python brings along, which writes all 20,000 files of zig: two Pythons by default."""
    venv = make_venv(PYTHONS[version], tmp_path / "venv", has_pip=True)
    venv.run(venv.python, "-m", "pip", "install", "--find-links", backend.parent, project)
    assert str(venv.folder) in venv.run(venv.python, "-c", CALL, cwd=tmp_path).stdout


@pytest.mark.parametrize("version", few_first(PYTHONS, (NEWEST,)))
def test_pip_installs_sdist_without_isolation(version: str, backend: Path, project: Path, tmp_path: Path) -> None:
    venv = make_venv(PYTHONS[version], tmp_path / "venv", "pip", backend, ZIG)
    make = "import zigbuild_backend, sys; zigbuild_backend.build_sdist(sys.argv[1])"
    venv.run(venv.python, "-c", make, tmp_path, cwd=project)
    venv.run(venv.python, "-m", "pip", "install", "--no-build-isolation", tmp_path / "example_c-1.0.0.tar.gz")
    assert str(venv.folder) in venv.run(venv.python, "-c", CALL, cwd=tmp_path).stdout


def test_pip_installs_editable(backend: Path, project: Path, tmp_path: Path) -> None:
    venv = make_venv(sys.executable, tmp_path / "venv", "pip", backend, ZIG)
    venv.run(venv.python, "-m", "pip", "install", "--no-build-isolation", "--editable", project)
    assert str(project) in venv.run(venv.python, "-c", CALL, cwd=tmp_path).stdout
    init = project / "src" / "example_c" / "__init__.py"
    init.write_text(init.read_text() + "seen_at_once = True\n")
    venv.run(venv.python, "-c", "import example_c; assert example_c.seen_at_once", cwd=tmp_path)


@pytest.mark.parametrize("version", few_first(PYTHONS, (NEWEST,)))
def test_build_makes_sdist_and_wheel_from_it(version: str, backend: Path, project: Path, tmp_path: Path) -> None:
    """With the environments that build makes by pip for the newest Python, and by uv for the others."""
    installer = "pip" if version == NEWEST else "uv"
    venv = make_venv(PYTHONS[version], tmp_path / "venv", "build[uv]")
    links = {"PIP_FIND_LINKS": str(backend.parent), "UV_FIND_LINKS": str(backend.parent)}
    venv.run(venv.python, "-m", "build", "--installer", installer, project, env=links)
    wheel, sdist = sorted(path.name for path in (project / "dist").iterdir())
    assert sdist == "example_c-1.0.0.tar.gz"
    assert wheel.startswith(f"example_c-1.0.0-cp3{version[2:]}-")


def test_build_without_isolation(backend: Path, project: Path, tmp_path: Path) -> None:
    venv = make_venv(sys.executable, tmp_path / "venv", "build", backend, ZIG)
    venv.run(venv.python, "-m", "build", "--no-isolation", "--wheel", project)
    assert len(list((project / "dist").glob("*.whl"))) == 1


@pytest.mark.parametrize("version", few_first(PYTHONS, (NEWEST,)))
def test_uv_installs_in_isolation(version: str, backend: Path, project: Path, tmp_path: Path) -> None:
    venv = make_venv(PYTHONS[version], tmp_path / "venv", "uv")
    install = (venv.folder / "bin" / "uv", "pip", "install", "--python", venv.python)
    venv.run(*install, "--find-links", backend.parent, project)
    assert str(venv.folder) in venv.run(venv.python, "-c", CALL, cwd=tmp_path).stdout


def test_uv_installs_without_isolation(backend: Path, project: Path, tmp_path: Path) -> None:
    venv = make_venv(sys.executable, tmp_path / "venv", "uv", backend, ZIG)
    install = (venv.folder / "bin" / "uv", "pip", "install", "--python", venv.python)
    venv.run(*install, "--no-build-isolation", project)
    assert str(venv.folder) in venv.run(venv.python, "-c", CALL, cwd=tmp_path).stdout


def test_compiler_error_is_shown_once_and_plainly(backend: Path, project: Path, tmp_path: Path) -> None:
    source = project / "src" / "example_c" / "_distance.c"
    source.write_text(source.read_text().replace("return result;", "return reslt;"))
    venv = make_venv(sys.executable, tmp_path / "venv", "pip", backend, ZIG)
    done = venv.run(venv.python, "-m", "pip", "install", "--no-build-isolation", project, check=False)
    said = done.stdout + done.stderr
    assert done.returncode != 0
    assert said.count("src/example_c/_distance.c:29:12: error: use of undeclared identifier 'reslt'") == 1
    assert "Traceback" not in said


def test_pure_project_is_installed_editable_without_zig(backend: Path, tmp_path: Path) -> None:
    project = write_files(
        tmp_path / "pure",
        {
            "pyproject.toml": '[build-system]\nrequires = ["zigbuild-backend"]\nbuild-backend = "zigbuild_backend"\n'
            '[project]\nname = "pure"\nversion = "1"\n',
            "pure.py": "answer = 42\n",
        },
    )
    venv = make_venv(sys.executable, tmp_path / "venv", "pip", backend)
    venv.run(venv.python, "-m", "pip", "install", "--no-build-isolation", "--editable", project)
    assert venv.run(venv.python, "-c", "import pure; print(pure.answer)", cwd=tmp_path).stdout == "42\n"
