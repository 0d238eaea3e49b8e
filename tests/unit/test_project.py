"""A project read once from its folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from projects import Files, write_files
from zigbuild_backend.core.base.errors import ConfigurationError, NotFoundError, ZigbuildError
from zigbuild_backend.core.project.project_folder import read_project, read_settings
from zigbuild_backend.core.project.pyproject import read_pyproject
from zigbuild_backend.core.project.tree_reader import read_file
from zigbuild_backend.core.project.written_by import written_by
from zigbuild_backend.core.settings.overrides import Override

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
    project = read_project(
        write_files(tmp_path, FILES), [Override("optimize", "debug", "--set optimize"), Override("define.A", "1", "")]
    )
    assert project.settings.optimize == "debug"
    assert [module.settings.defines for module in project.modules] == [(("A", "1"),)]
    assert project.overrides == ("define.A=1",)


def test_overrides_are_checked(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="not 'fats'"):
        read_project(write_files(tmp_path, FILES), [Override("optimize", "fats", "")])


@pytest.mark.parametrize("pyproject", [{}, {"tool": {}}, {"tool": {"other": 1}}, {"tool": {"zigbuild": {}}}])
def test_settings_may_be_missing(pyproject: dict[str, object]) -> None:
    assert read_settings(pyproject).extension == ()
    assert read_settings(pyproject, [Override("optimize", "safe", "--set optimize")]).optimize == "safe"


@pytest.mark.parametrize("pyproject", [{"tool": 3}, {"tool": {"zigbuild": 3}}])
def test_settings_that_are_no_table(pyproject: dict[str, object]) -> None:
    with pytest.raises(ConfigurationError, match="must be a table"):
        read_settings(pyproject, [Override("optimize", "safe", "--set optimize")])


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


VCS = """
[project]
name = "spam"
dynamic = ["version"]
[tool.zigbuild.version]
from = "vcs"
write-to = "spam/_version.py"
"""


def test_what_the_build_writes_is_a_file_of_the_tree(tmp_path: Path) -> None:
    """Of an sdist, which knows the version without git."""
    pkg_info = "Metadata-Version: 2.4\nName: spam\nVersion: 1.5\n"
    root = write_files(tmp_path, {**FILES, "pyproject.toml": VCS, "PKG-INFO": pkg_info})
    project = read_project(root)
    assert project.metadata.version == "1.5"
    assert project.contents["spam/_version.py"] == "spam/_version.py"
    file = project.tree.by_path["spam/_version.py"]
    assert b'__version__ = version = "1.5"' in read_file(root, file)
    assert not (root / "spam/_version.py").exists()
    write_files(root, {"spam/_version.py": read_file(root, file)})
    assert read_project(root).tree == project.tree
    assert read_project(root).tree.digest == project.tree.digest
    write_files(root, {"spam/_version.py": "an older backend's words"})
    assert read_project(root).tree != project.tree


LEFT_OUT = """
[project]
name = "spam"
version = "1"
readme = "README.md"
license-files = ["LICENSE"]
[tool.zigbuild.sdist]
exclude = [%r]
[tool.zigbuild.wheel]
scripts = ["tool.sh"]
[[tool.zigbuild.extension]]
name = "spam._c"
sources = ["spam/*.c"]
[[tool.zigbuild.generate]]
with = "template"
sources = ["spam/*.in"]
"""


@pytest.mark.parametrize(
    ("exclude", "where", "path"),
    [
        ("*.in", "tool.zigbuild.generate[0].sources", "spam/x.h.in"),
        ("_c.c", "tool.zigbuild.extension[0].sources", "spam/_c.c"),
        ("README.md", "project.readme", "README.md"),
        ("LICENSE", "project.license-files", "LICENSE"),
        ("/*.sh", "tool.zigbuild.wheel.scripts", "tool.sh"),
    ],
)
def test_an_sdist_that_could_not_be_built_is_refused(exclude: str, where: str, path: str, tmp_path: Path) -> None:
    files: Files = {**FILES, "README.md": "x", "LICENSE": "x", "tool.sh": "", "unused": "", "spam/x.h.in": ""}
    root = write_files(tmp_path, {**files, "pyproject.toml": LEFT_OUT % "unused"})
    assert "unused" not in read_project(root).tree.by_path
    (root / "pyproject.toml").write_text(LEFT_OUT % exclude)
    with pytest.raises(ConfigurationError) as refusal:
        read_project(root)
    (problem,) = refusal.value.problems
    assert (problem.where, problem.message) == (where, f"{path!r} is needed by the build, but excluded from the sdist")
    assert problem.hint


def test_a_readme_that_git_ignores_is_refused(tmp_path: Path) -> None:
    root = write_files(tmp_path, {**FILES, "dist/README.md": "x"})
    (root / "pyproject.toml").write_text(PYPROJECT.replace("[project]", "[project]\nreadme = 'dist/README.md'"))
    with pytest.raises(ConfigurationError, match=r"'dist/README.md' is no part of the project"):
        read_project(root)


@pytest.mark.parametrize(
    ("requires", "problem"),
    [
        (["packaging", "Zigbuild_Backend>=0.1,!=0.1.3; python_version > '3'"], ""),
        (["zigbuild-backend~=0.0.9"], ""),
        (["zigbuild-backend>=99"], "zigbuild-backend 99 is needed"),
        (["zigbuild-backend==99.*"], "zigbuild-backend 99 is needed"),
        (["zigbuild-backend<99"], "names no version of zigbuild-backend"),
        (["?"], "names no version of zigbuild-backend"),
        ([3], "names no version of zigbuild-backend"),
        ("zigbuild-backend>=0.1", "names no version of zigbuild-backend"),
    ],
)
def test_the_oldest_version_may_be_the_one_that_is_required(requires: object, problem: str) -> None:
    pyproject: dict[str, object] = {"tool": {"zigbuild": {"minimum-version": "build-system.requires"}}}
    pyproject["build-system"] = {"requires": requires}
    if not problem:
        assert read_settings(pyproject)
        return
    with pytest.raises(ConfigurationError, match=problem) as refusal:
        read_settings(pyproject)
    assert refusal.value.problems[0].where == "build-system.requires"
    assert refusal.value.problems[0].hint
