"""The import paths of an editable install, the files that it watches, and its detection of changes."""

from __future__ import annotations

import ast
import os
from importlib.machinery import SourceFileLoader
from pathlib import Path

import pytest

from projects import project_of, write_files
from zigbuild_backend.core.project.project import Checkout
from zigbuild_backend.editable.import_paths import ImportPaths, find_import_paths, list_import_roots
from zigbuild_backend.editable.installed import finder
from zigbuild_backend.editable.installed.resources import read_resources
from zigbuild_backend.editable.installed.state import State, read_state, sign
from zigbuild_backend.editable.watched_files import record_state

EXTENSION = '[[extension]]\nname = "spam._c"\nsources = ["{}"]\n'
OLD = 1_000_000_000_000_000_000  # ns


@pytest.mark.parametrize(
    ("settings", "paths", "layout"),
    [
        ("", ("src/spam/__init__.py", "src/spam/words.txt"), ImportPaths(("src",), {})),
        ("", ("spam/__init__.py",), ImportPaths((".",), {})),
        ("", ("spam.py",), ImportPaths((".",), {})),
        (
            'packages = ["lib/spam", "spam-stubs"]',
            ("lib/spam/__init__.py", "spam-stubs/a.pyi"),
            ImportPaths((".", "lib"), {}),
        ),
        (
            'wheel.include = { "a.txt" = "spam/b.txt" }',
            ("spam.py", "a.txt"),
            ImportPaths((".",), {"spam/b.txt": "a.txt"}),
        ),
        (
            'wheel.include = { "data/spam/b.txt" = "spam/b.txt" }',
            ("spam/__init__.py", "data/spam/b.txt"),
            ImportPaths((".",), {"spam/b.txt": "data/spam/b.txt"}),
        ),
        (
            'packages = ["src/shop", "lib/shop"]',
            ("src/shop/till/__init__.py", "lib/shop/door/__init__.py"),
            ImportPaths(("lib", "src"), {}),
        ),
    ],
    ids=["src", "flat", "module", "stubs", "moved", "moved-from-a-folder-of-that-name", "namespace"],
)
def test_layout(settings: str, paths: tuple[str, ...], layout: ImportPaths) -> None:
    assert find_import_paths(project_of(settings, *paths)) == layout


def test_file_that_the_build_writes_is_copied() -> None:
    project = project_of("", "spam/__init__.py", "spam/_version.py")
    written = project.tree.with_generated("spam/_version.py", b"version = 1\n")
    project = type(project)(project.metadata, project.settings, written, project.contents)
    assert find_import_paths(project).copies == {"spam/_version.py": "spam/_version.py"}


def test_roots_are_the_projects_alone() -> None:
    contents = {"shop/till/__init__.py": "", "shop/till/drawer/__init__.py": "", "door.py": ""}
    modules, files = ["shop.till.drawer._c", "_hinge", "shop.native._c"], ["shop/till/a.txt", "door.py"]
    assert list_import_roots(modules, files, contents) == ("_hinge", "shop.native._c", "shop.till")


def test_state_is_read_as_it_was_written(tmp_path: Path) -> None:
    state = State()
    state.root, state.identifier = "/a project", "cp313-win_amd64"
    state.members = {"spam/_c.pyd": "spam._c", "spam/a b.txt": ""}
    state.sources = {"é.c": f"12 {OLD}", "gone.c": ""}
    state.settings = {"pyproject.toml": f"3 {OLD}"}
    state.folders = {"": (f"0 {OLD}", "a.c/b.c"), "native": (f"0 {OLD}", "")}
    state.command, state.environment, state.inherited = ["zig", "-Da=b\\c"], {"TZ": "UTC", "A": ""}, ["PATH"]
    state.write(str(tmp_path))
    found = read_state(str(tmp_path))
    assert found
    assert vars(found) == vars(state) | {"sources": {"é.c": f"12 {OLD}", "gone.c": "? "}}
    assert read_state(str(tmp_path / "nothing")) is None


def test_changes_are_told_by_size_time_and_name(tmp_path: Path) -> None:
    write_files(tmp_path, {"a.c": "1", "b.c": "2", "pyproject.toml": "", "native/c.c": "", "native/a.h": ""})
    for path in tmp_path.rglob("*"):
        os.utime(path, ns=(OLD, OLD))
    project = project_of(
        EXTENSION.format("native/*.c"), "spam/__init__.py", "native/c.c", "a.c", "b.c", "pyproject.toml"
    )
    state = record_state(Checkout(project, tmp_path))
    assert {*state.sources} == {"native/c.c", "a.c", "b.c"}
    assert {*state.settings} == {"pyproject.toml"}
    assert {*state.folders} == {"native"}
    assert not state.find_changes(str(tmp_path))
    write_files(tmp_path, {"native/c.py": "", "native/.c.c.swp": "", "native/c.c~": ""})
    assert not state.find_changes(str(tmp_path))
    (tmp_path / "a.c").write_text("3")
    changes = state.find_changes(str(tmp_path))
    assert changes.are_edits
    assert changes.edited == {"a.c": sign(str(tmp_path / "a.c"))}
    assert not state.update(changes).find_changes(str(tmp_path))
    (tmp_path / "b.c").unlink()
    write_files(tmp_path, {"native/d.c": "", "pyproject.toml": "[project]"})
    changes = state.find_changes(str(tmp_path))
    assert not changes.are_edits
    assert str(changes) == "b.c was deleted, pyproject.toml was edited, files were added to or deleted from native"


def test_file_edited_in_this_moment_is_looked_at_again(tmp_path: Path) -> None:
    state = State()
    (tmp_path / "a.c").write_text("1")
    state.sources = {"a.c": sign(str(tmp_path / "a.c"))}
    state.write(str(tmp_path))
    again = read_state(str(tmp_path))
    assert again
    assert again.find_changes(str(tmp_path)).are_edits


@pytest.mark.parametrize(
    ("pattern", "folders"),
    [
        ("native/a.c", set()),
        ("*.c", {""}),
        ("native/*.c", {"native"}),
        ("native/**/*.c", {"native", "native/deep", "native/deep/er"}),
        ("native/*/a.c", {"native", "native/deep", "native/deep/er"}),
    ],
)
def test_folders_that_globs_lead_to_are_watched(pattern: str, folders: set[str], tmp_path: Path) -> None:
    paths = ("native/a.c", "native/deep/a.c", "native/deep/er/a.c", "a.c")
    write_files(tmp_path, {**dict.fromkeys(paths, ""), "native/__pycache__/a.pyc": "", "native/.cache/a.c": ""})
    project = project_of(EXTENSION.format(pattern), "spam/__init__.py", *paths)
    assert {*record_state(Checkout(project, tmp_path)).folders} == folders


def test_what_is_read_by_others_than_the_compiler_is_no_source(tmp_path: Path) -> None:
    settings = f"""
version = {{ from = "attribute", attribute = "spam.about:version" }}
wheel = {{ include = {{ "a.txt" = "spam/b.txt" }}, data = {{ "m.1" = "man/m.1" }} }}
{EXTENSION.format("a.c")}"""
    project = project_of(settings, "spam/__init__.py", "spam/about.py", "a.c", "a.txt", "m.1", "README")
    state = record_state(Checkout(project, tmp_path))
    assert {*state.settings} == {"spam/about.py", "a.txt", "m.1"}
    assert {*state.sources} == {"a.c", "README"}


def test_resources_of_sources_and_overlay_are_one_folder(tmp_path: Path) -> None:
    paths = ("src/spam/__init__.py", "src/spam/data/a.txt", "overlay/spam/data/b.txt", "overlay/spam/_c.so")
    write_files(tmp_path, {path: path for path in paths})
    loader = SourceFileLoader("spam", str(tmp_path / "src" / "spam" / "__init__.py"))
    folder = read_resources(loader, str(tmp_path / "overlay" / "spam")).files()
    assert Path(folder) == tmp_path / "src" / "spam"
    assert [path.name for path in folder.iterdir()] == ["__init__.py", "_c.so", "data"]
    assert [path.name for path in (folder / "data").iterdir()] == ["a.txt", "b.txt"]
    assert folder.joinpath("data", "b.txt").read_text() == "overlay/spam/data/b.txt"
    assert (folder / "data/a.txt").read_text() == "src/spam/data/a.txt"
    assert not (folder / "c.txt").exists()
    assert folder.with_suffix(".x").parent == tmp_path / "src"


@pytest.mark.parametrize("name", ["finder", "rebuilding", "resources", "state"])
def test_installed_modules_are_python_of_old(name: str) -> None:
    source = Path(finder.__file__).with_name(f"{name}.py").read_text()
    ast.parse(source, feature_version=(3, 9))
