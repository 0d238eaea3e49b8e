"""The files of a project as entries of its wheels."""

from __future__ import annotations

from ..archive.archive_writer import Entry
from ..project.project import Checkout, Project
from .dist_info import render_script


def read_contents(checkout: Checkout) -> list[Entry]:
    """Return the files of the project that every wheel holds."""
    files = checkout.project.tree.by_path
    contents = checkout.project.contents.items()
    entries = [Entry(path, checkout.read(source), files[source].is_executable) for path, source in contents]
    return entries + read_data(checkout)


def read_data(checkout: Checkout) -> list[Entry]:
    """Return the files in ``.data`` of every wheel: scripts, headers and files for other places."""
    project = checkout.project
    entries = []
    for path, source in project.data.items():
        data, is_script = checkout.read(source), path.startswith("scripts/")
        place = f"{project.metadata.file_name}.data/{path}"
        is_executable = is_script or project.tree.by_path[source].is_executable
        entries.append(Entry(place, render_script(data) if is_script else data, is_executable))
    return entries


def make_entry(project: Project, path: str, data: bytes) -> Entry:
    """Return the entry of a file that a build of *project* made: a binary, or a generated file."""
    if path not in project.generated:
        return Entry(path, data, is_executable=True)
    is_script = path.startswith(f"{project.metadata.file_name}.data/scripts/")
    return Entry(path, render_script(data) if is_script else data, is_script)
