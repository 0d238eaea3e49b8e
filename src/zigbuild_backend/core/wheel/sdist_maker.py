"""Makes the sdist: the files of the tree and PKG-INFO, as PEP 625 names and PEP 517 wants them."""

from __future__ import annotations

from pathlib import Path

from ..archive.archive_writer import Entry, write_sdist
from ..project.project import Project
from ..project.tree_reader import read_file


def make_sdist(project: Project, root: Path, out: Path, *, epoch: int) -> Path:
    """Writes the sdist of the project in *root* into the folder *out*, and gives its path."""
    entries = [Entry(file.path, read_file(root, file), file.is_executable) for file in project.tree.files]
    entries.append(Entry("PKG-INFO", project.metadata.text.encode()))
    out.mkdir(parents=True, exist_ok=True)
    path = out / f"{project.metadata.file_name}.tar.gz"
    write_sdist(path, project.metadata.file_name, entries, mtime=epoch)
    return path
