"""The files of a wheel and their names, for every layout of projects."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType

import pytest

from projects import project_of, tree_of
from zigbuild_backend.core.base.errors import ConfigurationError, ProblemList
from zigbuild_backend.core.project.core_metadata import Metadata
from zigbuild_backend.core.project.package_layout import choose_packages, find_contents, find_data, find_included
from zigbuild_backend.core.project.project_resolver import resolve_project
from zigbuild_backend.core.project.source_tree import SourceTree
from zigbuild_backend.core.settings.contents import WheelContents

AROUND = ("README.md", "pyproject.toml", "setup.py", "tests/__init__.py", "tests/test_spam.py", "docs/conf.py")


def find(
    tree: SourceTree,
    packages: Sequence[str] = (),
    name: str = "spam",
    *,
    left_out: Collection[str] = (),
    included: Mapping[str, str] = MappingProxyType({}),
) -> dict[str, str]:
    """Return the contents of a wheel of the project *name*, whose one extension module is ``spam._spam``."""
    chosen = choose_packages(tree, packages, name, ["spam._spam"])
    return find_contents(tree, chosen, included, left_out, ProblemList("here"))


# layout: (name of the project, files of the tree, paths in the wheel)
LAYOUTS = {
    "flat": ("spam", "spam/__init__.py spam/x/y.py spam/py.typed", "spam/__init__.py spam/py.typed spam/x/y.py"),
    "flat, normalised name": ("Spam-Eggs", "spam_eggs/__init__.py eggs/__init__.py", "spam_eggs/__init__.py"),
    "flat, other case": ("spam", "Spam/__init__.py", "Spam/__init__.py"),
    "flat, no __init__": ("spam", "spam/mod.py", "spam/mod.py"),
    "flat, named by the extension module": ("eggs", "spam/__init__.py ham/__init__.py", "spam/__init__.py"),
    "flat, stubs": ("spam", "spam/a.py spam-stubs/a.pyi eggs-stubs/a.pyi", "spam-stubs/a.pyi spam/a.py"),
    "module": ("spam", "spam.py eggs.py", "spam.py"),
    "module with stub": ("spam", "spam.py spam.pyi", "spam.py spam.pyi"),
    "namespace": ("spam.eggs", "spam/eggs/__init__.py", "spam/eggs/__init__.py"),
    "src": ("spam", "src/spam/__init__.py spam/__init__.py", "spam/__init__.py"),
    "src, other names": ("spam", "src/eggs/__init__.py src/ham.py", "eggs/__init__.py ham.py"),
    "src, namespace": ("spam", "src/ns/spam/__init__.py", "ns/spam/__init__.py"),
    "src, stubs": ("spam", "src/spam-stubs/__init__.pyi", "spam-stubs/__init__.pyi"),
    "src of C": ("spam", "src/spam.c src/setup.py src/2to3.py spam/__init__.py", "spam/__init__.py"),
    "C beside Python": ("spam", "spam/a.py spam/_spam.c spam/_spam.h", "spam/_spam.h spam/a.py"),
}


@pytest.mark.parametrize(("name", "files", "contents"), LAYOUTS.values(), ids=LAYOUTS)
def test_found_by_itself(name: str, files: str, contents: str) -> None:
    found = find(tree_of(*files.split(), *AROUND), name=name, left_out=["spam/_spam.c"])
    assert sorted(found) == contents.split()
    assert all(source in (path, f"src/{path}") for path, source in found.items())
    assert set(found.values()) <= set(files.split())


@pytest.mark.parametrize(
    ("packages", "contents"),
    [
        (["spam"], {"spam/__init__.py": "spam/__init__.py"}),
        (["spam/"], {"spam/__init__.py": "spam/__init__.py"}),
        (["src/eggs"], {"eggs/__init__.py": "src/eggs/__init__.py"}),
        (["lib/ham.py"], {"ham.py": "lib/ham.py"}),
        (["python/a/b"], {"a/b/c.py": "python/a/b/c.py"}),
        (["spam", "src/eggs"], {"spam/__init__.py": "spam/__init__.py", "eggs/__init__.py": "src/eggs/__init__.py"}),
    ],
)
def test_named_packages(packages: list[str], contents: dict[str, str]) -> None:
    tree = tree_of("spam/__init__.py", "src/eggs/__init__.py", "lib/ham.py", "python/a/b/c.py", *AROUND)
    assert find(tree, packages) == contents


def test_one_single_extension_module_needs_no_python_file() -> None:
    assert project_of("[[extension]]\nname = '_spam'\nsources = ['_spam.c']", "_spam.c").contents == {}


@pytest.mark.parametrize("settings", ["", "[[extension]]\nname = 'eggs._spam'\nsources = ['_spam.c']"])
def test_nothing_found(settings: str) -> None:
    parsed = project_of(settings, "_spam.c", "spam.py", "eggs.py").settings
    with pytest.raises(ConfigurationError, match=r"no package or module that belongs to 'spam-ham\.x'") as refusal:
        resolve_project(Metadata("spam-ham.x", "1", ""), parsed, tree_of("_spam.c", *AROUND), place="here")
    (problem,) = refusal.value.problems
    assert problem.where == "here.packages"
    assert "spam_ham/x/__init__.py" in problem.hint


def test_named_packages_that_are_not_there_are_all_reported() -> None:
    with pytest.raises(ConfigurationError) as refusal:
        find(tree_of("spam/__init__.py"), ["eggs", "spam", "ham.py"])
    assert [problem.where for problem in refusal.value.problems] == ["here.packages[0]", "here.packages[2]"]


def test_two_packages_do_not_overwrite_each_other() -> None:
    with pytest.raises(ConfigurationError, match=r"'src/spam/a\.py' and 'lib/spam/a\.py' .* as 'spam/a\.py'"):
        find(tree_of("src/spam/a.py", "lib/spam/a.py"), ["src/spam", "lib/spam"])


def test_files_from_elsewhere() -> None:
    tree = tree_of("share/a.json", "share/b/c.json", "share/b/c.bak", "LICENSE", "spam/__init__.py")
    problems = ProblemList("here.wheel.include")
    wanted = (("share/", "spam/share"), ("LICENSE", "spam/LICENCE.txt"))
    included = find_included(tree, wanted, problems, ["share/b/c.bak"])
    assert included == {
        "spam/share/a.json": "share/a.json",
        "spam/share/b/c.json": "share/b/c.json",
        "spam/LICENCE.txt": "LICENSE",
    }
    assert find(tree, included=included) == {"spam/__init__.py": "spam/__init__.py", **included}
    with pytest.raises(ConfigurationError, match=r"'spam/__init__\.py' and 'LICENSE' would both be") as refusal:
        find(tree, included={"spam/__init__.py": "LICENSE"})
    assert refusal.value.problems[0].where == "here.wheel.include"
    with pytest.raises(ConfigurationError) as refusal:
        find_included(tree, (("nothing", "a"), ("LICENSE", "b"), ("share/a.json", "b")), problems)
    assert [(problem.where, problem.message) for problem in refusal.value.problems] == [
        ("here.wheel.include.nothing", "there is no 'nothing' in the project"),
        ("here.wheel.include.share/a.json", "'LICENSE' and 'share/a.json' would both be installed as 'b'"),
    ]


def test_what_is_released_without_a_package() -> None:
    tree = ("share/a.json", "a.c", "README.md")
    assert project_of("wheel = { include = { share = 'eggs' } }", *tree).contents == {"eggs/a.json": "share/a.json"}
    assert project_of("[[executable]]\nname = 'eggs'\nsources = ['a.c']", *tree).contents == {}
    assert project_of("wheel = { data = { share = 'share' } }", *tree).data == {"data/share/a.json": "share/a.json"}


def test_files_outside_of_the_packages() -> None:
    tree = tree_of("bin/one", "bin/deep/two.py", "three.sh", "include/spam/a.h", "include/spam/b/c.h", "d.h", "spam.1")
    wheel = WheelContents(
        scripts=("bin", "*.sh"), headers=("include/spam/", "*.h"), data=(("spam.1", "share/man/man1/spam.1"),)
    )
    problems = ProblemList("here.wheel")
    assert find_data(tree, wheel, problems) == {
        "scripts/one": "bin/one",
        "scripts/two.py": "bin/deep/two.py",
        "scripts/three.sh": "three.sh",
        "headers/a.h": "include/spam/a.h",
        "headers/b/c.h": "include/spam/b/c.h",
        "headers/d.h": "d.h",
        "data/share/man/man1/spam.1": "spam.1",
    }
    assert find_data(tree, WheelContents(), problems) == {}
    with pytest.raises(ConfigurationError) as refusal:
        find_data(tree_of("a/x", "b/x"), WheelContents(scripts=("nothing", "a", "b/x")), problems)
    assert [(problem.where, problem.message) for problem in refusal.value.problems] == [
        ("here.wheel.scripts[0]", "no file of the project matches 'nothing'"),
        ("here.wheel.scripts[2]", "'a/x' and 'b/x' would both be installed as 'scripts/x'"),
    ]
    assert all(problem.hint for problem in refusal.value.problems)
