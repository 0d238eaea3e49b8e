"""``zigbuild explain``: values with their origins, and what holds for a wheel or a target."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from projects import write_files
from zigbuild_backend.cli.program import run
from zigbuild_backend.cli.setting_origins import find_lines

PYPROJECT = """\
[project]
name = "spam"
version = "1.0"
requires-python = ">=3.12,<3.14"

[tool.zigbuild]
optimize = "small"  # a remark
sdist.exclude = ["docs"]

[[tool.zigbuild.extension]]
name = "spam._c"
sources = [
  "c.c",
]
defines = { A = 1 }

[[tool.zigbuild.extension.on]]
when = { os = "windows", not = { arch = ["i686", "x86_64"] } }
libraries = ["ws2_32"]
[tool.zigbuild.extension.on.defines]
A = '''
not = here
'''

[[tool.zigbuild.extension]]
name = "spam._d"
sources = ["d.cpp"]
when.python = ">=3.13"
flags."cxx" = ["-g"]
std = { cxx = "c++17" }
[other]
optimize = 1
"""
FILES = {
    "pyproject.toml": PYPROJECT.replace("'''\nnot = here\n'''", "2"),
    "c.c": "",
    "d.cpp": "",
    "spam/__init__.py": "",
}


def test_lines() -> None:
    assert find_lines(PYPROJECT, "tool.zigbuild") == {
        "optimize": 7,
        "sdist.exclude": 8,
        "extension[0]": 10,
        "extension[0].name": 11,
        "extension[0].sources": 12,
        "extension[0].defines": 15,
        "extension[0].on[0]": 17,
        "extension[0].on[0].when": 18,
        "extension[0].on[0].libraries": 19,
        "extension[0].on[0].defines": 20,
        "extension[0].on[0].defines.A": 21,
        "extension[1]": 25,
        "extension[1].name": 26,
        "extension[1].sources": 27,
        "extension[1].when.python": 28,
        "extension[1].flags.cxx": 29,
        "extension[1].std": 30,
    }


def explain(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str
) -> tuple[str, str]:
    monkeypatch.chdir(write_files(root, FILES))
    capsys.readouterr()
    code = run(["explain", *arguments])
    said = capsys.readouterr()
    assert code == (2 if "error: " in said.err else 0)
    return said.out, said.err


def test_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("ZIGBUILD_EDITABLE_REBUILD", "1")
    out, err = explain(tmp_path, monkeypatch, capsys, "--set", "define.B=x", "--set", "extension.spam._d.optional=1")
    assert err == "spam 1.0\n"
    rows = {line.split()[0]: " ".join(line.split()[1:]) for line in out.splitlines()}
    assert rows["optimize"] == 'pyproject.toml:7 "small"'
    assert rows["zig"].startswith("default ")
    assert rows["sdist.exclude"] == 'pyproject.toml:8 ["docs"]'
    assert rows["editable.rebuild"] == "ZIGBUILD_EDITABLE_REBUILD true"
    assert rows["pythons"] == 'requires-python ["cp312", "cp313", "cp313t"]'
    assert rows["packages"] == 'found ["spam"]'
    assert rows["extension[0].defines.A"] == "pyproject.toml:15 1"
    assert rows["extension[0].defines.B"] == '--set define.B "x"'
    assert rows["extension[0].on[0].when"] == "pyproject.toml:18 os windows, not (arch i686 or x86_64)"
    assert rows["extension[1].optional"] == "--set extension.spam._d.optional true"


def test_a_wheel_and_a_target(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out, _ = explain(tmp_path, monkeypatch, capsys, "win_arm64")
    assert (
        out
        == """\
win_arm64
  target: aarch64-windows-gnu

extension spam._c
  sources    pyproject.toml:12                                          ["c.c"]
  defines.A  pyproject.toml:21 (os windows, not (arch i686 or x86_64))  2
  libraries  pyproject.toml:19 (os windows, not (arch i686 or x86_64))  ["ws2_32"]

extension spam._d
  sources    pyproject.toml:25  ["d.cpp"]
  flags.cxx  pyproject.toml:27  ["-g"]
  std.cxx    pyproject.toml:28  "c++17"
"""
    )
    out, _ = explain(tmp_path, monkeypatch, capsys, ".", "cp311-win_amd64")
    assert (
        out
        == """\
cp311-win_amd64: unsupported
  obstacle: cp311: requires-python is <3.14,>=3.12
    hint: ask for another Python
  target: x86_64-windows-gnu

extension spam._c: spam/_c.cp311-win_amd64.pyd
  sources    pyproject.toml:12  ["c.c"]
  defines.A  pyproject.toml:15  1

extension spam._d: not built, only for python >=3.13
"""
    )
    out, _ = explain(tmp_path, monkeypatch, capsys, ".", "macosx_11_0_universal2", "--json")
    slices = json.loads(out)["subject"]["slices"]
    assert list(slices) == ["x86_64-macos.11.0", "aarch64-macos.11.0"]
    assert slices["aarch64-macos.11.0"][1]["rows"][2] == {
        "key": "std.cxx",
        "value": "c++17",
        "origin": "pyproject.toml:28",
    }


@pytest.mark.parametrize("name", ["cp313-win_amd46", "win_amd46"])
def test_what_is_no_wheel(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "win_amd64" in explain(tmp_path, monkeypatch, capsys, ".", name)[1]
