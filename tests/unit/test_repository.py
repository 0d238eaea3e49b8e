"""The values by which the repository describes files."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

import pytest

from zigbuild_backend.core.base.errors import ConfigurationError, MismatchError
from zigbuild_backend.index.files import File, check_same_bytes, merge_files, parse_file_name, render_time
from zigbuild_backend.index.repository import find_repository_folder

EGGS = File("eggs", "1.0", "Eggs-1.0-cp313-cp313-manylinux_2_17_x86_64.manylinux2014_x86_64.whl", 5, "ab" * 32)


@pytest.mark.parametrize(
    ("name", "release"),
    [
        ("Foo_Bar-1.0-py3-none-any.whl", ("foo-bar", "1.0")),
        ("foo-1.0-2-cp313-abi3-win_amd64.whl", ("foo", "1.0")),
        ("foo.bar-1.0.tar.gz", ("foo-bar", "1.0")),
        ("foo-1.0rc1.zip", ("foo", "1.0rc1")),
    ],
)
def test_file_names(name: str, release: tuple[str, str]) -> None:
    assert parse_file_name(name) == release


@pytest.mark.parametrize(
    "name", ["", "foo", "foo.whl", "foo-1.0.whl", "foo-1.0.tar.bz2", "foo-x-py3-none-any.whl", "foo-.tar.gz", "\0.whl"]
)
def test_names_of_neither_wheels_nor_sdists(name: str) -> None:
    with pytest.raises(ConfigurationError, match="neither"):
        parse_file_name(name)


def test_kinds_and_tags() -> None:
    assert EGGS.tags == ("cp313-cp313-manylinux2014_x86_64", "cp313-cp313-manylinux_2_17_x86_64")
    assert (EGGS.is_wheel, EGGS.is_sdist, EGGS.is_local) == (True, False, True)
    sdist = replace(EGGS, name="eggs-1.0.tar.gz", origin="x")
    assert (sdist.tags, sdist.is_wheel, sdist.is_sdist, sdist.is_local) == ((), False, True, False)
    assert replace(EGGS, name="odd.whl").tags == ()


def test_same_bytes() -> None:
    check_same_bytes(EGGS, replace(EGGS, yanked="x"))
    for other in (replace(EGGS, size=6), replace(EGGS, sha256="0" * 64)):
        with pytest.raises(MismatchError, match=EGGS.sha256):
            check_same_bytes(EGGS, other)


def test_merging_fills_what_is_empty() -> None:
    first = replace(EGGS, origin="a", upload_time="then", yanked=None)
    told = replace(first, requires_python=">=3", spec="s", metadata_sha256="m", upload_time="now", yanked="bad")
    assert merge_files(first, told) == replace(told, upload_time="then")
    assert merge_files(told, first) == replace(told, yanked=None)
    moved = replace(told, origin="b", provenance="p")
    assert merge_files(first, moved) == replace(moved, upload_time="then")
    assert merge_files(replace(first, origin=""), moved) == replace(told, origin="", upload_time="then", yanked=None)


def test_times_are_those_of_indexes() -> None:
    moment = datetime(2026, 1, 31, 12, 0, 0, 7, timezone.utc)
    assert render_time(moment) == "2026-01-31T12:00:00.000007Z"


def test_the_folder(tmp_path: Path) -> None:
    environ = {"ZIGBUILD_DATA_DIR": str(tmp_path / "own"), "XDG_DATA_HOME": "/xdg", "HOME": "/home/me"}
    assert find_repository_folder(tmp_path / "given", environ) == tmp_path / "given"
    assert find_repository_folder(None, environ) == tmp_path / "own"
    del environ["ZIGBUILD_DATA_DIR"]
    assert find_repository_folder(None, environ) == Path("/xdg/zigbuild")
    del environ["XDG_DATA_HOME"]
    assert find_repository_folder(None, environ) == Path("/home/me/.local/share/zigbuild")
    with pytest.raises(ConfigurationError, match="no home"):
        find_repository_folder(None, {})
