"""Sources that are generated, by the tools of the build environment, for real targets."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import shutil
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from machines import ROOT
from projects import render_module, write_files
from specs import COMPILED
from zigbuild_backend.core.base.errors import MismatchError, NotFoundError
from zigbuild_backend.core.base.host import find_host_target
from zigbuild_backend.core.base.machine import Machine
from zigbuild_backend.core.base.store import Store, default_store, digest_tree
from zigbuild_backend.core.generate.installed_tools import find_tools
from zigbuild_backend.core.generate.package_headers import read_headers
from zigbuild_backend.core.wheel.buildinfo import FILE_NAME
from zigbuild_backend.core.zig.ziglang import install
from zigbuild_backend.rebuild.environments.interpreters import read_interpreter
from zigbuild_backend.rebuild.environments.project_tools import obtain_exact_tools
from zigbuild_backend.rebuild.sandbox.bubblewrap import find_sandbox
from zigbuild_backend.rebuild.wheel_specs import read_spec

FOUND_ON_BOTH = ("numpy==2.3.5", "pybind11==3.0.1")
"""Releases that have wheels for CPython 3.11 and 3.13."""

PYPROJECT = """\
[build-system]
requires = ["zigbuild-backend", "cython"]
build-backend = "zigbuild_backend"

[project]
name = "generated"
version = "1.2.3"

[[tool.zigbuild.extension]]
name = "generated.fast"
sources = ["generated/fast.pyx", "generated/facts.c"]
include-dirs = ["made"]

[[tool.zigbuild.generate]]
with = "template"
sources = ["generated/limit.pxi.in"]
outputs = ["generated/limit.pxi"]
values = { LIMIT = 42 }

[[tool.zigbuild.generate]]
with = "cython"
sources = ["generated/fast.pyx"]
inputs = ["generated/limit.pxi"]
directives = { language_level = 3, embedsignature = true }

[[tool.zigbuild.generate]]
with = "template"
per = "target"
sources = ["templates/target.h.in"]
outputs = ["made/target.h"]

[[tool.zigbuild.generate]]
with = "command"
per = "wheel"
command = ["python", "tools/write_facts.py", "generated/facts.c"]
sources = ["tools/*.py"]
outputs = ["generated/facts.c"]
"""
FILES = {
    "pyproject.toml": PYPROJECT,
    "generated/__init__.py": "",
    "generated/limit.pxi.in": "LIMIT = @LIMIT@  # of @ZIGBUILD_NAME@ @ZIGBUILD_VERSION@\n",
    "generated/fast.pxd": "cdef extern from *:\n    pass\n\ncpdef int twice(int number) except? -1\n",
    "generated/fast.pyx": """\
from cpython.bytes cimport PyBytes_GET_SIZE

include "limit.pxi"

cdef extern int facts()

cpdef int twice(int number) except? -1:
    return 2 * number

def size(bytes data):
    return PyBytes_GET_SIZE(data)

def fail():
    raise ValueError(LIMIT)

def minor():
    return facts()
""",
    "templates/target.h.in": """\
#include <stddef.h>
_Static_assert(sizeof(void *) == @ZIGBUILD_POINTER_SIZE@, "@ZIGBUILD_TARGET@");
#if (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__) != ('@ZIGBUILD_ENDIAN@' == 'big')
#error "byte order"
#endif
#define IS_@ZIGBUILD_OS@ 1
""",
    "tools/write_facts.py": """\
import os, sys
from tools_beside import render
minor = os.environ["ZIGBUILD_PYTHON_VERSION"].partition(".")[2]
open(sys.argv[1], "w").write(render(minor, os.environ["ZIGBUILD_FREE_THREADED"]))
""",
    "tools/tools_beside.py": """\
def render(minor, free_threaded):
    return f'''
#include <Python.h>
#include "target.h"
#if PY_MINOR_VERSION != {minor} || {free_threaded} != Py_GIL_DISABLED + 0
#error "another Python"
#endif
#if defined(_WIN32) != IS_windows + 0 || defined(__APPLE__) != IS_macos + 0
#error "another system"
#endif
int facts(void) {{ return {minor}; }}
'''
""",
}


def zigbuild(*arguments: str | Path, cwd: Path, check: bool = True) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "zigbuild_backend", *map(str, arguments)]
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=900)
    assert not check or done.returncode == 0, done.stderr
    return done


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_files(tmp_path_factory.mktemp("generated") / "project", FILES)


PYTHON = f"cp3{sys.version_info[1]}"
FEW = (f"{PYTHON}-{find_host_target()}", f"{PYTHON}-win_amd64", f"{PYTHON}-macosx_11_0_arm64")
DIVERSE = (FEW[0], "cp310-win32", "cp312-manylinux_2_17_s390x", "cp313t-macosx_10_13_universal2")


@pytest.fixture(scope="module", params=[FEW, pytest.param(DIVERSE, marks=pytest.mark.full)], ids=["few", "diverse"])
def wheels(request: pytest.FixtureRequest, project: Path) -> dict[str, Path]:
    """Identifier → wheel, of some that differ in what is generated for them; first that of this machine."""
    chosen: tuple[str, ...] = request.param
    out = project.parent / f"dist-{len(chosen)}"
    zigbuild("wheels", "-q", "--out", out, *(part for name in chosen for part in ("--only", name)), cwd=project)
    zigbuild("sdist", "-q", "--out", out, cwd=project)
    return {name: next(out.glob(f"*-{name.split('-', 1)[1]}.whl")) for name in chosen}


def run_wheel(wheel: Path, folder: Path, code: str) -> subprocess.CompletedProcess[str]:
    shutil.unpack_archive(wheel, folder, "zip")
    return subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True)


@pytest.mark.skipif(sys.platform != "linux", reason="the wheel is for Linux")
def test_what_is_generated_is_used(wheels: dict[str, Path], tmp_path: Path) -> None:
    code = "from generated import fast as f; print(f.twice(21), f.size(b'abc'), f.minor()); f.fail()"
    done = run_wheel(next(iter(wheels.values())), tmp_path, code)
    assert done.stdout.split() == ["42", "3", str(sys.version_info[1])]
    assert done.stderr.rstrip().endswith("ValueError: 42")
    # Lines of Cython are named in tracebacks by their path in the project.
    assert 'File "generated/fast.pyx", line 14, in generated.fast.fail' in done.stderr


def test_tools_are_in_buildinfo_and_their_paths_nowhere(wheels: dict[str, Path]) -> None:
    for wheel in wheels.values():
        with zipfile.ZipFile(wheel) as archive:
            files = {name: archive.read(name) for name in archive.namelist()}
        (buildinfo,) = (data for name, data in files.items() if name.endswith(FILE_NAME))
        assert re.search(rb'"requirements":\["cython==[0-9.a-z]+","packaging==', buildinfo)
        (module,) = (data for name, data in files.items() if name.endswith((".so", ".pyd")))
        assert b"zigbuild/tools/Cython" not in module
        for path in {str(Path(sys.prefix)), str(ROOT), str(wheel.parent.parent)}:
            assert os.fsencode(path) not in module
        assert sorted(name for name in files if name.startswith("generated/") and b"\0" not in files[name]) == [
            "generated/__init__.py",
            "generated/fast.pxd",
            "generated/limit.pxi",
        ]


@pytest.mark.skipif(sys.platform != "linux", reason="the sandbox is bubblewrap's")
def test_verified_in_the_sandbox(wheels: dict[str, Path]) -> None:
    try:
        find_sandbox(os.environ)
    except NotFoundError as error:
        pytest.skip(str(error))
    done = zigbuild("verify", next(iter(wheels.values())), cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr
    assert "same" in done.stdout


def test_tools_come_from_the_folders_that_are_given(project: Path, tmp_path: Path) -> None:
    done = zigbuild("wheels", "--tools", tmp_path, "--target", "native", "--python", "native", cwd=project, check=False)
    assert done.returncode == 5
    assert "cython: is not installed, and is needed to build" in done.stderr


HEADERS = """\
[build-system]
requires = ["zigbuild-backend", "only-headers"]
build-backend = "zigbuild_backend"

[project]
name = "with-headers"
version = "1"

[[tool.zigbuild.extension]]
name = "with_headers"
sources = ["with_headers.c"]
headers-from = ["only-headers"]
"""


def install_headers(folder: Path, text: str) -> Path:
    """Return a package with one header, which needs something to run that is nowhere."""
    info = "only_headers-2.0.dist-info"
    digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
    metadata = "Metadata-Version: 2.1\nName: only-headers\nVersion: 2.0\nRequires-Dist: nowhere-to-be-found\n"
    noted = base64.urlsafe_b64encode(hashlib.sha256(metadata.encode()).digest()).rstrip(b"=").decode()
    record = f"only_headers/include/only.h,sha256={digest},\n{info}/METADATA,sha256={noted},\n{info}/RECORD,,\n"
    files = {"only_headers/include/only.h": text, f"{info}/METADATA": metadata, f"{info}/RECORD": record}
    return write_files(folder, files)


def test_headers_of_others_are_what_a_wheel_says_and_no_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for kept in default_store(os.environ).root.glob("tools/*/only_headers"):
        shutil.rmtree(kept.parent)
    text = "#define EGGS 1.0\n"
    monkeypatch.setenv("PYTHONPATH", str(install_headers(tmp_path / "installed", text)))
    mark = '__attribute__((used)) const char *eggs = "MORE EGGS";'
    head = f"#include <only.h>\n#if __has_include(<more.h>)\n{mark}\n#endif"
    code = render_module("with_headers", ("answer", "PyFloat_FromDouble(EGGS)"), head=head)
    project = write_files(tmp_path / "project", {"pyproject.toml": HEADERS, "with_headers.c": code})
    wheels, out = ("wheels", "-q", "--target", "native", "--python", "native", "--out"), tmp_path / "dist"
    zigbuild(*wheels, out, cwd=project)
    zigbuild("sdist", "-q", "--out", out, cwd=project)
    (wheel,) = out.glob("*.whl")
    spec = read_spec(wheel)
    names = [requirement.partition("==")[0] for requirement in spec.requirements]
    assert names == ["only-headers", "packaging", "pyproject-metadata"]
    assert spec.headers == (("only-headers", digest_tree({"only.h": text.encode()})),)

    install_headers(tmp_path / "installed", "#define EGGS 2.0\n")
    refused = zigbuild("rebuild", wheel, "--out", tmp_path / "again", "--no-isolation", cwd=ROOT, check=False)
    assert (refused.returncode, refused.stdout) == (4, "")
    said = re.search(
        r"only-headers==2\.0: its headers have the digest \w{64}, but the wheel was compiled with headers of (\w{64})",
        refused.stderr,
    )
    assert said and said[1] == spec.headers[0][1]
    install_headers(tmp_path / "installed", text)
    zigbuild("verify", wheel, cwd=ROOT)
    write_files(tmp_path / "installed", {"only_headers/include/more.h": ""})
    with (tmp_path / "installed/only_headers-2.0.dist-info/RECORD").open("a") as record:
        record.write("only_headers/include/more.h,,\n")
    zigbuild(*wheels, tmp_path / "more", cwd=project)
    (more,) = (tmp_path / "more").iterdir()
    with zipfile.ZipFile(more) as archive:
        assert b"MORE EGGS" in b"".join(archive.read(name) for name in archive.namelist() if "dist-info" not in name)


def test_headers_of_a_package_that_is_not_to_be_had_for_the_python_that_builds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(install_headers(tmp_path / "installed", "#define EGGS 1\n"))
    headers = (("only-headers", digest_tree({"only.h": b"#define EGGS 1\n"})),)
    other = 12 if sys.version_info[1] != 12 else 13
    interpreter = replace(read_interpreter(Path(sys.executable)), version=(3, other), cache_tag=f"cpython-3{other}")
    environ = os.environ | {"PIP_NO_INDEX": "1", "UV_NO_INDEX": "1", "PIP_FIND_LINKS": ""}

    def obtain(**changes: Any) -> tuple[Path, ...]:
        spec = replace(COMPILED, requirements=("only-headers==2.0",), headers=headers)
        return obtain_exact_tools(
            replace(spec, **changes), interpreter, Machine(Store(tmp_path / "store"), environ, print)
        )

    (folder,) = obtain()
    assert (folder / "only_headers/include/only.h").read_text() == "#define EGGS 1\n"
    with pytest.raises(MismatchError, match=r"only-headers==2\.0: its headers have the digest"):
        obtain(headers=(("only-headers", "33" * 32),))
    with pytest.raises(NotFoundError, match="cannot be installed"):  # what is run has to be for that Python
        obtain(headers=())


@pytest.mark.full
def test_headers_are_the_same_whichever_python_they_are_installed_for(tmp_path: Path) -> None:
    folders = [tmp_path / str(minor) for minor in (11, 13)]
    for folder in folders:
        try:
            install(FOUND_ON_BOTH, folder, os.environ, minor=int(folder.name))
        except NotFoundError as error:
            pytest.skip(str(error))
    for name in ("numpy", "pybind11"):
        found = [find_tools((), [folder], headers=[name]).find(name) for folder in folders]
        assert len({distribution.read_text("WHEEL") for distribution in found}) == (2 if name == "numpy" else 1)
        assert len({digest_tree(read_headers(name, distribution)) for distribution in found}) == 1
