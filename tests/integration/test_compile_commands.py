"""``compile_commands.json``: every command in it compiles its source."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from projects import write_files
from zigbuild_backend.cli.program import run
from zigbuild_backend.core.zig.toolchain import Zig

PYPROJECT = """\
[project]
name = "spam"
version = "1.0"

[[tool.zigbuild.extension]]
name = "spam._c"
sources = ["src/*.c", "src/*.cpp"]
include-dirs = ["a folder"]
defines = { NAME = '"{name}"' }
std = { c = "c11", cxx = "c++17" }
link = ["z"]
[[tool.zigbuild.extension.on]]
when = { os = "windows" }
sources = ["elsewhere.c"]

[[tool.zigbuild.library]]
name = "z"
sources = ["z/z.c"]
include-dirs = ["z"]
"""
FILES = {
    "pyproject.toml": PYPROJECT,
    "spam/__init__.py": "",
    "src/module.c": '#include <Python.h>\n#include <z.h>\n#include "own.h"\nstatic const char *name = NAME;\n',
    "src/more.cpp": "#include <Python.h>\n#include <string>\n#include <z.h>\nauto name = std::string{NAME};\n",
    "a folder/own.h": "",
    "z/z.h": "#include <features.h>\n",
    "z/z.c": "#include <z.h>\n#include <stdlib.h>\n",
    "elsewhere.c": "",
}


def test_each_command_compiles(
    zig: Zig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    root = write_files(tmp_path / "project", FILES)
    monkeypatch.chdir(tmp_path)
    assert run(["compile-commands", "project"]) == 0
    path = root / "compile_commands.json"
    assert capsys.readouterr().out == f"{path}: 3 sources\n"
    entries = json.loads(path.read_text())
    assert [entry["file"] for entry in entries] == ["src/module.c", "src/more.cpp", "z/z.c"]
    for entry in entries:
        driver, *arguments = entry["arguments"]
        assert driver == ("clang++" if entry["file"].endswith("cpp") else "clang")
        # As whoever reads it would: a plain clang, which knows no folders but those that are named.
        command = [zig.executable, "clang", *arguments, "-fsyntax-only", "-nostdinc", "-nostdinc++"]
        done = subprocess.run(command, cwd=entry["directory"], capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr


def test_nothing_to_compile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pyproject = FILES["pyproject.toml"].partition("\n[[")[0]
    monkeypatch.chdir(write_files(tmp_path, {"pyproject.toml": pyproject, "spam/__init__.py": ""}))
    assert run(["compile-commands"]) == 2
    assert "the project compiles nothing" in capsys.readouterr().err
