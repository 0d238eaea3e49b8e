"""Core metadata from [project], and what is said of a table that makes none."""

from __future__ import annotations

import email
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from projects import write_files
from zigbuild_backend.core.base.errors import ConfigurationError, Problem
from zigbuild_backend.core.base.toml_reader import tomllib
from zigbuild_backend.core.project.metadata import read_metadata, write_dist_info

FULL = """
[project]
name = "Spam.Eggs"
version = "1.0.0-rc1"
description = "It does"
readme = "README.md"
requires-python = ">= 3.10"
license = "MIT OR Apache-2.0"
license-files = ["LICENSES/*"]
authors = [{ name = "Ann", email = "ann@example.org" }]
keywords = ["a", "b"]
dependencies = ["numpy>=2"]
scripts = { spam = "spam:main" }
gui-scripts = { spamw = "spam:window" }
entry-points = { "spam.plugins" = { one = "spam.one" } }
"""
FILES = {"README.md": "# Grüße\n", "LICENSES/MIT.txt": "MIT", "LICENSES/Apache.txt": "Apache"}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "outside").write_text("")
    return write_files(tmp_path / "project", FILES)


def problems_of(project: Any, root: Path) -> tuple[Problem, ...]:
    with pytest.raises(ConfigurationError) as refusal:
        read_metadata({"project": project}, root)
    return refusal.value.problems


def test_everything(root: Path) -> None:
    metadata = read_metadata(tomllib.loads(FULL), root)
    assert (metadata.name, metadata.version, metadata.requires_python) == ("Spam.Eggs", "1.0.0rc1", ">=3.10")
    assert metadata.license_files == ("LICENSES/Apache.txt", "LICENSES/MIT.txt")
    assert metadata.entry_points == (
        ("console_scripts", (("spam", "spam:main"),)),
        ("gui_scripts", (("spamw", "spam:window"),)),
        ("spam.plugins", (("one", "spam.one"),)),
    )
    message = email.message_from_string(metadata.text)
    assert (message["Name"], message["License-Expression"]) == ("Spam.Eggs", "MIT OR Apache-2.0")
    assert message.get_all("License-File") == ["LICENSES/Apache.txt", "LICENSES/MIT.txt"]
    assert message.get_payload() == "# Grüße\n"


def test_least(root: Path) -> None:
    metadata = read_metadata({"project": {"name": "spam", "version": "1"}}, root)
    assert (metadata.requires_python, metadata.license_files, metadata.entry_points) == ("", (), ())


def test_licence_of_the_old_kind_goes_into_the_wheel_too(root: Path) -> None:
    project = {"name": "spam", "version": "1", "license": {"file": "LICENSES/MIT.txt"}}
    assert read_metadata({"project": project}, root).license_files == ("LICENSES/MIT.txt",)
    project["license"] = {"text": "as you like"}
    assert read_metadata({"project": project}, root).license_files == ()


def test_no_project() -> None:
    with pytest.raises(ConfigurationError, match=r"the table \[project\] is missing"):
        read_metadata({}, Path())


@pytest.mark.parametrize(
    ("changes", "where", "message"),
    [
        ({"name": "-x"}, "project.name", "Invalid project name '-x'"),
        ({"version": "one"}, "project.version", "is an invalid PEP 440 version"),
        ({"version": 1}, "project.version", "has an invalid type, expecting str (got int)"),
        ({"requires-python": "3"}, "project.requires-python", "is an invalid Python version specifier"),
        ({"license": "free"}, "project.license", "Unknown license: 'free'"),
        ({"license": {"file": "nope"}}, "project.license.file", "License file not found"),
        ({"license": {"file": "LICENSES"}}, "project.license.file", "License file not found"),
        ({"license": {"file": "../outside"}}, "project.license.file", "'../outside' leads out of the project"),
        ({"license-files": ["nope*"]}, "project.license-files", "Every pattern in"),
        ({"license-files": [""]}, "project", "Unacceptable pattern"),
        ({"readme": "nope.md"}, "project.readme.file", "Readme file not found ('nope.md')"),
        ({"readme": "bad.md"}, "project", "the readme or a licence file is not UTF-8"),
        ({"dynamic": ["version"]}, "project.dynamic[0]", "'version' is dynamic, and given in [project]"),
        ({"dynamic": ["readme"]}, "project.dynamic[0]", "'readme' is dynamic, but no setting gives it"),
        ({"dynamic": ["urls"]}, "project.dynamic[0]", "'urls' cannot be dynamic"),
        ({"dynamic": [1]}, "project.dynamic", "must be an array of strings"),
        ({"dynamic": "version"}, "project.dynamic", "must be an array of strings"),
        ({"nme": "x"}, "project", "Extra keys present in 'project': 'nme'"),
        ({"dependencies": ["a b"]}, "project.dependencies[0]", "is an invalid PEP 508 requirement string 'a b'"),
        ({"authors": ["me"]}, "project.authors[0]", "has an invalid type"),
        ({"scripts": {"x": 3}}, "project.scripts.x", "has an invalid type"),
    ],
)
def test_refused(changes: dict[str, Any], where: str, message: str, root: Path) -> None:
    write_files(root, {"bad.md": b"\xff"})
    (problem,) = problems_of({"name": "spam", "version": "1", **changes}, root)
    assert problem.where == where
    assert problem.message.startswith(message)
    assert problem.hint


@pytest.mark.parametrize("project", [3, [], None, "spam"])
def test_no_table(project: Any, root: Path) -> None:
    (problem,) = problems_of(project, root)
    assert problem.where == "project"
    assert problem.hint


def test_all_problems_are_reported_at_once(root: Path) -> None:
    problems = problems_of({"version": "one", "readme": "nope.md", "nme": "x"}, root)
    assert {problem.where for problem in problems} == {
        "project",
        "project.name",
        "project.version",
        "project.readme.file",
    }


VALUES = st.recursive(
    st.text(max_size=5)
    | st.integers()
    | st.floats()
    | st.booleans()
    | st.sampled_from(["MIT", "README.md", "*.txt", "spam:main"]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["file", "text", "name", "email", "content-type"]), inner, max_size=2)
    ),
    max_leaves=4,
)
KEYS = [
    *("version", "description", "readme", "requires-python", "license", "license-files", "authors", "maintainers"),
    *("keywords", "classifiers", "urls", "scripts", "gui-scripts", "entry-points", "dependencies"),
    *("optional-dependencies", "dynamic"),
]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(project=st.fixed_dictionaries({"name": st.just("spam")}, optional=dict.fromkeys(KEYS, VALUES)))
def test_any_value_is_understood_or_refused(project: dict[str, Any], root: Path) -> None:
    try:
        read_metadata({"project": {"version": "1", **project}}, root)
    except ConfigurationError as error:
        assert all(problem.where.startswith("project") and problem.hint for problem in error.problems)


def test_dist_info_that_is_prepared(root: Path, tmp_path: Path) -> None:
    metadata = read_metadata(tomllib.loads(FULL), root)
    name = write_dist_info(metadata, root, tmp_path / "out")
    assert name == "spam_eggs-1.0.0rc1.dist-info"
    folder = tmp_path / "out" / name
    assert {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} == {
        *("METADATA", "entry_points.txt", "licenses/LICENSES/MIT.txt", "licenses/LICENSES/Apache.txt")
    }
    assert (folder / "METADATA").read_text("utf-8") == metadata.text
    assert (folder / "licenses/LICENSES/MIT.txt").read_text() == "MIT"


def test_dist_info_without_entry_points_and_licences(root: Path, tmp_path: Path) -> None:
    name = write_dist_info(read_metadata({"project": {"name": "a", "version": "1"}}, root), root, tmp_path / "out")
    assert [path.name for path in (tmp_path / "out" / name).iterdir()] == ["METADATA"]
