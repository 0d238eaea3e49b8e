"""Ejected files: what is written, and what is never overwritten or deleted."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from projects import write_files as write_project
from zigbuild_backend.core.base.errors import ConfigurationError
from zigbuild_backend.core.graph.ejection import LIST, write_files

FILES = {"build.zig": b"one", "zigbuild/include/3.13/Python.h": b"two"}


def test_written_and_listed(tmp_path: Path) -> None:
    assert write_files(tmp_path, FILES).written == (*FILES, LIST)
    assert {path: (tmp_path / path).read_bytes() for path in FILES} == FILES
    rows = [line.split("  ") for line in (tmp_path / LIST).read_text().splitlines()]
    assert rows == [[hashlib.sha256(data).hexdigest(), path] for path, data in FILES.items()]


def test_own_files_are_replaced_and_removed(tmp_path: Path) -> None:
    write_files(tmp_path, FILES)
    ejected = write_files(tmp_path, {"build.zig": b"other"})
    assert ejected.removed == ("zigbuild/include/3.13/Python.h",)
    assert sorted(path.name for path in (tmp_path / "zigbuild").iterdir()) == ["SHA256SUMS"]
    assert (tmp_path / "build.zig").read_bytes() == b"other"


def test_strange_files_stop_it_before_anything_is_written(tmp_path: Path) -> None:
    write_project(tmp_path, {"build.zig": "mine"})
    with pytest.raises(ConfigurationError, match=r"build\.zig: is there, and was not ejected"):
        write_files(tmp_path, FILES)
    assert [path.name for path in tmp_path.iterdir()] == ["build.zig"]
    write_files(tmp_path, FILES, force=True)
    assert (tmp_path / "build.zig").read_bytes() == b"one"


def test_equal_files_do_not(tmp_path: Path) -> None:
    write_project(tmp_path, {"build.zig": "one"})
    write_files(tmp_path, FILES)


def test_edited_files_stop_it_and_are_not_removed(tmp_path: Path) -> None:
    write_files(tmp_path, FILES)
    write_project(tmp_path, {"build.zig": "edited", "zigbuild/include/3.13/Python.h": "edited"})
    with pytest.raises(ConfigurationError, match=r"build\.zig: was edited since it was ejected"):
        write_files(tmp_path, FILES)
    assert write_files(tmp_path, {"build.zig": b"one"}, force=True).removed == ()
    assert (tmp_path / "zigbuild/include/3.13/Python.h").read_text() == "edited"


@pytest.mark.parametrize("path", ["../outside", "zigbuild/../../outside", "/outside", "src/spam.c"])
def test_a_forged_list_deletes_nothing_else(tmp_path: Path, path: str) -> None:
    project = tmp_path / "project"
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    write_project(project, {"src/spam.c": "", "../outside": "", LIST: f"{empty}  {path}\nno line\n"})
    assert write_files(project, FILES).removed == ()
    assert (tmp_path / "outside").exists()
    assert (project / "src/spam.c").exists()
