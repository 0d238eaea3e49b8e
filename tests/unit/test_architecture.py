"""Tests that docs/architecture.md shows the folders and the files that exist."""

from __future__ import annotations

import re

from machines import ROOT

PACKAGE = ROOT / "src" / "zigbuild_backend"
PAGE = (ROOT / "docs" / "architecture.md").read_text("utf-8")


def test_every_folder_is_in_the_tree() -> None:
    tree = PAGE.partition("```\n")[2].partition("```")[0]
    folders = [folder for parent in (PACKAGE, PACKAGE / "core") for folder in parent.iterdir() if folder.is_dir()]
    expected = {folder.name for folder in folders if folder.name != "__pycache__"}
    assert set(re.findall(r"^[│ ]*[├└]── (\w+)/", tree, re.MULTILINE)) == expected


def test_every_file_of_the_table_exists() -> None:
    """A name without a folder is in that of the file before it."""
    table = PAGE.partition("## Where do I change")[2].partition("\n## ")[0]
    folder = PACKAGE
    for path in re.findall(r"`([\w./-]+(?:\.\w+|/))`", table.partition("|---|")[2]):
        if "NAME" not in path:
            found = next((base / path for base in (folder, PACKAGE, ROOT) if (base / path).exists()), None)
            assert found, f"docs/architecture.md names {path}, which does not exist"
            folder = found.parent
