"""The contents of sdists, and that the same project makes the same one."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from frontends import Frontend, commit
from projects import Files, render_module, render_pyproject

EXTENSION = '[[tool.zigbuild.extension]]\nname = "cmake_example"\nsources = ["src/main.c"]\n'


def test_all_folders(frontend: Frontend) -> None:
    modules = ["subdirs/__init__.py", "subdirs/a/__init__.py", "subdirs/a/b/c.py", "subdirs/b/c.py"]
    files = {"pyproject.toml": render_pyproject("subdirs"), **dict.fromkeys(modules, "")}
    members = frontend.sdist(frontend.write(files))
    assert set(members) == {*files, "PKG-INFO"}
    assert all(member.mtime > 0 for member in members.values())


def test_paths_of_any_length(frontend: Frontend) -> None:
    deep = "/".join(["a_very_long_name_of_a_folder_that_goes_on"] * 5) + "/module.py"
    files = {"pyproject.toml": render_pyproject("long-path"), "long_path/__init__.py": "", f"long_path/{deep}": ""}
    assert set(frontend.sdist(frontend.write(files))) == {*files, "PKG-INFO"}


def test_sdists_of_a_moment_ago_are_the_same(frontend: Frontend) -> None:
    project = frontend.write({"pyproject.toml": render_pyproject("CMake.Example", EXTENSION), "src/main.c": ""})
    frontend.sdist(project)
    (path,) = frontend.folder.glob("build_sdist/*")
    assert path.name == "cmake_example-1.0.0.tar.gz"
    before = path.read_bytes()
    time.sleep(1.1)  # what tells seconds would differ
    (project / "src" / "main.c").touch()
    frontend.sdist(project)
    assert path.read_bytes() == before


def test_changes_that_are_not_committed_are_in_it(frontend: Frontend) -> None:
    project = frontend.write({"pyproject.toml": render_pyproject("pure"), "pure.py": "old = 1\n"})
    commit(project)
    (project / "pure.py").write_text("new = 1\n")
    (project / "other.py").write_text("")
    assert set(frontend.sdist(project)) == {"pyproject.toml", "pure.py", "other.py", "PKG-INFO"}
    assert frontend.read_sdist("pure.py") == "new = 1\n"


def test_files_that_can_be_run(frontend: Frontend) -> None:
    names = ["example.c", "executable_bit.py", "example-script.py"]
    project = frontend.write({"pyproject.toml": render_pyproject("executable-bit"), **dict.fromkeys(names, "")})
    (project / "example-script.py").chmod(0o755)
    (project / "executable_bit.py").chmod(0o755)
    members = frontend.sdist(project)
    runnable = {path for path, member in members.items() if member.mode & 0o100}
    assert runnable == {"example-script.py", "executable_bit.py"}


def test_the_version_is_written_into_it(frontend: Frontend) -> None:
    settings = '[tool.zigbuild.version]\nfrom = "vcs"\nwrite-to = "executable_bit/_version.py"\n'
    files = {
        "pyproject.toml": render_pyproject("executable-bit", settings, project='dynamic = ["version"]'),
        "executable_bit/__init__.py": "",
    }
    project = frontend.write(files)
    commit(project, tag="v1.0.0")
    assert set(frontend.sdist(project)) == {*files, "executable_bit/_version.py", "PKG-INFO"}
    assert "'1.0.0'" in frontend.read_sdist("executable_bit/_version.py").replace('"', "'")
    assert not (project / "executable_bit" / "_version.py").exists()


def test_ignored_files_that_are_included(frontend: Frontend, tmp_path: Path) -> None:
    settings = """
    [[tool.zigbuild.extension]]
    name = "sdist_config"
    sources = ["main.c"]
    include-dirs = ["dummy/include"]
    [tool.zigbuild.sdist]
    include = ["dummy/include", "dummy/LICENSE"]
    """
    life = ("life", "PyLong_FromLong(DUMMY_LIFE)")
    files = {
        "pyproject.toml": render_pyproject("sdist_config", settings),
        ".gitignore": "/dummy\n",
        "main.c": render_module("sdist_config", life, head='#include "dummy.h"'),
    }
    fetched = {"dummy/include/dummy.h": "#define DUMMY_LIFE 42\n", "dummy/LICENSE": "", "dummy/other.c": ""}
    project = frontend.write({**files, **fetched})
    commit(project)
    members = frontend.sdist(project)
    assert set(members) == {*files, "dummy/include/dummy.h", "dummy/LICENSE", "PKG-INFO"}
    code = "import sdist_config; print(sdist_config.life())"
    assert frontend.wheel(project).run(code, tmp_path / "site") == "42"


LINKS: Files = {
    "pyproject.toml": render_pyproject("CMake.Example", EXTENSION),
    "src/main.c": "int main;\n",
}


def test_links_in_the_project_are_files(frontend: Frontend) -> None:
    project = frontend.write(LINKS)
    (project / "link.c").symlink_to("src/main.c")
    (project / "src_link").symlink_to("src")
    members = frontend.sdist(project)
    assert {"link.c", "src_link/main.c"} < set(members)
    assert all(member.isreg() for member in members.values())
    (project / "dangling.txt").symlink_to("nowhere.txt")
    assert set(frontend.sdist(project)) == set(members)


@pytest.mark.parametrize(
    ("target", "word"), [("../elsewhere", "outside of the project"), ("../src", "a folder that contains it")]
)
def test_other_links_are_refused(
    target: str, word: str, frontend: Frontend, capsys: pytest.CaptureFixture[str]
) -> None:
    project = frontend.write(LINKS)
    frontend.write({"elsewhere/data.txt": ""}, ".")
    (project / "src" / "link").symlink_to(f"../{target}" if "elsewhere" in target else target)
    with pytest.raises(SystemExit) as ended:
        frontend.sdist(project)
    assert ended.value.code == 2
    assert word in capsys.readouterr().err
