"""Versions from a text, from Python code that is not run, and from git."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from projects import write_files
from zigbuild_backend.core.base.errors import ConfigurationError, ZigbuildError
from zigbuild_backend.core.project.versions import VCS_REQUIREMENT, find_requirements, read_version, render_version_file
from zigbuild_backend.core.settings.contents import VersionSource
from zigbuild_backend.core.settings.parser import parse_settings


def source_of(**keys: Any) -> VersionSource:
    source = parse_settings(
        {"version": {key.rstrip("_").replace("_", "-"): value for key, value in keys.items()}}
    ).version
    assert source
    return source


@pytest.mark.parametrize(
    ("text", "pattern", "version"),
    [
        ("1.2\n", "", "1.2"),
        ("\n  2.0.0RC1  \n", "", "2.0.0rc1"),
        ('import x\n__version__ = "1.2.dev3"\n', "", "1.2.dev3"),
        ("__version__: str = '3'\nversion = '4'", "", "3"),
        ('VERSION="1!5"', "", "1!5"),
        ("#define SPAM_VERSION 1.7\n", r"^#define SPAM_VERSION (\S+)$", "1.7"),
        ("v=1 patch=2 of=3", r"(v)=(?P<version>\d)", "1"),
        ("Version 1.0 (2026)\nVersion 0.9", r"Version (\S+)", "1.0"),
    ],
)
def test_from_a_file(text: str, pattern: str, version: str, tmp_path: Path) -> None:
    write_files(tmp_path, {"V": text})
    keys = {"pattern": pattern} if pattern else {}
    assert read_version(source_of(from_="file", path="V", **keys), tmp_path, "spam") == version


@pytest.mark.parametrize(
    ("path", "code", "version"),
    [
        ("spam/__init__.py", "__version__ = '1.2'", "1.2"),
        ("src/spam/__init__.py", "raise SystemExit\n__version__: str = '1.2' '.3'", "1.2.3"),
        ("spam.py", "__version__ = (1, 2, 'rc1')\n__version__ = [1, 2, 3]", "1.2.3"),
        ("spam.py", "__version__ = '1'\nx = '\\d'", "1"),
        ("lib/spam.py", "version = __version__ = '4'\nif x:\n  __version__ = f()", "4"),
    ],
)
def test_from_an_attribute(path: str, code: str, version: str, tmp_path: Path) -> None:
    write_files(tmp_path, {path: code})
    assert read_version(source_of(from_="attribute", attribute="spam:__version__"), tmp_path, "spam") == version


def test_of_a_module_in_a_package(tmp_path: Path) -> None:
    write_files(tmp_path, {"src/a/b/c.py": "X = '5'", "src/a/__init__.py": "X = '6'"})
    assert read_version(source_of(from_="attribute", attribute="a.b.c:X"), tmp_path, "spam") == "5"


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"from_": "file", "path": "none"}, "none cannot be read"),
        ({"from_": "file", "path": "folder"}, "folder cannot be read"),
        ({"from_": "file", "path": "binary"}, "binary is not UTF-8"),
        ({"from_": "file", "path": "text"}, "text contains no version"),
        ({"from_": "file", "path": "word"}, "'one' is no version by PEP 440"),
        ({"from_": "file", "path": "text", "pattern": "(3)"}, "nothing in text matches"),
        ({"from_": "file", "path": "text", "pattern": "two()"}, "'' is no version"),
        ({"from_": "attribute", "attribute": "eggs:x"}, "there is no module 'eggs'"),
        ({"from_": "attribute", "attribute": "spam:y"}, "spam.py assigns no value to 'y'"),
        ({"from_": "attribute", "attribute": "spam:x"}, "the value of 'x' in spam.py is no literal"),
        ({"from_": "attribute", "attribute": "spam:n"}, "'n' in spam.py is 3"),
        ({"from_": "attribute", "attribute": "spam:e"}, "'e' in spam.py is ()"),
        ({"from_": "attribute", "attribute": "broken:x"}, "broken.py is no Python"),
    ],
)
def test_no_version(keys: dict[str, Any], message: str, tmp_path: Path) -> None:
    files = {"text": "one two", "word": "one", "binary": b"\xff", "folder/x": "", "broken.py": "x = ("}
    write_files(tmp_path, {**files, "spam.py": "x = '.'.join('12')\nn = 3\ne = ()\ny: str"})
    with pytest.raises(ZigbuildError) as refusal:
        read_version(source_of(**keys), tmp_path, "spam")
    (problem,) = refusal.value.problems
    assert problem.message.startswith(message)
    assert problem.where.startswith("tool.zigbuild.version")
    assert problem.hint


@pytest.mark.parametrize(
    ("table", "where", "message"),
    [
        ({}, "", "the key 'from' is missing"),
        ({"from": "svn"}, ".from", "must be one of file, attribute, vcs"),
        ({"from": "file"}, "", "from = 'file' needs 'path'"),
        ({"from": "attribute"}, "", "from = 'attribute' needs 'attribute'"),
        ({"from": "vcs", "path": "x"}, ".path", "belongs to from = 'file'"),
        ({"from": "file", "path": "x", "write-to": "y"}, ".write-to", "belongs to from = 'vcs'"),
        ({"from": "file", "path": "/x"}, ".path", "'/x' is absolute"),
        ({"from": "file", "path": "x", "pattern": "("}, ".pattern", "'(' is not a regular expression"),
        ({"from": "file", "path": "x", "pattern": ""}, ".pattern", "the expression is empty"),
        ({"from": "file", "path": "x", "pattern": "x"}, ".pattern", "'x' has no group"),
        ({"from": "file", "path": "x", "pattern": "(x)(y)"}, ".pattern", "'(x)(y)' has 2 groups"),
        ({"from": "attribute", "attribute": "spam"}, ".attribute", "'spam' names no variable"),
        ({"from": "attribute", "attribute": "a-b:c"}, ".attribute", "'a-b:c' names no variable"),
        ({"from": "vcs", "tag-prefix": "-v"}, ".tag-prefix", "'-v' cannot begin a tag"),
        ({"from": "vcs", "fallback": "x"}, ".fallback", "'x' is not a version"),
    ],
)
def test_settings_are_checked(table: dict[str, Any], where: str, message: str) -> None:
    with pytest.raises(ConfigurationError) as refusal:
        parse_settings({"version": table})
    (problem,) = refusal.value.problems
    assert problem.where == f"tool.zigbuild.version{where}"
    assert problem.message.startswith(message)
    assert problem.hint


def test_an_sdist_knows_its_version(tmp_path: Path) -> None:
    write_files(tmp_path, {"PKG-INFO": "Metadata-Version: 2.4\nName: Spam_Eggs\nVersion: 1.5\n", "V": "2"})
    for source in (source_of(from_="vcs"), source_of(from_="file", path="V")):
        assert read_version(source, tmp_path, "spam-eggs") == "1.5"
        assert find_requirements(source, tmp_path) == []
    assert read_version(source_of(from_="file", path="V"), tmp_path, "ham") == "2"
    (tmp_path / ".git").mkdir()
    assert read_version(source_of(from_="file", path="V"), tmp_path, "spam-eggs") == "2"
    assert find_requirements(source_of(from_="vcs"), tmp_path) == [VCS_REQUIREMENT]
    assert find_requirements(source_of(from_="file", path="V"), tmp_path) == []
    assert find_requirements(None, tmp_path) == []


PIECES = st.sampled_from(
    ["__version__", " = ", "'1.2'", "(1, 'a')", ":", "\n", "  ", "\\d", "f()", "[" * 9, "é", "\0", "-", '"""']
)


@given(st.lists(PIECES, max_size=8).map("".join))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_says_a_version_or_why_not(tmp_path: Path, text: str) -> None:
    write_files(tmp_path, {"spam.py": text, "PKG-INFO": text})
    sources = ({"from_": "file", "path": "spam.py"}, {"from_": "attribute", "attribute": "spam:__version__"})
    for keys in sources:
        try:
            assert read_version(source_of(**keys), tmp_path, "spam") in ("1.2", "1a0")
        except ZigbuildError as error:
            assert all(problem.where and problem.hint for problem in error.problems)


def test_files_that_hold_a_version() -> None:
    values: dict[str, str] = {}
    exec(render_version_file("src/spam/_version.py", "1.2"), values)
    assert values["__version__"] == values["version"] == "1.2"
    assert render_version_file("VERSION", "1.2") == b"1.2\n"


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a repository with one commit, and no tag."""
    if not shutil.which("git"):
        pytest.skip("needs git")
    for name in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{name}_NAME", "a")
        monkeypatch.setenv(f"GIT_{name}_EMAIL", "a@example.org")
        monkeypatch.setenv(f"GIT_{name}_DATE", "2026-01-01T00:00:00Z")
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    root = write_files(tmp_path / "spam", {"x": "1", ".gitignore": "ignored\n"})
    git(root, "init", "-q")
    commit(root)
    return root


def git(root: Path, *arguments: str | Path) -> None:
    subprocess.run(["git", *arguments], cwd=root, check=True, capture_output=True)


def commit(root: Path) -> None:
    git(root, "add", ".")
    git(root, "commit", "-q", "-m", "x")


def test_from_git(clone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def version(root: Path = clone, **keys: str) -> str:
        return read_version(source_of(from_="vcs", **keys), root, "spam")

    with pytest.raises(ZigbuildError, match="git finds no tag") as refusal:
        version()
    assert "--unshallow" in refusal.value.problems[0].hint
    assert version(fallback="0.5") == "0.5"
    git(clone, "tag", "v1.2")
    assert version() == version(clone) == "1.2"
    (clone / "sub").mkdir()
    assert version(clone / "sub") == "1.2"
    (clone / "ignored").mkdir()
    write_files(clone, {"x": "2"})
    between = version()
    assert between.startswith("1.3.dev0+g") and between.endswith(".dirty")
    commit(clone)
    between = version()
    assert between.startswith("1.3.dev1+g") and len(between) == len("1.3.dev1+g123456789")
    git(clone, "tag", "eggs-4.0")
    assert version() == "4.0"
    assert version(tag_prefix="v") == between
    git(clone, "tag", "-d", "eggs-4.0")
    git(clone, "tag", "release/7-final")
    with pytest.raises(ZigbuildError):
        version(tag_pattern="nothing(x)")
    assert version(tag_pattern=r"release/(?P<version>\d+)-final") == "7"

    # A shallow clone has no tag, and an archive no git, but what git writes into it.
    git(tmp_path, "clone", "-q", "--depth", "1", f"file://{clone}", "shallow")
    git(tmp_path / "shallow", "tag", "-d", "release/7-final")
    with pytest.raises(ZigbuildError, match="git finds no tag"):
        version(tmp_path / "shallow")
    git(clone, "tag", "-d", "release/7-final")
    described = "node: $Format:%H$\ndescribe-name: $Format:%(describe:tags=true,match=*[0-9]*)$\n"
    write_files(clone, {".git_archival.txt": described, ".gitattributes": ".git_archival.txt export-subst\n"})
    commit(clone)
    git(clone, "archive", "-o", tmp_path / "x.tar", "HEAD")
    (tmp_path / "exported").mkdir()
    subprocess.run(["tar", "-xf", tmp_path / "x.tar", "-C", tmp_path / "exported"], check=True)
    assert version(tmp_path / "exported").startswith("1.3.dev2+g")
    with pytest.raises(ZigbuildError, match="git finds no tag"):
        version(write_files(tmp_path / "plain", {"x": ""}))
    for variable in ("SETUPTOOLS_SCM_PRETEND_VERSION", "VCS_VERSIONING_PRETEND_VERSION_FOR_SPAM"):
        with monkeypatch.context() as context:
            context.setenv(variable, "7.1")
            assert version(tmp_path / "plain") == "7.1"
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ZigbuildError, match="the version is read from git, which is not installed"):
        version()


def test_the_library_is_asked_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(__import__("sys").modules, "vcs_versioning", None)
    with pytest.raises(
        ZigbuildError, match="vcs-versioning, which reads the version from git, is not installed"
    ) as refusal:
        read_version(source_of(from_="vcs"), tmp_path, "spam")
    assert VCS_REQUIREMENT in refusal.value.problems[0].hint
