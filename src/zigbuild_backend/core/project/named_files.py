"""Checks that the files and folders in the settings are in the tree."""

from __future__ import annotations

from collections.abc import Sequence

from ..base.errors import ProblemList
from .source_tree import SourceTree


def check_patterns(patterns: Sequence[str], tree: SourceTree, problems: ProblemList) -> None:
    """Add a problem for each of the globs *patterns* that matches no file of *tree*."""
    for number, pattern in enumerate(patterns):
        if not tree.match([pattern]):
            hint = "paths start at the folder of pyproject.toml; files that git ignores are no part of the project"
            problems.item(number).add(f"no file of the project matches {pattern!r}", hint)


def check_folders(folders: Sequence[str], tree: SourceTree, problems: ProblemList) -> None:
    """Add a problem for each of *folders* that holds no file of *tree*."""
    for number, folder in enumerate(folders):
        if not tree.below(folder):
            problems.item(number).add(f"there is no folder {folder!r} in the project", "check the path")


def check_file(path: str, tree: SourceTree, problems: ProblemList) -> None:
    """Add a problem if the file *path* is not in *tree*."""
    if path not in tree.by_path:
        problems.add(f"there is no file {path!r} in the project", "check the path")
