"""The recipes of this repository, on the sdists that they are for, downloaded from the index that pip uses."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest

from zigbuild_backend.core.base.errors import NotFoundError, ProblemList
from zigbuild_backend.core.base.machine import Machine
from zigbuild_backend.core.base.store import Store
from zigbuild_backend.core.fetch.recipe_sources import open_source
from zigbuild_backend.core.fetch.sdists import fetch_file
from zigbuild_backend.core.project.core_metadata import render_entry_points
from zigbuild_backend.core.project.products import resolve_products
from zigbuild_backend.core.project.project import Project
from zigbuild_backend.core.project.recipes import find_recipes, open_project, read_recipe
from zigbuild_backend.core.project.tree_reader import read_tree

pytestmark = pytest.mark.full

ROOT = Path(__file__).parents[2]

UPSTREAM = {
    "markupsafe": (
        "markupsafe-3.0.4-cp313-cp313-manylinux2014_x86_64.manylinux_2_17_x86_64.manylinux_2_28_x86_64.whl",
        "434139499bb20b502ed3baa1f169e618f924a97e7a777fea1a49446d80106cf6",
    ),
    "msgpack": (
        "msgpack-1.2.4-cp313-cp313-manylinux2014_x86_64.manylinux_2_17_x86_64.manylinux_2_28_x86_64.whl",
        "7fabd415c41e62006c6641fcdf5b3e866f581c4e11c58328c0d0f69584b9577d",
    ),
    "wrapt": (
        "wrapt-2.5.2-cp313-cp313-manylinux1_x86_64.manylinux_2_28_x86_64.manylinux_2_5_x86_64.whl",
        "8b039b3a296762db1908d6108365225393c4fb33c1dbc5f00aa36f8302eaeaa0",
    ),
}
"""A wheel of each recipe's release, as upstream built it, and its sha256."""


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return Store(tmp_path_factory.mktemp("store"))


def test_every_recipe_is_compared() -> None:
    recipes = {name: read_recipe(folder) for name, folder in find_recipes({}, ROOT).items()}
    packages = {name for name, recipe in recipes.items() if recipe.settings.recipe.kind == "package"}
    assert packages == UPSTREAM.keys()
    assert recipes.keys() - packages == {"liblz4"}


def test_library_has_what_its_recipe_names(store: Store) -> None:
    recipe = read_recipe(ROOT / "recipes" / "liblz4")
    try:
        root = open_source(recipe, Machine(store, os.environ))
    except NotFoundError as error:
        pytest.skip(f"no index can be reached: {error}")
    problems = ProblemList()
    (library,) = resolve_products(recipe.settings, read_tree(root), problems).libraries
    assert not problems
    assert len(library.sources) == 4 and (root / "lz4libs" / "lz4.h").is_file()


@pytest.mark.parametrize("name", UPSTREAM)
def test_the_wheel_is_upstreams_but_for_what_is_compiled(name: str, store: Store) -> None:
    file_name, sha256 = UPSTREAM[name]
    try:
        checkout = open_project(name, Machine(store, os.environ), ROOT)
        project, root = checkout.project, checkout.root
        wheel = fetch_file(name, file_name, sha256, Machine(store, os.environ))
    except NotFoundError as error:
        pytest.skip(f"no index can be reached: {error}")
    with zipfile.ZipFile(wheel) as archive:
        upstream = {info.filename: archive.read(info) for info in archive.infolist() if not info.is_dir()}
    assert {**upstream, **read_python_side(project, root)} == upstream
    missing = upstream.keys() - read_python_side(project, root).keys()
    assert {Path(path).suffix for path in missing if ".dist-info/" not in path} <= {".c", ".h", ".pyx", ".so"}
    info = f"{project.metadata.file_name}.dist-info"
    written_by_any_backend = {f"{info}/{file}" for file in ("WHEEL", "RECORD", "top_level.txt")}
    assert {path for path in missing if path.startswith(info)} <= written_by_any_backend


def read_python_side(project: Project, root: Path) -> dict[str, bytes]:
    """Return the files of the wheels of *project* that no compiler makes: path → content."""
    info = f"{project.metadata.file_name}.dist-info"
    files = {path: (root / source).read_bytes() for path, source in project.contents.items()}
    files[f"{info}/METADATA"] = project.metadata.text.encode()
    if project.metadata.entry_points:
        files[f"{info}/entry_points.txt"] = render_entry_points(project.metadata.entry_points)
    return files | {f"{info}/licenses/{path}": (root / path).read_bytes() for path in project.metadata.license_files}
