"""The JSON schema: fresh, what validate-pyproject can use, and never stricter than the parser."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from validate_pyproject import api
from validate_pyproject.plugins import PluginWrapper

from machines import ROOT
from zigbuild_backend.cli.program import run
from zigbuild_backend.core.base.errors import ConfigurationError
from zigbuild_backend.core.base.toml_reader import tomllib
from zigbuild_backend.core.settings import json_schema as schema
from zigbuild_backend.core.settings.parser import parse_settings

PROJECTS = sorted([*(ROOT / "examples").glob("*/pyproject.toml"), *(ROOT / "tests/golden").glob("*/pyproject.toml")])
INVALID = sorted((ROOT / "tests/invalid").rglob("*.txt"))


@pytest.fixture(scope="module")
def validate() -> Callable[[dict[str, Any]], Any]:
    validator: Callable[[dict[str, Any]], Any] = api.Validator([PluginWrapper("zigbuild", schema.get_schema)])
    return validator


def project_of(table: object) -> dict[str, Any]:
    return {"project": {"name": "spam", "version": "1"}, "tool": {"zigbuild": table}}


def test_file_is_what_the_model_says(expect_text: Callable[[Path, str], None]) -> None:
    expect_text(ROOT / "tests/golden/zigbuild.schema.json", schema.render_schema())


def test_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["schema"]) == 0
    assert capsys.readouterr().out == schema.render_schema()


def test_validate_pyproject_finds_it() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    module, _, function = project["entry-points"]["validate_pyproject.tool_schema"]["zigbuild"].partition(":")
    assert getattr(import_module(module), function) is schema.get_schema


@pytest.mark.parametrize("path", PROJECTS, ids=lambda path: f"{path.parent.parent.name}/{path.parent.name}")
def test_valid_projects(path: Path, validate: Callable[[dict[str, Any]], Any]) -> None:
    validate(tomllib.loads(path.read_text("utf-8")))


REJECTED = [
    {"optimise": "fast"},
    {"optimize": "O2"},
    {"optimize": 3},
    {"targets": "all"},
    {"targets": [1]},
    {"extension": {"name": "spam._c"}},
    {"extension": [{"sources": ["a.c"]}]},
    {"extension": [{"name": "spam._c", "defines": {"A": 1.5}}]},
    {"extension": [{"name": "spam._c", "flags": {"rust": []}}]},
    {"extension": [{"name": "spam._c", "when": {"os": []}}]},
    {"extension": [{"name": "spam._c", "when": [{"not": {"oss": "linux"}}]}]},
    {"extension": [{"name": "spam._c", "on": [{"libraries": ["m"]}]}]},
    {"version": {"path": "VERSION"}},
    {"editable": {"rebuild": "yes"}},
    {"wheel": {"include": {"a": 1}}},
    3,
]


@pytest.mark.parametrize("table", REJECTED, ids=str)
def test_what_is_rejected(table: object, validate: Callable[[dict[str, Any]], Any]) -> None:
    with pytest.raises(api.errors.ValidationError):
        validate(project_of(table))
    with pytest.raises(ConfigurationError):
        parse_settings(table)


def test_no_case_of_the_parser_is_rejected_here_alone(validate: Callable[[dict[str, Any]], Any]) -> None:
    seen = 0
    for path in INVALID:
        _, _, text = path.read_text("utf-8").partition("--- pyproject.toml\n")
        try:
            table = tomllib.loads(text.partition("\n--- ")[0])["tool"]["zigbuild"]
            parse_settings(table)
        except (tomllib.TOMLDecodeError, LookupError, TypeError, ConfigurationError):
            continue
        seen += 1
        validate(project_of(table))
    assert seen
