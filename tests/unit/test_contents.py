"""Settings of the contents of releases: the examples of the docs, and the refused ones."""

from __future__ import annotations

import re
from typing import Any

import pytest

from machines import ROOT
from zigbuild_backend.core.base.errors import ConfigurationError
from zigbuild_backend.core.base.toml_reader import tomllib
from zigbuild_backend.core.settings.model import Settings
from zigbuild_backend.core.settings.parser import parse_settings

EXAMPLES = re.findall(r"```toml\n(.*?)```", (ROOT / "docs" / "metadata.md").read_text("utf-8"), re.DOTALL)


@pytest.mark.parametrize("example", EXAMPLES)
def test_what_the_docs_show_can_be_said(example: str) -> None:
    assert parse_settings(tomllib.loads(example)["tool"]["zigbuild"]) != Settings()


def test_examples_are_found() -> None:
    assert len(EXAMPLES) == 5


@pytest.mark.parametrize(
    ("table", "where", "message"),
    [
        ({"sdist": {"include": [""]}}, "sdist.include[0]", "'' matches nothing"),
        ({"sdist": {"include": ["/"]}}, "sdist.include[0]", "'/' matches nothing"),
        ({"sdist": {"exclude": ["a", "#b"]}}, "sdist.exclude[1]", "'#b' would be a comment"),
        ({"sdist": {"exclude": ["!a\\b"]}}, "sdist.exclude[0]", "'a\\\\b' has a backslash"),
        ({"sdist": {"exclude": ["../a"]}}, "sdist.exclude[0]", "'../a' leads out of the project"),
        ({"sdist": {"include": ["/.git/config"]}}, "sdist.include[0]", "'/.git/config' names git's own folder"),
        ({"wheel": {"include": ["a"]}}, "wheel.include", "must be a table of values, not an array"),
        ({"wheel": {"include": {"a": 1}}}, "wheel.include.a", "must be a string, not a whole number"),
        ({"wheel": {"include": {"a": "/b"}}}, "wheel.include", "'/b' is absolute"),
        ({"wheel": {"include": {"../a": "b"}}}, "wheel.include", "'../a' leads out of the project"),
        ({"wheel": {"include": {"a": "b//c"}}}, "wheel.include", "'b//c' has a part that is empty or '.'"),
        (
            {"wheel": {"include": {"a": "x-1.dist-info/y"}}},
            "wheel.include",
            "'x-1.dist-info/y' is written by the backend",
        ),
        ({"wheel": {"data": {"a": "."}}}, "wheel.data", "'.' has a part that is empty or '.'"),
        ({"wheel": {"scripts": ["/bin/x"]}}, "wheel.scripts[0]", "'/bin/x' is absolute"),
        ({"readme": []}, "readme", "must be a table, not an array"),
        ({"version": "1.0"}, "version", "must be a table, not a string"),
        ({"minimum-version": "build-system"}, "minimum-version", "'build-system' is not a version by PEP 440"),
    ],
)
def test_refused(table: dict[str, Any], where: str, message: str) -> None:
    with pytest.raises(ConfigurationError) as refusal:
        parse_settings(table)
    (problem,) = refusal.value.problems
    assert problem.where == f"tool.zigbuild.{where}"
    assert problem.message.startswith(message)
    assert problem.hint
