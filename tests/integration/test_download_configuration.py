"""Sources come through the proxy and by the certificates that pip is configured with, in isolated builds, too."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from archives import write_sdist
from machines import make_venv
from projects import write_files
from tls import HOST, serve_https, serve_proxy
from zigbuild_backend.core.base.errors import NotFoundError
from zigbuild_backend.core.base.machine import Machine
from zigbuild_backend.core.base.store import Store
from zigbuild_backend.core.fetch.downloads import fetch_url

PYPROJECT = """\
[build-system]
requires = ["zigbuild-backend"]
build-backend = "zigbuild_backend"

[project]
name = "spam"
version = "1.0"

[tool.zigbuild]
packages = ["src/spam"]

[[tool.zigbuild.extension]]
name = "spam._spam"
sources = ["src/spam/_spam.c"]
link = ["half"]

[[tool.zigbuild.library]]
name = "half"
{library}
"""
SPAM = """\
#include <Python.h>
#include <half.h>
static PyObject *call(PyObject *self, PyObject *x) { return PyLong_FromLong(half(PyLong_AsLong(x))); }
static PyMethodDef methods[] = {{"half", call, METH_O, 0}, {0}};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "_spam", 0, -1, methods};
PyMODINIT_FUNC PyInit__spam(void) { return PyModule_Create(&definition); }
"""
RECIPE = """\
[recipe]
name = "half"
version = "2.0"
kind = "library"
source = {{ url = "{url}", sha256 = "{sha256}" }}
[[library]]
name = "half"
sources = ["src/half.c"]
include-dirs = ["."]
"""


@dataclass(frozen=True)
class Origin:
    """A file behind a proxy, and the variables by which pip is told how to get it."""

    url: str
    sha256: str
    variables: dict[str, str]
    asked: list[str]


@pytest.fixture
def origin(tmp_path: Path) -> Iterator[Origin]:
    """Yield the source of a library, at an address that is reached through a proxy, by a certificate of its own."""
    sources = {"half.h": "int half(int);\n", "src/half.c": "int half(int x) { return x / 2; }\n"}
    (tmp_path / "served").mkdir()
    archive = write_sdist(tmp_path / "served" / "half-2.0.tar.gz", sources)
    sha256 = hashlib.sha256(archive.read_bytes()).hexdigest()
    certificates = tmp_path / "certificates"
    with serve_https(archive.parent, certificates) as port, serve_proxy() as (proxy, asked):
        variables = {"PIP_CERT": str(certificates / "ca.pem"), "PIP_PROXY": proxy, "PIP_CONFIG_FILE": os.devnull}
        yield Origin(f"https://{HOST}:{port}/{archive.name}", sha256, variables, asked)


def make_project(root: Path, origin: Origin) -> Path:
    files = {
        "pyproject.toml": PYPROJECT.format(library='recipe = "recipes/half"'),
        "src/spam/__init__.py": "",
        "src/spam/_spam.c": SPAM,
        "recipes/half/recipe.toml": RECIPE.format(url=origin.url, sha256=origin.sha256),
    }
    return write_files(root, files)


def environ_of(variables: dict[str, str]) -> dict[str, str]:
    """Return the environment without configuration of pip, certificates or proxies but for *variables*."""
    foreign = ("PIP_", "UV_", "SSL_", "HTTP", "http", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy")
    return {key: value for key, value in os.environ.items() if not key.startswith(foreign)} | variables


def test_certificate_and_proxy_of_pip_are_used(origin: Origin, tmp_path: Path) -> None:
    path = fetch_url(origin.url, origin.sha256, Machine(Store(tmp_path / "store"), environ_of(origin.variables)))
    assert hashlib.sha256(path.read_bytes()).hexdigest() == origin.sha256
    assert origin.asked == [origin.url.split("/")[2]]


def test_without_the_certificate_nothing_is_fetched(origin: Origin, tmp_path: Path) -> None:
    variables = {key: value for key, value in origin.variables.items() if key != "PIP_CERT"}
    with pytest.raises(NotFoundError, match=r"cannot be fetched: .*certificate") as refusal:
        fetch_url(origin.url, origin.sha256, Machine(Store(tmp_path / "store"), environ_of(variables)))
    (problem,) = refusal.value.problems
    assert problem.where == origin.url
    assert "without a network, put the file there: " in problem.hint


def test_without_the_proxy_nothing_is_fetched(origin: Origin, tmp_path: Path) -> None:
    variables = {key: value for key, value in origin.variables.items() if key != "PIP_PROXY"}
    with pytest.raises(NotFoundError, match=r"cannot be fetched: "):
        fetch_url(origin.url, origin.sha256, Machine(Store(tmp_path / "store"), environ_of(variables)))
    assert not origin.asked


def test_authorities_that_cannot_be_read_are_said(origin: Origin, tmp_path: Path) -> None:
    missing = tmp_path / "missing.pem"
    environ = environ_of({**origin.variables, "PIP_CERT": str(missing)})
    with pytest.raises(NotFoundError) as refusal:
        fetch_url(origin.url, origin.sha256, Machine(Store(tmp_path / "store"), environ))
    assert str(refusal.value).splitlines() == [
        f"{missing}: no certificate authorities can be read from it: No such file or directory",
        "  hint: mend PIP_CERT, or 'cert' in the configuration of pip",
    ]


def ask(root: Path, hook: str) -> str:
    code = f"import zigbuild_backend; print(zigbuild_backend.{hook}())"
    environ = environ_of({"PYTHONPATH": os.pathsep.join(sys.path), "ZIGBUILD_KEEP_ZIG": "0"})
    done = subprocess.run([sys.executable, "-c", code], cwd=root, env=environ, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_what_downloads_is_required_where_libraries_are_fetched(origin: Origin, tmp_path: Path) -> None:
    root = make_project(tmp_path / "spam", origin)
    zig = "'ziglang==0.16.0'"
    for hook in ("get_requires_for_build_wheel", "get_requires_for_build_editable"):
        assert ask(root, hook) == f"[{zig}, 'unearth>=0.19']"
    assert ask(root, "get_requires_for_build_sdist") == "[]"
    (root / "pyproject.toml").write_text(PYPROJECT.format(library='sources = ["src/half.c"]'))
    for hook in ("get_requires_for_build_wheel", "get_requires_for_build_editable"):
        assert ask(root, hook) == f"[{zig}]"


def test_zig_is_required_for_shared_libraries_alone(tmp_path: Path) -> None:
    shared = "\n[[tool.zigbuild.library]]\nname = 'half'\nlinkage = 'shared'\npackage = 'spam'\nsources = ['half.c']\n"
    text = PYPROJECT.partition("[[")[0]
    for settings, zig in (("", "[]"), (shared, "['ziglang==0.16.0']")):
        root = write_files(tmp_path, {"pyproject.toml": text + settings})
        assert ask(root, "get_requires_for_build_editable") == zig


def test_isolated_build_fetches_as_pip_would(origin: Origin, backend: Path, tmp_path: Path) -> None:
    root = make_project(tmp_path / "spam", origin)
    venv = make_venv(sys.executable, tmp_path / "venv", "uv")
    install = (venv.folder / "bin" / "uv", "pip", "install", "--python", venv.python, "--find-links", backend.parent)
    venv.run(*install, root, env=origin.variables)
    assert origin.asked == [origin.url.split("/")[2]]
    code = "import spam._spam; print(spam._spam.half(42))"
    assert venv.run(venv.python, "-c", code, cwd=tmp_path).stdout == "21\n"
