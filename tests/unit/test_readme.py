"""Readmes that are put together from pieces."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from projects import write_files
from zigbuild_backend.core.base.errors import ConfigurationError
from zigbuild_backend.core.project.metadata import read_metadata
from zigbuild_backend.core.project.readme import read_readme
from zigbuild_backend.core.settings.contents import Readme
from zigbuild_backend.core.settings.parser import parse_settings

README = "badges\n<!-- begin -->\n# Spam\n\nsee [docs](docs/x.md)\n<!-- end -->\nrest"
CHANGES = "# Changes\n\n## 1.1\n\nnew\n\n## 1.0\n\nold\n"


def readme_of(*fragments: dict[str, str], **keys: Any) -> Readme:
    table = {"content-type": "text/markdown", "fragments": list(fragments), **keys}
    readme = parse_settings({"readme": table}).readme
    assert readme
    return readme


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_files(tmp_path, {"README.md": README, "CHANGES.md": CHANGES, "bad.md": b"\xff"})


def test_pieces(root: Path) -> None:
    readme = readme_of(
        {"path": "README.md", "start-after": "<!-- begin -->\n", "end-before": "<!-- end -->"},
        {"text": "\n# Latest\n"},
        {"path": "CHANGES.md", "pattern": r"\n(## .+?)\n\n## "},
        substitutions=[{"pattern": r"\]\(docs/", "replacement": "](https://example.org/"}, {"pattern": "^# (S)pam"}],
    )
    assert read_readme(readme, root) == ("\n\nsee [docs](https://example.org/x.md)\n\n# Latest\n## 1.1\n\nnew")
    assert read_readme(readme_of({"path": "README.md"}), root) == README


def test_it_is_the_description(root: Path) -> None:
    settings = parse_settings({"readme": {"content-type": "text/x-rst", "fragments": [{"text": "Süß\n"}]}})
    project = {"name": "spam", "version": "1", "dynamic": ["readme"]}
    text = read_metadata({"project": project}, root, settings).text
    assert "Description-Content-Type: text/x-rst" in text
    assert text.endswith("\n\nSüß\n")
    assert "Dynamic" not in text
    with pytest.raises(ConfigurationError, match="'readme' is not dynamic"):
        read_metadata({"project": {"name": "spam", "version": "1"}}, root, settings)


@pytest.mark.parametrize(
    ("readme", "where", "message"),
    [
        (readme_of({"path": "none.md"}), "fragments[0].path", "none.md cannot be read"),
        (readme_of({"path": "bad.md"}), "fragments[0].path", "bad.md is not UTF-8"),
        (
            readme_of({"text": "x"}, {"path": "README.md", "start-after": "nope"}),
            "fragments[1].start-after",
            "README.md does not contain 'nope'",
        ),
        (
            readme_of({"path": "README.md", "start-after": "rest", "end-before": "badges"}),
            "fragments[0].end-before",
            "README.md does not contain 'badges' after 'rest'",
        ),
        (
            readme_of({"path": "README.md", "pattern": "(nope)"}),
            "fragments[0].pattern",
            "nothing in README.md matches '(nope)'",
        ),
        (
            readme_of({"text": "x"}, substitutions=[{"pattern": "x", "replacement": r"\1"}]),
            "substitutions[0].replacement",
            "invalid group reference",
        ),
        (readme_of(), "fragments", "all fragments are empty"),
    ],
)
def test_pieces_that_are_not_there(readme: Readme, where: str, message: str, root: Path) -> None:
    with pytest.raises(ConfigurationError) as refusal:
        read_readme(readme, root)
    (problem,) = refusal.value.problems
    assert problem.where == f"tool.zigbuild.readme.{where}"
    assert problem.message.startswith(message)
    assert problem.hint


@pytest.mark.parametrize(
    ("table", "where", "message"),
    [
        ({"fragments": []}, "", "the key 'content-type' is missing"),
        ({"content-type": "text/html", "fragments": []}, ".content-type", "must be one of text/markdown"),
        ({"content-type": "text/plain", "fragments": [{}]}, ".fragments[0]", "needs either 'text' or 'path'"),
        (
            {"content-type": "text/plain", "fragments": [{"text": "x", "pattern": "()"}]},
            ".fragments[0].pattern",
            "applies to",
        ),
        (
            {"content-type": "text/plain", "fragments": [{"path": "x", "pattern": "x"}]},
            ".fragments[0].pattern",
            "'x' has no",
        ),
        (
            {"content-type": "text/plain", "fragments": [], "substitutions": [{"pattern": "*"}]},
            ".substitutions[0].pattern",
            "'*' is not a regular expression",
        ),
    ],
)
def test_settings_are_checked(table: dict[str, Any], where: str, message: str) -> None:
    with pytest.raises(ConfigurationError) as refusal:
        parse_settings({"readme": table})
    (problem,) = refusal.value.problems
    assert problem.where == f"tool.zigbuild.readme{where}"
    assert problem.message.startswith(message)
    assert problem.hint
