"""Tests that each mistake of an author ends in one message with place, problem and mend, and in nothing else.

Each ``.txt`` file here is a case: the files that differ from those of a small project that is right, the settings of
the build, and the exit code and standard error that follow. A line ``--- PATH`` begins a file; behind the path may
stand ``(absent)``, ``(link)`` or an encoding. ``--- config-settings`` and ``--- environment`` are TOML. Cases in which
zig is run lie in ``compiled/``. ``pytest --update-golden`` rewrites the expected part.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from zigbuild_backend.core.base.machine import this_machine
from zigbuild_backend.core.base.store import default_store
from zigbuild_backend.core.base.toml_reader import tomllib
from zigbuild_backend.core.cpython.known_headers import list_header_sets

CASES = sorted(Path(__file__).parent.glob("*.txt"))
COMPILED = [pytest.param(path, marks=pytest.mark.zig) for path in sorted(Path(__file__).parent.glob("compiled/*.txt"))]
each_case = pytest.mark.parametrize("path", [*CASES, *COMPILED], ids=lambda path: path.stem)
# Where auditwheel is installed its tables are used, which say more of some symbols than ours.
BUILD = """\
import json, sys
sys.modules["auditwheel"] = None
import zigbuild_backend
zigbuild_backend.build_wheel(sys.argv[1], json.loads(sys.argv[2]))
"""
SOURCE = Path(__file__).parents[2] / "src"
PYTHON = f"3{sys.version_info[1]}"

RIGHT = {
    "pyproject.toml": """\
[project]
name = "spam"
version = "1.0"

[[tool.zigbuild.extension]]
name = "spam._c"
sources = ["spam/_c.c"]
""",
    "spam/__init__.py": "",
    "spam/_c.c": """\
#include <Python.h>

static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, .m_name = "spam._c"};

PyMODINIT_FUNC
PyInit__c(void)
{
    return PyModuleDef_Init(&module);
}
""",
}


@dataclass
class Case:
    """A case as its file says it; ``question`` is all of the file before the answer that is expected."""

    question: str
    files: dict[str, bytes] = field(default_factory=lambda: {path: text.encode() for path, text in RIGHT.items()})
    links: dict[str, str] = field(default_factory=dict)
    config_settings: dict[str, object] = field(default_factory=lambda: {"target": "manylinux_2_17_x86_64"})
    environment: dict[str, str] = field(default_factory=dict)


def read_case(path: Path) -> Case:
    question = path.read_text("utf-8").partition("--- exit ")[0]
    case = Case(question)
    for section in re.split("^--- ", question, flags=re.MULTILINE)[1:]:
        head, _, body = section.replace("cpython-3XX", f"cpython-{PYTHON}").partition("\n")
        name, _, kind = head.removesuffix(")").partition(" (")
        if name == "config-settings":
            case.config_settings |= tomllib.loads(body)
        elif name == "environment":
            case.environment |= tomllib.loads(body)
        elif kind == "absent":
            del case.files[name]
        elif kind == "link":
            case.links[name] = body.strip()
        else:
            case.files[name] = body.encode(kind or "utf-8")
    return case


def write_case(case: Case, root: Path) -> None:
    for path, data in case.files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data)
    for path, target in case.links.items():
        (root / path).symlink_to(target)


def read_all(folder: Path) -> dict[str, tuple[int, bytes | str]]:
    """Path → mode and content of everything below *folder*, of links where they lead."""
    found: dict[str, tuple[int, bytes | str]] = {}
    for path in sorted(folder.rglob("*")):
        content = str(path.readlink()) if path.is_symlink() else b"" if path.is_dir() else path.read_bytes()
        found[str(path.relative_to(folder))] = (path.lstat().st_mode, content)
    return found


@each_case
def test_refused(path: Path, tmp_path: Path, expect_text: Callable[[Path, str], None]) -> None:
    case = read_case(path)
    if case.config_settings.get("python") == "cp315" and has_headers(15):
        pytest.skip("the headers of CPython 3.15 are on this machine")
    root, out = tmp_path / "project", tmp_path / "out"
    out.mkdir()
    write_case(case, root)
    before = read_all(tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", BUILD, str(out), json.dumps(case.config_settings)],
        cwd=root,
        env=clean_environment() | case.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    said = re.sub(rf"\b(cp|cpython-){PYTHON}(?=-(?!abi3))", r"\g<1>3XX", done.stderr)
    said = said.replace(str(root), "PROJECT")
    expect_text(path, f"{case.question}--- exit {done.returncode}\n{said}")
    assert done.returncode in (2, 3, 4, 5)
    assert done.stdout == ""
    assert said.startswith("zigbuild: error: ")
    assert said.count("zigbuild: error: ") <= said.count("  hint: "), "a problem without its mend"
    assert "Traceback" not in said
    assert str(tmp_path) not in said
    assert str(default_store(os.environ).root) not in said
    assert read_all(tmp_path) == before, "something was written"


def clean_environment() -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if key not in ("SOURCE_DATE_EPOCH", "ZIGBUILD_HEADERS")}
    return kept | {"PYTHONPATH": str(SOURCE), "PYTHONWARNINGS": "error", "COLUMNS": "80"}


def has_headers(minor: int) -> bool:
    known = list_header_sets(this_machine(os.environ))
    return any(headers.is_chosen and headers.version.startswith(f"3.{minor}.") for headers in known)


@pytest.mark.zig
def test_what_every_case_differs_from_is_right(tmp_path: Path) -> None:
    write_case(Case(""), tmp_path / "project")
    subprocess.run(
        [sys.executable, "-c", BUILD, str(tmp_path), '{"target": "manylinux_2_17_x86_64"}'],
        cwd=tmp_path / "project",
        env=clean_environment(),
        check=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    assert wheel.name.endswith("-manylinux_2_17_x86_64.whl")
