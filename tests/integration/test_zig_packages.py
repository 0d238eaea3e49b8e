"""Zig packages: fetched from an address by their hash, and from a folder of the project."""

from __future__ import annotations

import http.server
import subprocess
import sys
import tarfile
import threading
import zipfile
import zlib
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from lanes import EACH_ZIG
from projects import project_of, tree_of, write_files
from zigbuild_backend.core.base.host import find_host_python, find_host_target
from zigbuild_backend.core.base.pins import SUPPORTED_ZIGS
from zigbuild_backend.core.graph.build_zig_zon import render_zon
from zigbuild_backend.core.graph.zig_words import quote
from zigbuild_backend.core.project.core_metadata import Metadata
from zigbuild_backend.core.project.project_resolver import resolve_project
from zigbuild_backend.core.settings.parser import parse_settings
from zigbuild_backend.core.zig.toolchain import Zig

HOST = f"{find_host_python()}-{find_host_target()}"
FOREIGN = f"{find_host_python()}-macosx_11_0_arm64"
RUN = [sys.executable, "-m", "zigbuild_backend"]
PACKAGE = {
    "build.zig": """\
const std = @import("std");

pub fn build(b: *std.Build) void {
    const target = b.standardTargetOptions(.{});
    const optimize = b.standardOptimizeOption(.{});
    const by = b.option(i64, "by", "What is added") orelse 1;
    const module = b.createModule(.{ .target = target, .optimize = optimize, .link_libc = true });
    module.addCSourceFile(.{ .file = b.path("adder.c"), .flags = &.{b.fmt("-DBY={d}", .{by})} });
    const library = b.addLibrary(.{ .name = "add", .linkage = .static, .root_module = module });
    library.installHeader(b.path("adder.h"), "adder.h");
    b.installArtifact(library);
}
""",
    "build.zig.zon": f"""\
.{{
    .name = .adder,
    .version = "1.0.0",
    .fingerprint = 0x{zlib.crc32(b"adder") << 32 | 1:016x},
    .paths = .{{""}},
}}
""",
    "adder.h": "long adder(long);\n",
    "adder.c": '#include "adder.h"\nlong adder(long x) { return x + BY; }\n',
}
MODULE = """\
#include <Python.h>
#include <adder.h>
static PyObject *add(PyObject *self, PyObject *x) { return PyLong_FromLong(adder(PyLong_AsLong(x))); }
static PyMethodDef methods[] = {{"add", add, METH_O, 0}, {0}};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "_spam", 0, -1, methods};
PyMODINIT_FUNC PyInit__spam(void) { return PyModule_Create(&definition); }
"""
PYPROJECT = """\
[build-system]
requires = ["zigbuild-backend"]
build-backend = "zigbuild_backend"

[project]
name = "packages-spam"
version = "1.0"

[tool.zigbuild]
zig = "{zig}"
[[tool.zigbuild.extension]]
name = "spam._spam"
sources = ["src/spam/_spam.c"]
link = ["adder"]
[[tool.zigbuild.dependency]]
name = "adder"
artifact = "add"
options = {{ by = 40 }}
{where}
"""


def zigbuild(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*RUN, *map(str, arguments)], capture_output=True, text=True, timeout=900)


def write_project(root: Path, where: str, zig: str = SUPPORTED_ZIGS[1]) -> Path:
    files = {"src/spam/__init__.py": "", "src/spam/_spam.c": MODULE}
    return write_files(root, {**files, "pyproject.toml": PYPROJECT.format(zig=zig, where=where)})


def assert_adds(wheel: Path, folder: Path) -> None:
    zipfile.ZipFile(wheel).extractall(folder)
    code = "import spam._spam as module; print(module.add(2))"
    assert subprocess.run([sys.executable, "-c", code], cwd=folder, check=True, capture_output=True).stdout == b"42\n"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve a package, and yield its address; its content is new to every cache."""
    folder = tmp_path_factory.mktemp("served")
    package = write_files(folder / "adder", {**PACKAGE, "README": str(folder)})
    with tarfile.open(folder / "adder.tar.gz", "w:gz") as archive:
        archive.add(package, "adder")
    handler = partial(http.server.SimpleHTTPRequestHandler, directory=str(folder))
    handler.func.log_message = lambda *_: None  # type: ignore[attr-defined]
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/adder.tar.gz"
        server.shutdown()


@pytest.fixture(scope="module")
def package_hash(address: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the hash that the error about a wrong one names."""
    folder = tmp_path_factory.mktemp("wrong")
    wrong = "adder-1.0.0-" + "A" * 44
    project = write_project(folder / "spam", f'url = "{address}"\nhash = "{wrong}"')
    done = zigbuild("wheels", project, "--out", folder, "--only", HOST)
    assert done.returncode == 4
    assert "tool.zigbuild.dependency[0].hash: what is fetched has the hash adder-1.0.0-" in done.stderr
    return done.stderr.rpartition('write hash = "')[2].partition('"')[0]


@pytest.mark.parametrize("version", EACH_ZIG)
def test_package_of_the_project(version: str, tmp_path: Path) -> None:
    project = write_project(tmp_path / "spam", 'path = "packages/adder"', version)
    write_files(project / "packages/adder", PACKAGE)
    done = zigbuild("wheels", project, "--out", tmp_path, "--only", HOST, "--only", FOREIGN)
    assert done.returncode == 0, done.stderr
    (wheel,) = tmp_path.glob(f"*{find_host_target()}.whl")
    assert_adds(wheel, tmp_path / "unpacked")


def test_package_is_fetched_once_and_needed_no_more(address: str, package_hash: str, tmp_path: Path) -> None:
    project = write_project(tmp_path / "spam", f'url = "{address}"\nhash = "{package_hash}"')
    assert zigbuild("wheels", project, "--out", tmp_path, "--only", HOST).returncode == 0
    (wheel,) = tmp_path.glob("*.whl")
    assert_adds(wheel, tmp_path / "unpacked")
    gone = project / "pyproject.toml"
    gone.write_text(gone.read_text().replace(address, "http://127.0.0.1:9/adder.tar.gz"))
    assert zigbuild("wheels", project, "--out", tmp_path, "--only", HOST).returncode == 0
    assert zigbuild("sdist", project, "--out", tmp_path).returncode == 0
    done = zigbuild("verify", *tmp_path.glob("*.whl"))
    if "no sandbox" in done.stderr:
        pytest.skip(done.stderr)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("end", ['"}, .path = "/etc', "\\", "\n.x = .{", "\u2028é\x01", "{}", "\\u{41}"])
def test_no_address_breaks_out_of_the_manifest(end: str, zig: Zig, tmp_path: Path) -> None:
    url = f"https://spam.example/{end}"
    settings = {"dependency": [{"name": "a.b-c+d", "url": url, "hash": "x"}]}
    text = render_zon(resolve_project(Metadata("spam", "1", ""), parse_settings(settings), tree_of("spam.py")))
    (tmp_path / "build.zig.zon").write_text(text, "utf-8")
    zig.run(["ast-check", "--zon", str(tmp_path / "build.zig.zon")])
    assert text.count("\n") == render_zon(project_of("", "spam.py")).count("\n") + 6
    assert f"            .url = {quote(url)},\n" in text.splitlines(keepends=True)


def test_place_that_has_no_package(address: str, tmp_path: Path) -> None:
    project = write_project(tmp_path / "spam", f'url = "{address}.nothing"\nhash = "adder-1.0.0-{"B" * 44}"')
    done = zigbuild("wheels", project, "--out", tmp_path, "--only", HOST)
    assert done.returncode == 5
    assert "tool.zigbuild.dependency[0].url: cannot be fetched: " in done.stderr and "404" in done.stderr
    assert "http_proxy" in done.stderr
