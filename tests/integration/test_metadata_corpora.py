"""The test data of pyproject-metadata and validate-pyproject are accepted and refused as they are there.

Where not, it is named in docs/peers.md. What belongs to another backend is made ours first: a project without
``[project]`` is given one, and a dynamic version or readme gets its source.
"""

from __future__ import annotations

import ast
import textwrap
import warnings
from collections.abc import Iterator, Mapping
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest

from corpora import open_corpus
from machines import ROOT
from projects import write_files
from zigbuild_backend.core.base.errors import ConfigurationError
from zigbuild_backend.core.base.toml_reader import tomllib
from zigbuild_backend.core.project.metadata import read_metadata
from zigbuild_backend.core.project.project_folder import read_settings

pytestmark = pytest.mark.full

_DYNAMIC = "`version` and `readme` can be dynamic, other fields cannot"
_OTHER = "the fault is in the table of another tool, which is not read"

DEVIATIONS = {
    "pyproject-metadata": {"packages/dynamic-description": _DYNAMIC},
    "validate-pyproject": {
        "examples/atoml/*": _DYNAMIC,
        "examples/flit/*": _DYNAMIC,
        "examples/setuptools/07-*": _DYNAMIC,
        "examples/setuptools/10-*": _DYNAMIC,
        "examples/simple/partially-dynamic*": _DYNAMIC,
        "invalid-examples/cibuildwheel/*": _OTHER,
        "invalid-examples/localtool/*": _OTHER,
        "invalid-examples/pep735/*": "builds do not read `[dependency-groups]`",
        "invalid-examples/poetry/*": _OTHER,
        "invalid-examples/ruff/*": _OTHER,
        "invalid-examples/setuptools/attr/*": _OTHER,
        "invalid-examples/setuptools/cmdclass/*": _OTHER,
        "invalid-examples/setuptools/dynamic/*": _OTHER,
        "invalid-examples/setuptools/ext-modules/*": _OTHER,
        "invalid-examples/setuptools/package-dir/*": _OTHER,
        "invalid-examples/setuptools/packages/*": _OTHER,
        "invalid-examples/store/*": _OTHER,
    },
}


def render_deviations(corpus: str, found: list[str]) -> str:
    """Markdown: the rows of a table, each pattern with the number of files in which we judge otherwise."""
    rows = ""
    for pattern, reason in DEVIATIONS[corpus].items():
        count = sum(fnmatch(name, pattern) for name in found)
        assert count, f"{pattern} is judged as they do"
        accepted = "refused" if not pattern.startswith("invalid") else "accepted"
        rows += f"| `{pattern}` | {count} | {accepted} | {reason} |\n"
    return rows


def assert_documented(corpus: str, found: list[str]) -> None:
    unnamed = [name for name in found if not any(fnmatch(name, pattern) for pattern in DEVIATIONS[corpus])]
    assert not unnamed
    assert render_deviations(corpus, found) in (ROOT / "docs" / "peers.md").read_text("utf-8")


def is_accepted(pyproject: Mapping[str, Any], root: Path) -> bool:
    pyproject = {"project": {"name": "spam", "version": "1"}, **pyproject}
    project = pyproject["project"]
    dynamic = project.get("dynamic", []) if isinstance(project, dict) else []
    tables: dict[str, Any] = {}
    if isinstance(dynamic, list) and "version" in dynamic:
        tables["version"] = {"from": "attribute", "attribute": "zigbuild_version:VERSION"}
    if isinstance(dynamic, list) and "readme" in dynamic:
        tables["readme"] = {"content-type": "text/plain", "fragments": [{"text": "x"}]}
    pyproject["tool"] = {"zigbuild": tables}
    try:
        read_metadata(pyproject, root, read_settings(pyproject))
    except ConfigurationError as error:
        assert all(problem.where and problem.hint for problem in error.problems)
        return False
    return True


def is_accepted_there(pyproject: Mapping[str, Any], root: Path) -> bool:
    from pyproject_metadata import ConfigurationError as Refusal
    from pyproject_metadata import StandardMetadata

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            StandardMetadata.from_pyproject(pyproject, root, allow_extra_keys=False)
        except (Refusal, UnicodeError, TypeError, AttributeError):
            return False
    return True


def find_tables(code: str) -> Iterator[dict[str, Any]]:
    """Yield the pyproject.toml files that stand as texts in the code of tests."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and "[project" in node.value:
            try:
                yield tomllib.loads(textwrap.dedent(node.value))
            except tomllib.TOMLDecodeError:
                continue


def copy_tree(source: Path, root: Path) -> Path:
    files = {path.relative_to(source).as_posix(): path.read_bytes() for path in source.rglob("*") if path.is_file()}
    return write_files(root, {**files, "zigbuild_version.py": "VERSION = '1'"})


def test_pyproject_metadata(tmp_path: Path) -> None:
    sha256 = "8809a4df6fe08279b39a8890669506ed3158e0617855ac9aff098fcbe772ae4c"
    tests = open_corpus("pyproject-metadata", "0.12.1", sha256) / "tests"
    packages = {path.parent.name: path for path in sorted(tests.glob("packages/*/pyproject.toml"))}
    roots = {name: copy_tree(path.parent, tmp_path / name) for name, path in packages.items()}
    cases = [
        (f"packages/{name}", tomllib.loads(path.read_text("utf-8")), roots[name]) for name, path in packages.items()
    ]
    for file in sorted(tests.glob("test_*.py")):
        for number, table in enumerate(find_tables(file.read_text("utf-8"))):
            cases.append((f"{file.name}/{number}", table, roots["full-metadata"]))
    verdicts = {name: is_accepted_there(table, root) for name, table, root in cases}
    assert len(verdicts) > 100
    assert 60 < list(verdicts.values()).count(False) < len(verdicts) - 10
    found = [name for name, table, root in cases if is_accepted(table, root) != verdicts[name]]
    assert_documented("pyproject-metadata", found)


def name_files(pyproject: Mapping[str, Any]) -> Iterator[str]:
    """Yield the readme and licence files that a project names."""
    project = pyproject.get("project", {})
    readme, licence, globs = project.get("readme"), project.get("license"), project.get("license-files")
    named = [readme.get("file") if isinstance(readme, dict) else readme]
    named += [licence.get("file")] if isinstance(licence, dict) else []
    named += globs if isinstance(globs, list) else []
    yield from (name.replace("*", "x") for name in named if isinstance(name, str))


def test_validate_pyproject(tmp_path: Path) -> None:
    sha256 = "324cd1258b0b162968bba6a0ff4a610c8d13074be7e2097661c5702c22043d43"
    tests = open_corpus("validate-pyproject", "0.27", sha256) / "tests"
    found = []
    files = [path for kind in ("examples", "invalid-examples") for path in sorted((tests / kind).rglob("*.toml"))]
    assert len(files) > 80
    for number, path in enumerate(files):
        pyproject = tomllib.loads(path.read_text("utf-8"))
        named = dict.fromkeys(name_files(pyproject), "x")
        root = write_files(tmp_path / str(number), {**named, "zigbuild_version.py": "VERSION = '1'"})
        name = path.relative_to(tests).as_posix()
        if is_accepted(pyproject, root) == name.startswith("invalid"):
            found.append(name)
    assert_documented("validate-pyproject", found)
