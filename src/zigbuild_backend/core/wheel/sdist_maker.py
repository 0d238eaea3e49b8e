"""Makes the sdist: the files of the tree and PKG-INFO, named by PEP 625, with the members that PEP 517 requires."""

from __future__ import annotations

from pathlib import Path

from ..archive.archive_writer import Entry, write_sdist
from ..project.project import Checkout
from ..project.tree_reader import read_file


def make_sdist(checkout: Checkout, out: Path, *, epoch: int) -> Path:
    """Write the sdist of a project into the folder *out*, and return its path."""
    project = checkout.project
    entries = [Entry(file.path, read_file(checkout.root, file), file.is_executable) for file in project.tree.files]
    entries.append(Entry("PKG-INFO", project.metadata.text.encode()))
    out.mkdir(parents=True, exist_ok=True)
    path = out / f"{project.metadata.file_name}.tar.gz"
    write_sdist(path, project.metadata.file_name, entries, mtime=epoch)
    return path
