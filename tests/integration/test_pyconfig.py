"""Our pyconfig.h: CPython's headers compile with it for every target, and read as with the one that Debian built."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from debian import read_package
from headers import write_tree
from lanes import few_first
from zigbuild_backend.core.base.errors import NotFoundError
from zigbuild_backend.core.base.machine import Machine
from zigbuild_backend.core.base.pythons import PYTHONS, find_python
from zigbuild_backend.core.base.store import Store
from zigbuild_backend.core.base.targets import TARGETS, Target, find_target
from zigbuild_backend.core.cpython.header_sets import HeaderSet, add_header_set, obtain_header_set
from zigbuild_backend.core.cpython.include_tree import is_header
from zigbuild_backend.core.cpython.pyconfig import read_pyconfig
from zigbuild_backend.core.zig.toolchain import Zig

SOURCE = "#define PY_SSIZE_T_CLEAN\n" + "".join(
    f"#include <{name}.h>\n" for name in ("Python", "structmember", "datetime", "frameobject", "marshal")
)
EACH_PYTHON = {
    *("manylinux_2_17_x86_64", "manylinux_2_17_i686", "musllinux_1_2_aarch64", "macosx_11_0_arm64", "win_amd64"),
}
SOME_PYTHONS = tuple(find_python(name) for name in ("cp39", "cp315", "cp315t"))
HAS_HEADER = re.compile(r"^#define HAVE_(\w+)_H 1$", re.MULTILINE)


@pytest.fixture(scope="module")
def header_sets(tmp_path_factory: pytest.TempPathFactory) -> dict[int, HeaderSet]:
    """Headers by minor version: of installed CPythons, else of Debian's."""
    folder = tmp_path_factory.mktemp("headers")
    found = {}
    for minor in sorted({python.minor for python in PYTHONS}):
        try:
            found[minor] = obtain_header_set(minor, Machine(Store(folder), os.environ))
        except NotFoundError:
            if minor < 14:
                pytest.skip(f"needs the headers of CPython 3.{minor}")
            below = f"usr/include/python3.{minor}"
            files = read_package("sid", "amd64", f"libpython3.{minor}-dev", below)
            found[minor] = add_header_set(write_tree(folder / f"3.{minor}", files) / below, Machine(Store(folder), {}))
    return found


@pytest.fixture(scope="module")
def pyconfig(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with ``posix/pyconfig.h`` and ``windows/pyconfig.h``."""
    files = {f"{system}/pyconfig.h": read_pyconfig(system) for system in ("posix", "windows")}
    return write_tree(tmp_path_factory.mktemp("pyconfig"), files)


@pytest.mark.parametrize("target", few_first(target for target in TARGETS if not target.slices), ids=str)
def test_cpython_compiles(
    target: Target, header_sets: dict[int, HeaderSet], pyconfig: Path, zig: Zig, tmp_path: Path
) -> None:
    """Every CPython for a platform of each kind, and unless the whole matrix is wanted the extremes for the others."""
    system = "windows" if target.is_windows else "posix"
    claimed = HAS_HEADER.findall(read_pyconfig(system).decode())
    names = [name.lower().replace("sys_", "sys/").replace("netinet_", "netinet/") for name in claimed]
    source = tmp_path / "module.c"
    source.write_text(SOURCE + "".join(f"#include <{name}.h>\n" for name in names))
    is_each = str(target) in EACH_PYTHON or os.environ.get("ZIGBUILD_WHOLE_MATRIX")
    for python in PYTHONS if is_each else SOME_PYTHONS:
        output = tmp_path / f"{python}.o"
        includes = (f"-I{pyconfig / system}", "-isystem", str(header_sets[python.minor].folder))
        defines = ["-DPy_GIL_DISABLED=1"] if python.free_threaded else []
        warnings = ("-Wall", "-Wextra", "-Werror")
        zig.run(["cc", "-c", "-o", str(output), "-target", target.triple, *warnings, *includes, *defines, str(source)])
        assert output.stat().st_size


@pytest.mark.parametrize("system", ["posix", "windows"])
def test_free_threading_is_left_to_whoever_compiles(system: str) -> None:
    assert b"define Py_GIL_DISABLED" not in read_pyconfig(system)


DEBIAN = {
    "amd64": "manylinux_2_17_x86_64",
    "i386": "manylinux_2_17_i686",
    "arm64": "manylinux_2_17_aarch64",
    "armhf": "manylinux_2_17_armv7l",
    "ppc64el": "manylinux_2_17_ppc64le",
    "s390x": "manylinux_2_17_s390x",
    "riscv64": "manylinux_2_31_riscv64",
    "loong64": "manylinux_2_36_loongarch64",
}
RELEASES = [
    *(("bookworm", 11, name) for name in ("amd64", "i386", "arm64", "armhf", "ppc64el", "s390x")),
    *(("trixie", 13, name) for name in ("amd64", "i386", "arm64", "armhf", "ppc64el", "s390x", "riscv64")),
    *(("sid", 15, name) for name in DEBIAN),
]


@pytest.mark.full
@pytest.mark.parametrize(("suite", "minor", "architecture"), RELEASES)
def test_cpython_reads_as_with_the_file_that_debian_built(
    suite: str, minor: int, architecture: str, pyconfig: Path, zig: Zig, tmp_path: Path
) -> None:
    files = read_package(suite, architecture, f"libpython3.{minor}-dev", "usr/include")
    generic = f"usr/include/python3.{minor}/"
    headers = {name.removeprefix(generic): data for name, data in files.items() if name.startswith(generic)}
    (real,) = (data for name, data in files.items() if name.endswith("/pyconfig.h") and not name.startswith(generic))
    write_tree(tmp_path, {"real/pyconfig.h": real})
    write_tree(tmp_path / "include", {name: data for name, data in headers.items() if is_header(name)})
    triple = find_target(DEBIAN[architecture]).triple

    def preprocess(configuration: Path) -> bytes:
        includes = (f"-I{configuration}", f"-I{tmp_path / 'include'}")
        return zig.run(["cc", "-E", "-P", "-x", "c", "-target", triple, *includes, "-"], stdin=SOURCE.encode())

    text = preprocess(pyconfig / "posix")
    assert b"PyModule_Create2" in text
    assert text == preprocess(tmp_path / "real")
