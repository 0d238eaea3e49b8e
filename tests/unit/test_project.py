"""A project read once from its folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from projects import Files, write_files
from zigbuild_backend.errors import ConfigurationError, NotFoundError, ZigbuildError
from zigbuild_backend.project import read_project, read_settings, written_by
from zigbuild_backend.pyproject import read_pyproject

PYPROJECT = """
[project]
name = "spam"
version = "1.0"

[tool.zigbuild]
optimize = "small"

[[tool.zigbuild.extension]]
name = "spam._c"
sources = ["spam/*.c"]
"""
FILES: Files = {"pyproject.toml": PYPROJECT, "spam/__init__.py": "", "spam/_c.c": "", "README": ""}


def test_read_project(tmp_path: Path) -> None:
    project = read_project(write_files(tmp_path, FILES))
    assert (project.metadata.name, project.metadata.version) == ("spam", "1.0")
    assert [module.sources for module in project.modules] == [("spam/_c.c",)]
    assert project.contents == {"spam/__init__.py": "spam/__init__.py"}
    assert sorted(project.tree.by_path) == sorted(FILES)
    assert project.settings.optimize == "small"
    assert project.requirements == written_by()


def test_overrides_replace_keys(tmp_path: Path) -> None:
    project = read_project(write_files(tmp_path, FILES), {"optimize": "debug"})
    assert project.settings.optimize == "debug"
    assert len(project.modules) == 1


def test_overrides_are_checked(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="not 'fats'"):
        read_project(write_files(tmp_path, FILES), {"optimize": "fats"})


@pytest.mark.parametrize("pyproject", [{}, {"tool": {}}, {"tool": {"other": 1}}, {"tool": {"zigbuild": {}}}])
def test_settings_may_be_missing(pyproject: dict[str, object]) -> None:
    assert read_settings(pyproject).extension == ()
    assert read_settings(pyproject, {"optimize": "safe"}).optimize == "safe"


@pytest.mark.parametrize("pyproject", [{"tool": 3}, {"tool": {"zigbuild": 3}}])
def test_settings_that_are_no_table(pyproject: dict[str, object]) -> None:
    with pytest.raises(ConfigurationError, match="must be a table"):
        read_settings(pyproject, {"optimize": "safe"})


def make_folder(path: Path) -> None:
    path.mkdir()


@pytest.mark.parametrize(
    ("arrange", "error", "message"),
    [
        (lambda path: None, NotFoundError, "there is no pyproject.toml"),
        (make_folder, NotFoundError, "cannot be read"),
        (lambda path: path.write_bytes(b"a = '\xff'"), ConfigurationError, "is not UTF-8 at byte 5"),
        (lambda path: path.write_bytes(b"a ="), ConfigurationError, "is not TOML: Invalid value"),
        (lambda path: path.write_bytes(b"a = " + b"[" * 100_000), ConfigurationError, "is not TOML"),
    ],
)
def test_unreadable(
    arrange: Callable[[Path], object], error: type[ZigbuildError], message: str, tmp_path: Path
) -> None:
    arrange(tmp_path / "pyproject.toml")
    with pytest.raises(error, match=message) as refusal:
        read_pyproject(tmp_path)
    (problem,) = refusal.value.problems
    assert problem.where.endswith("pyproject.toml") or problem.where == str(tmp_path)
    assert problem.hint


def test_what_writes_metadata_is_named_with_its_version() -> None:
    names = [requirement.split("==") for requirement in written_by()]
    assert [name for name, _ in names] == ["packaging", "pyproject-metadata"]
    assert all(version[0].isdigit() for _, version in names)
