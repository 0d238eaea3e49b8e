"""``zigbuild import``: what setuptools would build of real projects is built from the tables that it writes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from projects import write_files
from zigbuild_backend.cli.program import run
from zigbuild_backend.core.base.errors import NotFoundError
from zigbuild_backend.core.base.machine import Machine
from zigbuild_backend.core.base.store import default_store
from zigbuild_backend.core.base.toml_reader import tomllib
from zigbuild_backend.core.fetch.sdists import fetch_file, open_sdist
from zigbuild_backend.core.project.project_folder import read_project
from zigbuild_backend.core.project.tree_reader import read_tree

SDISTS = {
    "kiwisolver-1.5.1": ("f1303ef2eec81262a4b708c3e858afe58d7c75ad91c1c05266eda7673369859a", ["kiwisolver._cext"]),
    "markupsafe-3.0.4": ("2e9ad7dd851bf45fab9f75cbff4cb493fee9979e8d8c7c9c3ee119022518edd6", ["markupsafe._speedups"]),
    "msgpack-1.2.4": ("475c44e12f2a5de766a8448783f149c9b33f3f49b88953c6cd739a77d93c732c", ["msgpack._cmsgpack"]),
    "simplejson-3.20.2": ("5fe7a6ce14d1c300d80d08695b7f7e633de6cd72c80644021874d985b3393649", ["simplejson._speedups"]),
    "wrapt-2.5.2": ("551cb49e88b3722faad780303833bc4fa70685fb1773270fb98b40d39d9fddbf", ["wrapt._wrappers"]),
}
SETUP = """\
import os, sys
from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

class Build(build_ext):
    def build_extension(self, extension):
        if extension.name == "spam._c":
            extension.extra_compile_args.append("-fno-strict-aliasing")
        super().build_extension(extension)

print("talk")
setup(
    name="spam", version="1.0", packages=["spam"], package_dir={"": "lib"}, python_requires=">=3.10",
    install_requires=["packaging"], cmdclass={"build_ext": Build},
    libraries=[("ham", {"sources": ["ham/ham.c"], "include_dirs": ["ham"], "macros": [("HAM", None)]})],
    ext_modules=[
        Extension(
            "spam._c", ["lib/spam/c.c", "lib/spam/gone.c"], include_dirs=["ham", "/usr/include/other"],
            define_macros=[("A", "1"), ("B", None), ("Py_LIMITED_API", "0x030B0000")], undef_macros=["NDEBUG"],
            libraries=["ham", "m"], extra_compile_args=["-std=c11", "-O3", "-march=native", "/W4", "-Wall", "-DC=2"],
            extra_link_args=["-s", "-lpthread"], py_limited_api=True, optional=True,
        ),
        Extension("spam._d", ["lib/spam/d.pyx"], language="c++"),
    ],
)
"""
FILES = {
    "setup.py": SETUP,
    "lib/spam/__init__.py": "",
    "lib/spam/c.c": "",
    "lib/spam/d.pyx": "",
    "ham/ham.c": "",
    "ham/ham.h": "",
}


@pytest.fixture(scope="module", autouse=True)
def setuptools(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Obtain setuptools, which every import needs; skip the tests without it."""
    root = write_files(tmp_path_factory.mktemp("project"), {"setup.py": "from setuptools import setup\nsetup()\n"})
    if run(["import", str(root), "--quiet"]) == 5:
        pytest.skip("setuptools is not to be had")


def test_tables(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = write_files(tmp_path / "project", FILES)
    before = read_tree(root)
    assert run(["import", str(root)]) == 0
    said = capsys.readouterr()
    assert read_tree(root) == before
    document = tomllib.loads(said.out)
    assert document["build-system"]["requires"][1:] == ["cython"]
    assert document["project"] == {
        "name": "spam",
        "version": "1.0",
        "requires-python": ">=3.10",
        "dependencies": ["packaging"],
    }
    assert document["tool"]["zigbuild"] == {
        "packages": ["lib/spam"],
        "library": [{"name": "ham", "sources": ["ham/ham.c"], "include-dirs": ["ham"], "defines": {"HAM": True}}],
        "extension": [
            {
                "name": "spam._c",
                "sources": ["lib/spam/c.c"],
                "include-dirs": ["ham"],
                "defines": {"A": "1", "B": True, "NDEBUG": False, "C": "2"},
                "flags": {"all": ["-Wall", "-fno-strict-aliasing"]},
                "std": {"c": "c11"},
                "link": ["ham"],
                "libraries": ["m", "pthread"],
                "stable-abi": "cp311",
                "optional": True,
            },
            {"name": "spam._d", "sources": ["lib/spam/d.pyx"]},
        ],
        "generate": [{"with": "cython", "sources": ["lib/spam/d.pyx"], "cxx": True}],
    }
    for text in ("lib/spam/gone.c", "the folder /usr/include/other", "-march=native", "-O3", "/W4", "-s"):
        assert f"extension spam._c: {text} is left out\n  hint: " in said.err


@pytest.mark.full
@pytest.mark.parametrize("release", SDISTS)
def test_real_projects(
    release: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sha256, modules = SDISTS[release]
    store = default_store(os.environ)
    try:
        sdist = fetch_file(release.partition("-")[0], f"{release}.tar.gz", sha256, Machine(store, os.environ))
    except NotFoundError as error:
        pytest.skip(str(error))
    assert run(["import", str(sdist)]) == 0, capsys.readouterr().err
    printed = capsys.readouterr().out
    root = Path(shutil.copytree(open_sdist(sdist, store), tmp_path / "project"))
    assert run(["import", str(root), "--write", "--quiet"]) == 0
    assert (root / "pyproject.toml").read_text("utf-8") == printed
    if release == "kiwisolver-1.5.1":  # its sdist has not got the readme that it names
        (root / "README.rst").write_text("kiwisolver\n")
    assert [module.name for module in read_project(root).modules] == modules
    if release not in ("kiwisolver-1.5.1", "simplejson-3.20.2"):  # the others have recipes that say the same
        return
    monkeypatch.chdir(tmp_path)
    capsys.readouterr()
    assert run(["wheels", "project", "--target", "native", "--python", "native", "--quiet"]) == 0, (
        capsys.readouterr().err
    )
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "installed")
    command = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(tmp_path / 'installed')!r})"]
    command[-1] += "".join(f"; import {module}" for module in modules)
    subprocess.run(command, check=True, cwd=tmp_path)


@pytest.mark.parametrize(
    ("files", "arguments", "code", "message"),
    [
        ({"setup.py": "raise SystemExit('no, thank you')\n"}, [], 3, "setup.py: "),
        ({"README": ""}, [], 5, "there is no setup.py, setup.cfg or pyproject.toml"),
        ({"pyproject.toml": "[tool.zigbuild]\n"}, [], 2, "tool.zigbuild: exists already"),
    ],
)
def test_refused(
    files: dict[str, str],
    arguments: list[str],
    code: int,
    message: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["import", str(write_files(tmp_path, files)), *arguments]) == code
    assert message in capsys.readouterr().err
