"""Makes the sdist: the files of the tree and PKG-INFO, as PEP 625 names and PEP 517 wants them."""

from __future__ import annotations

from pathlib import Path

from ..archive.archive_writer import Entry, write_sdist
from ..project.project import Checkout
from ..project.tree_reader import read_file


def make_sdist(checkout: Checkout, out: Path, *, epoch: int) -> Path:
    """Writes the sdist of the project in *root* into the folder *out*, and gives its path."""
    entries = [
        Entry(file.path, read_file(checkout.root, file), file.is_executable) for file in checkout.project.tree.files
    ]
    entries.append(Entry("PKG-INFO", checkout.project.metadata.text.encode()))
    out.mkdir(parents=True, exist_ok=True)
    path = out / f"{checkout.project.metadata.file_name}.tar.gz"
    write_sdist(path, checkout.project.metadata.file_name, entries, mtime=epoch)
    return path
