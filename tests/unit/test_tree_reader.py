"""Reading source trees: the files of a project are the same from a git clone, an unpacked sdist and a plain folder."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from projects import Files, write_files
from zigbuild_backend.core.base.errors import ConfigurationError, NotFoundError
from zigbuild_backend.core.project.tree_reader import read_file, read_tree
from zigbuild_backend.core.settings.contents import SdistContents

FILES: Files = {
    "pyproject.toml": "[project]",
    "src/spam/__init__.py": "",
    "src/spam/deep/data.bin": b"\x00\xff",
    "src/spam/ü b.c": "int x;",
    "run.sh": "#!/bin/sh\n",
}
RUBBISH: Files = {
    "build/lib/x.py": "",
    "dist/spam-1.0.tar.gz": "",
    ".venv/bin/activate": "",
    "environment/pyvenv.cfg": "",
    "src/spam.egg-info/PKG-INFO": "",
    ".mypy_cache/x": "",
    "zig-out/x.so": "",
}
NEVER: Files = {
    "src/spam/__pycache__/x.cpython-313.pyc": "",
    "src/spam/y.pyc": "",
    ".DS_Store": "",
    "compile_commands.json": "[]",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = write_files(tmp_path / "project", FILES)
    (root / "run.sh").chmod(0o755)
    return root


def git(root: Path, *arguments: str) -> None:
    options = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "protocol.file.allow=always"]
    subprocess.run(["git", *options, *arguments], cwd=root, check=True, capture_output=True)


def make_plain(root: Path) -> None:
    write_files(root, {**RUBBISH, **NEVER})


def make_sdist(root: Path) -> None:
    write_files(root, {"PKG-INFO": "Name: spam", **NEVER})


def make_clone(root: Path) -> None:
    git(root, "init")
    git(root, "add", ".")
    write_files(root, {**RUBBISH, **NEVER, "secret.txt": ""})
    ignored = [*RUBBISH, "secret.txt", "exclude"]
    (root / ".git/info/exclude").write_text("".join(f"{path}\n" for path in ignored))


def make_clone_of_sdist(root: Path) -> None:
    write_files(root, {"PKG-INFO": "Name: spam"})
    make_clone(root)


def make_folder_that_git_ignores(root: Path) -> None:
    git(root.parent, "init")
    (root.parent / ".gitignore").write_text("/project/\n")
    make_plain(root)


def make_broken_clone(root: Path) -> None:
    make_plain(root)
    (root / ".git").write_text("gitdir: nowhere")


@pytest.mark.parametrize(
    "arrange",
    [make_plain, make_sdist, make_clone, make_clone_of_sdist, make_folder_that_git_ignores, make_broken_clone],
)
def test_same_tree_however_it_came_here(root: Path, arrange: Callable[[Path], None]) -> None:
    expected = read_tree(root)
    assert [file.path for file in expected.files] == sorted(FILES)
    assert [file.path for file in expected.files if file.is_executable] == ["run.sh"]
    arrange(root)
    assert read_tree(root) == expected


def test_without_git_the_folder_is_walked(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / ".git").mkdir()
    monkeypatch.setenv("PATH", "")
    assert [file.path for file in read_tree(root).files] == sorted(FILES)


def test_sdist_holds_everything_that_was_put_into_it(root: Path) -> None:
    write_files(root, {**RUBBISH, "PKG-INFO": "Name: spam"})
    assert [file.path for file in read_tree(root).files] == sorted({*FILES, *RUBBISH})


def test_project_below_the_top_of_a_clone(root: Path) -> None:
    git(root.parent, "init")
    git(root.parent, "add", ".")
    assert [file.path for file in read_tree(root).files] == sorted(FILES)


def test_files_that_git_does_not_know_yet_belong_and_deleted_ones_do_not(root: Path) -> None:
    make_clone(root)
    write_files(root, {"new.c": ""})
    (root / "run.sh").unlink()
    assert [file.path for file in read_tree(root).files] == sorted({*FILES, "new.c"} - {"run.sh"})


@pytest.mark.parametrize("name", ["project", "build"])
def test_caches_that_git_does_not_know_stay_out(root: Path, name: str) -> None:
    root = root.rename(root.parent / name)
    make_clone(root)
    write_files(
        root, {".venv-oldest/pyvenv.cfg": "", ".venv-oldest/bin/x": "", "spam/__pycache__/x.pyc": "", "new.c": ""}
    )
    assert [file.path for file in read_tree(root).files] == sorted({*FILES, "new.c"})


def list_of(root: Path, **contents: tuple[str, ...]) -> list[str]:
    return [file.path for file in read_tree(root, SdistContents(**contents)).files]


@pytest.mark.parametrize("arrange", [make_plain, make_clone, make_folder_that_git_ignores])
def test_what_is_part_of_it_can_be_said(root: Path, arrange: Callable[[Path], None]) -> None:
    arrange(root)
    generated = {"build/lib/x.py", "build/lib/deep/y.c"}
    write_files(root, dict.fromkeys(generated, ""))
    assert list_of(root, include=("/build/lib",)) == sorted({*FILES, *generated})
    assert list_of(root, include=("build/**/*.c", "build/lib/x.*")) == sorted({*FILES, *generated})
    assert list_of(root, include=("/build/lib/*", "!*.py")) == sorted({*FILES, "build/lib/deep/y.c"})
    assert list_of(root, exclude=("*.bin", "/run.sh")) == sorted({*FILES} - {"src/spam/deep/data.bin", "run.sh"})
    assert list_of(root, exclude=("/*",), include=("pyproject.toml", "spam/")) == sorted({*FILES} - {"run.sh"})
    assert list_of(root, exclude=("nothing",)) == sorted(FILES)
    tree = read_tree(root, SdistContents(exclude=("src/spam/*.c", "deep")))
    assert tree.excluded == ("src/spam/deep/data.bin", "src/spam/ü b.c")
    assert "src/spam/ü b.c" not in tree.by_path
    assert tree == read_tree(root, SdistContents(exclude=("*.c", "data.bin")))


def test_caches_are_looked_into_by_their_names_alone(root: Path) -> None:
    make_plain(root)
    write_files(root, {"spam/__pycache__/x.pyc": "", ".venv/lib/x.py": "", "gen/x.py": ""})
    assert set(list_of(root, include=("x.py",))) == {*FILES, "gen/x.py"}
    assert set(list_of(root, include=(".venv/**/x.py",))) == {*FILES, "gen/x.py", ".venv/lib/x.py"}


def test_in_an_sdist_that_has_been_done(root: Path) -> None:
    make_sdist(root)
    assert list_of(root, include=("/nothing",), exclude=("/*",)) == sorted(FILES)


@pytest.mark.parametrize(
    ("contents", "where", "message"),
    [
        (SdistContents(exclude=("*.txt", "*.toml")), "exclude[1]", "excludes pyproject.toml, without which"),
        (SdistContents(include=("a", "*.sh", "nothing/b")), "include[0] include[2]", "no file matches"),
    ],
)
def test_what_cannot_be_said(root: Path, contents: SdistContents, where: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message) as refusal:
        read_tree(root, contents)
    assert [problem.where for problem in refusal.value.problems] == [
        f"tool.zigbuild.sdist.{place}" for place in where.split()
    ]
    assert all(problem.hint for problem in refusal.value.problems)


def test_submodule_is_part_of_the_tree(root: Path) -> None:
    library = write_files(root.parent / "library", {"lib.c": "int y;", "build/lib.o": ""})
    git(library, "init")
    git(library, "add", "lib.c")
    git(library, "commit", "-m", "x")
    make_clone(root)
    git(root, "submodule", "add", str(library), "vendor/library")
    assert [file.path for file in read_tree(root).files] == sorted({*FILES, ".gitmodules", "vendor/library/lib.c"})


@pytest.mark.parametrize("arrange", [make_plain, make_sdist, make_clone])
class TestLinks:
    def test_links_inside_the_tree_are_what_they_name(self, root: Path, arrange: Callable[[Path], None]) -> None:
        (root / "link.sh").symlink_to("run.sh")
        (root / "linked").symlink_to("src/spam/deep")
        (root / "dangling").symlink_to("nowhere")
        arrange(root)
        by_path = read_tree(root).by_path
        assert sorted(by_path) == sorted({*FILES, "link.sh", "linked/data.bin"})
        assert by_path["link.sh"].sha256 == by_path["run.sh"].sha256
        assert by_path["link.sh"].is_executable

    @pytest.mark.parametrize("kind", ["file", "folder"])
    def test_links_out_of_the_tree_are_refused(self, root: Path, arrange: Callable[[Path], None], kind: str) -> None:
        outside = write_files(root.with_name("project-of-others"), {"secret": "x"})
        (root / "link").symlink_to(outside if kind == "folder" else outside / "secret")
        arrange(root)
        with pytest.raises(ConfigurationError, match="outside of the project") as refusal:
            read_tree(root)
        assert refusal.value.problems[0].where == "link"

    @pytest.mark.parametrize("links", [{"a": "."}, {"src/up": ".."}, {"src/x": "spam", "src/spam/y": "../../src"}])
    def test_links_that_lead_round_are_refused(
        self, root: Path, arrange: Callable[[Path], None], links: dict[str, str]
    ) -> None:
        for path, target in links.items():
            (root / path).symlink_to(target)
        arrange(root)
        with pytest.raises(ConfigurationError, match="a folder that contains it"):
            read_tree(root)


@pytest.mark.parametrize("name", ["bell\a", "line\nbreak", os.fsdecode(b"latin-\xfc")])
def test_names_that_no_archive_should_hold_are_refused(root: Path, name: str) -> None:
    try:
        (root / name).write_text("")
    except OSError:
        pytest.skip("this file system has no such names")
    with pytest.raises(ConfigurationError, match="has a name that is not printable UTF-8") as refusal:
        read_tree(root)
    assert refusal.value.problems[0].where == ascii(name)


def test_read_file(root: Path) -> None:
    file = read_tree(root).by_path["src/spam/deep/data.bin"]
    assert read_file(root, file) == b"\x00\xff"


@pytest.mark.parametrize("change", [lambda path: path.write_text("other"), lambda path: path.unlink()])
def test_read_file_that_was_changed_since(root: Path, change: Callable[[Path], None]) -> None:
    file = read_tree(root).by_path["run.sh"]
    change(root / "run.sh")
    with pytest.raises(NotFoundError, match="changed during the build"):
        read_file(root, file)
