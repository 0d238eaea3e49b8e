"""Recipes: what they may say, what a PROJECT on the command line can be, and the metadata of somebody else's sdist."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from archives import write_sdist
from projects import write_files
from zigbuild_backend.core.base.errors import ConfigurationError, MismatchError, NotFoundError
from zigbuild_backend.core.base.machine import Machine
from zigbuild_backend.core.base.store import Store
from zigbuild_backend.core.base.toml_reader import tomllib
from zigbuild_backend.core.project.core_metadata import render_entry_points
from zigbuild_backend.core.project.pkg_info import find_entry_points, parse_entry_points, read_pkg_info
from zigbuild_backend.core.project.recipes import VARIABLE, find_recipes, open_project, read_recipe
from zigbuild_backend.core.settings.overrides import Override
from zigbuild_backend.core.settings.recipe_model import RecipeSettings, parse_recipe

RELEASE = """
[recipe]
name = "Spam.Ham"
version = "1.0"
source = {{ url = "{url}", sha256 = "{sha256}" }}
"""
EXTENSION = """
[[extension]]
name = "spam._fast"
sources = ["src/spam/*.c"]
"""
PKG_INFO = "Metadata-Version: 2.4\nName: spam_ham\nVersion: 1.0\nRequires-Python: >=3.10\nLicense-File: COPYING\n\nÄ.\n"
FILES = {
    "PKG-INFO": PKG_INFO,
    "COPYING": "Do as you like.",
    "setup.py": "",
    "src/spam/__init__.py": "",
    "src/spam/fast.c": "int one;\nint two;\n",
    "src/Spam.Ham.egg-info/entry_points.txt": "[console_scripts]\nSpam = spam:main\n",
}
PROJECT = """
[build-system]
requires = ["zigbuild-backend"]
build-backend = "zigbuild_backend"
[project]
name = "egg"
version = "2"
"""


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


@pytest.fixture
def make_recipe(tmp_path: Path):
    """Make ``recipes/spam`` and the sdist that it builds; *files* are over those of the sdist, *others* beside it."""

    def make(text: str = EXTENSION, files: dict[str, str | None] | None = None, **others: str) -> Path:
        merged = {path: content for path, content in {**FILES, **(files or {})}.items() if content is not None}
        sdist = write_sdist(tmp_path / "spam_ham-1.0.tar.gz", merged)
        release = RELEASE.format(url=sdist.as_uri(), sha256=hashlib.sha256(sdist.read_bytes()).hexdigest())
        patches = f"patches = {list(others)}\n" if others else ""
        return write_files(tmp_path / "recipes" / "spam", {"recipe.toml": text + release + patches, **others})

    return make


def refusals(call, *arguments: object) -> list[tuple[str, str]]:
    """Place and message of all problems of a configuration."""
    with pytest.raises(ConfigurationError) as caught:
        call(*arguments)
    assert all(problem.hint for problem in caught.value.problems)
    return [(problem.where, problem.message) for problem in caught.value.problems]


def recipe(text: str) -> RecipeSettings:
    return parse_recipe(tomllib.loads(text))


def test_a_recipe_has_the_settings_of_a_project_and_its_own() -> None:
    sha256 = "0" * 64
    settings = recipe(
        f"""
        optimize = "small"
        [recipe]
        name = "spam"
        version = "1.0"
        kind = "package"
        metadata = "sdist"
        source = {{ sdist = "spam-1.0.tar.gz", sha256 = "{sha256}" }}
        [[extension]]
        name = "spam"
        sources = ["spam.c"]
        [test]
        requires = ["pytest>=8"]
        command = "pytest -q"
        """
    )
    assert (settings.optimize, settings.extension[0].name) == ("small", "spam")
    assert (settings.recipe.source.sdist, settings.recipe.source.sha256) == ("spam-1.0.tar.gz", sha256)
    assert (settings.test.requires, settings.test.command) == (("pytest>=8",), "pytest -q")


def test_all_problems_of_a_recipe_are_said_with_their_places() -> None:
    text = """
    extensions = []
    [recipe]
    name = "-spam"
    version = "one"
    kind = "module"
    metadata = "own"
    patches = ["../a.patch"]
    source = { sdist = "a/b.tar.gz", url = "ftp://spam", sha256 = "abc" }
    [[extension]]
    name = "spam"
    sources = "spam.c"
    [test]
    requires = ["pytest 8"]
    """
    assert refusals(recipe, text) == [
        ("recipe.toml", "unknown key 'extensions'"),
        ("recipe.toml: extension[0].sources", "must be an array of strings, not a string"),
        ("recipe.toml: recipe.name", "'-spam' is not the name of a project"),
        ("recipe.toml: recipe.version", "'one' is not a version by PEP 440"),
        ("recipe.toml: recipe.source.sha256", "'abc' is not a sha256"),
        ("recipe.toml: recipe.source.sdist", "'a/b.tar.gz' is not the name of an sdist"),
        ("recipe.toml: recipe.source.url", "'ftp://spam' is not a URL that can be fetched"),
        ("recipe.toml: recipe.kind", "must be one of package, library, not 'module'"),
        ("recipe.toml: recipe.metadata", "must be one of sdist, not 'own'"),
        ("recipe.toml: recipe.patches[0]", "'../a.patch' leads out of the project"),
        ("recipe.toml: test.requires[0]", "'pytest 8' is not a requirement"),
    ]
    assert refusals(recipe, "") == [("recipe.toml", "the key 'recipe' is missing")]
    release = RELEASE.format(url="https://spam.example/spam.tar.gz", sha256="0" * 64)
    assert refusals(recipe, release.replace('url = "https://spam.example/spam.tar.gz",', "")) == [
        ("recipe.toml: recipe.source", "needs either 'sdist' or 'url'")
    ]
    assert refusals(recipe, release.replace("url", 'sdist = "spam-1.0.tar.gz", url')) == [
        ("recipe.toml: recipe.source", "needs either 'sdist' or 'url'")
    ]
    assert refusals(recipe, release + EXTENSION + EXTENSION) == [
        ("recipe.toml: extension[1].name", "the module 'spam._fast' is already recipe.toml: extension[0]")
    ]
    library = release.replace("[recipe]", '[recipe]\nkind = "library"')
    assert refusals(recipe, library + EXTENSION) == [
        ("recipe.toml: recipe.kind", "a recipe of kind 'library' has a single library")
    ]
    assert recipe(library + '[[library]]\nname = "z"\nsources = ["z.c"]\n')


def test_a_recipe_opens_the_sdist(make_recipe, store: Store, tmp_path: Path) -> None:
    folder = make_recipe()
    checkout = open_project(str(folder), Machine(store, {}), tmp_path)
    project, root = checkout.project, checkout.root
    assert project.metadata.text == PKG_INFO
    assert (project.metadata.name, project.metadata.version) == ("spam_ham", "1.0")
    assert (project.metadata.requires_python, project.metadata.license_files) == (">=3.10", ("COPYING",))
    assert render_entry_points(project.metadata.entry_points) == b"[console_scripts]\nSpam = spam:main\n"
    assert project.contents == {"spam/__init__.py": "src/spam/__init__.py"}
    assert project.modules[0].sources == ("src/spam/fast.c",)
    assert project.recipe_digest == read_recipe(folder).digest
    assert (root / "src/spam/fast.c").read_bytes() == b"int one;\nint two;\n"
    assert any(requirement.startswith("packaging==") for requirement in project.requirements)


def test_overrides_replace_settings_and_not_the_recipe(make_recipe, store: Store, tmp_path: Path) -> None:
    folder = make_recipe()
    asked = [Override("optimize", "small", "--set optimize")]
    small = open_project(str(folder), Machine(store, {}), tmp_path, asked).project
    assert small.settings.optimize == "small"
    assert small.recipe_digest == open_project(str(folder), Machine(store, {}), tmp_path).project.recipe_digest
    (folder / "recipe.toml").write_text((folder / "recipe.toml").read_text() + "# Another word.\n")
    assert read_recipe(folder).digest != small.recipe_digest


def test_problems_with_the_tree_are_places_of_the_recipe(make_recipe, store: Store, tmp_path: Path) -> None:
    folder = make_recipe(EXTENSION.replace("*.c", "*.cc"))
    assert refusals(open_project, str(folder), Machine(store, {}), tmp_path) == [
        ("recipe.toml: extension[0].sources[0]", "no file of the project matches 'src/spam/*.cc'")
    ]
    folder = make_recipe('packages = ["ham"]')
    assert refusals(open_project, str(folder), Machine(store, {}), tmp_path)[0][0] == "recipe.toml: packages[0]"


@pytest.mark.parametrize("field", ["Name: ham", "Version: 1.1"])
def test_another_release_is_refused(field: str, make_recipe, store: Store, tmp_path: Path) -> None:
    key = field.partition(":")[0]
    lines = [field if line.startswith(f"{key}:") else line for line in PKG_INFO.split("\n")]
    folder = make_recipe(files={"PKG-INFO": "\n".join(lines)})
    ((where, message),) = refusals(open_project, str(folder), Machine(store, {}), tmp_path)
    assert (where, message.startswith("the source is ")) == ("recipe.toml: recipe", True)


def test_another_file_is_refused(make_recipe, store: Store, tmp_path: Path) -> None:
    folder = make_recipe()
    write_sdist(tmp_path / "spam_ham-1.0.tar.gz", {"PKG-INFO": "another"})
    with pytest.raises(MismatchError, match="has the sha256"):
        open_project(str(folder), Machine(store, {}), tmp_path)


PATCH = """A reason.

diff --git a/src/spam/fast.c b/src/spam/fast.c
--- a/src/spam/fast.c
+++ b/src/spam/fast.c
@@ -1,2 +1,3 @@ int zero;
 int one;
-int two;
+int deux;
+int trois;
--- a/COPYING\t2020-01-01
+++ /dev/null
@@ -1 +0,0 @@
-Do as you like.
\\ No newline at end of file
--- /dev/null
+++ b/COPYING.new
@@ -0,0 +1 @@
+Do as you wish.
\\ No newline at end of file
"""


def test_patches_are_applied(make_recipe, store: Store, tmp_path: Path) -> None:
    pkg_info = {"PKG-INFO": PKG_INFO.replace("COPYING", "COPYING.new")}
    folder = make_recipe(files=pkg_info, **{"mend.patch": PATCH})
    checkout = open_project(str(folder), Machine(store, {}), tmp_path)
    project, root = checkout.project, checkout.root
    assert (root / "src/spam/fast.c").read_bytes() == b"int one;\nint deux;\nint trois;\n"
    assert (root / "COPYING.new").read_bytes() == b"Do as you wish."
    assert "COPYING" not in project.tree.by_path
    digest = project.recipe_digest
    (folder / "mend.patch").write_text(PATCH.replace("A reason.", "Another."))
    assert open_project(str(folder), Machine(store, {}), tmp_path).project.recipe_digest != digest


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("-int two;", "-int three;", r"does not fit 'src/spam/fast.c' at line 1"),
        ("@@ -1,2 +1,3 @@", "@@ -2,2 +2,3 @@", r"does not fit 'src/spam/fast.c' at line 2"),
        ("@@ -1,2 +1,3 @@", "@@ -1,9 +1,9 @@", "has another number of lines"),
        ("@@ -1,2 +1,3 @@", "@@ -1,1 +1,1 @@", "has another number of lines"),
        ("a/src/spam/fast.c\n+++", "a/src/spam/slow.c\n+++", "there is no 'src/spam/slow.c' to patch"),
        ("b/COPYING.new", "b/../../COPYING.new", "leads out of the project"),
        ("+++", "++", "is no unified diff"),
        ("\\ No newline at end of file\n--- /dev/null", "--- /dev/null", "does not fit 'COPYING'"),
    ],
)
def test_patches_that_do_not_fit_are_refused(
    old: str, new: str, problem: str, make_recipe, store: Store, tmp_path: Path
) -> None:
    folder = make_recipe(**{"mend.patch": PATCH.replace(old, new)})
    with pytest.raises(ConfigurationError, match=problem) as caught:
        open_project(str(folder), Machine(store, {}), tmp_path)
    assert caught.value.problems[0].where == "mend.patch"


def test_a_missing_patch_is_said(make_recipe, store: Store, tmp_path: Path) -> None:
    folder = make_recipe(**{"mend.patch": PATCH})
    (folder / "mend.patch").unlink()
    with pytest.raises(NotFoundError, match=r"mend\.patch: cannot be read"):
        open_project(str(folder), Machine(store, {}), tmp_path)


def test_recipes_are_found_by_name(make_recipe, store: Store, tmp_path: Path) -> None:
    folder = make_recipe()
    elsewhere = write_files(tmp_path / "elsewhere", {"spam/recipe.toml": "", "Egg_White/recipe.toml": "", "x/y": ""})
    environ = {VARIABLE: os.pathsep.join(["", str(elsewhere), "missing"])}
    assert find_recipes(environ, tmp_path) == {"spam": folder, "egg-white": elsewhere / "Egg_White"}
    assert find_recipes({}, elsewhere) == {}
    (tmp_path / "spam").mkdir()  # a folder that is no project does not hide the recipe
    names = ["spam", "Spam", "recipes/spam", "recipes/spam/recipe.toml"]
    projects = [open_project(name, Machine(store, environ), tmp_path).project for name in names]
    assert {project.metadata.name for project in projects} == {"spam_ham"}


def test_what_is_nothing_is_said(make_recipe, store: Store, tmp_path: Path) -> None:
    make_recipe()
    with pytest.raises(NotFoundError, match="spma: is no folder, no sdist and no recipe") as caught:
        open_project("spma", Machine(store, {}), tmp_path)
    assert caught.value.problems[0].hint == "did you mean 'spam'?"
    with pytest.raises(NotFoundError, match=VARIABLE):
        open_project("numpy", Machine(store, {}), tmp_path)
    with pytest.raises(NotFoundError, match=r"recipes: holds neither pyproject\.toml nor recipe\.toml"):
        open_project("recipes", Machine(store, {}), tmp_path)


def test_folders_and_sdists_are_opened(store: Store, tmp_path: Path) -> None:
    files = {"pyproject.toml": PROJECT, "egg/__init__.py": ""}
    tree = write_files(tmp_path / "tree", files)
    sdist = write_sdist(tmp_path / "egg-2.tar.gz", {**files, "PKG-INFO": "Name: egg"})
    one, other = (open_project(name, Machine(store, {}), tmp_path) for name in ("tree", sdist.name))
    assert one.project == other.project
    assert (one.root, other.root.is_relative_to(store.root)) == (tree, True)
    asked = [Override("optimize", "safe", "--set optimize")]
    assert open_project("pyproject.toml", Machine(store, {}), tree, asked).project.settings.optimize == "safe"


def test_files_that_are_no_projects_are_refused(store: Store, tmp_path: Path) -> None:
    foreign = PROJECT.replace('"zigbuild_backend"', '"flit_core.buildapi"')
    write_files(tmp_path, {"egg-2-py3-none-any.whl": "", "egg.zip": "PK", "foreign/pyproject.toml": foreign})
    write_files(tmp_path, {"old/pyproject.toml": "tool = 1\nbuild-system = 1"})
    write_sdist(tmp_path / "tree.tar.gz", {"pyproject.toml": PROJECT})
    write_sdist(tmp_path / "foreign-2.tar.gz", {"pyproject.toml": foreign, "PKG-INFO": ""})
    expected = {
        "egg-2-py3-none-any.whl": "is a wheel, not its source",
        "egg.zip": "is not a whole .tar.gz",
        "tree.tar.gz": "holds no PKG-INFO",
        "foreign-2.tar.gz": "is built by flit_core.buildapi, and has no [tool.zigbuild]",
        "foreign": "is built by flit_core.buildapi, and has no [tool.zigbuild]",
        "old": "is built by setuptools, and has no [tool.zigbuild]",
    }
    for name, problem in expected.items():
        ((where, message),) = refusals(open_project, name, Machine(store, {}), tmp_path)
        assert (where, message.startswith(problem)) == (name, True)
    (tmp_path / "foreign" / "pyproject.toml").write_text(foreign + "[tool.zigbuild]\n")
    write_files(tmp_path, {"foreign/egg.py": ""})
    assert open_project("foreign", Machine(store, {}), tmp_path).project.metadata.name == "egg"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, "is missing"),
        (b"Version: 1", "has no name, or several"),
        (b"Name: spam", "has no version, or several"),
        (b"Name: spam\nName: ham\nVersion: 1", "has no name, or several"),
        (b"Name: spam\nVersion: one", "Invalid version"),
        (b"Name: sp\xe4m\nVersion: 1", "is not UTF-8 at byte 8"),
    ],
)
def test_pkg_info_must_be_sound(content: bytes | None, problem: str, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "PKG-INFO").write_bytes(content)
    with pytest.raises(ConfigurationError, match=rf"PKG-INFO: {problem}"):
        read_pkg_info(tmp_path, {})


def test_pkg_info_is_kept_to_the_byte(tmp_path: Path) -> None:
    data = "Name: spam\r\nVersion: 01.0.post\r\nX-Unknown: é\r\n\r\n\tText\r\n".encode()
    (tmp_path / "PKG-INFO").write_bytes(data)
    metadata = read_pkg_info(tmp_path, {})
    assert metadata.text.encode() == data
    assert (metadata.version, metadata.requires_python) == ("1.0.post0", "")


def test_entry_points_are_those_of_setuptools_or_of_the_project_table(tmp_path: Path) -> None:
    pyproject = tomllib.loads('[project.scripts]\nspam = "spam:b"\n[project.entry-points."a.b"]\nc = "d"')
    declared = (("console_scripts", (("spam", "spam:b"),)), ("a.b", (("c", "d"),)))
    assert find_entry_points(pyproject) == declared
    write_files(tmp_path, {"PKG-INFO": "Name: spam\nVersion: 1", "ham.egg-info/entry_points.txt": "[x]\ny=z"})
    assert read_pkg_info(tmp_path, pyproject).entry_points == declared
    write_files(tmp_path, {"src/Spam.egg-info/entry_points.txt": "[x]\nY = z : w [e]\n[empty]\n"})
    assert read_pkg_info(tmp_path, pyproject).entry_points == (("x", (("Y", "z : w [e]"),)),)
    assert refusals(parse_entry_points, "y = z", "entry_points.txt")[0][0] == "entry_points.txt"
