"""Patterns as in ``.gitignore``, by git's own documentation of them; without backslashes, which no path here has."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from .source_tree import render_character_set


@dataclass(frozen=True)
class _Pattern:
    """A pattern, compiled for paths from the root. ``is_negated`` takes out again what an earlier one matched."""

    matcher: re.Pattern[str]
    is_negated: bool
    is_for_folders: bool


def match_ignored(patterns: Sequence[str], paths: Iterable[str]) -> list[str]:
    """Those of the *paths* of files that *patterns* match, in order: by themselves, or a folder that they are in."""
    parsed = [_parse(pattern) for pattern in patterns]
    folders: dict[str, bool] = {"": False}

    def is_folder_matched(folder: str) -> bool:
        if folder not in folders:
            parent = folder.rpartition("/")[0]
            folders[folder] = is_folder_matched(parent) or _is_matched(parsed, folder, is_folder=True)
        return folders[folder]

    return [
        path
        for path in paths
        if is_folder_matched(path.rpartition("/")[0]) or _is_matched(parsed, path, is_folder=False)
    ]


def find_start(pattern: str) -> str:
    """The folder or file, a path from the root, that holds all that *pattern* can match: empty for the root itself."""
    body = pattern.removeprefix("!").rstrip("/")
    if "/" not in body:
        return ""
    parts = body.removeprefix("/").split("/")
    plain = next((index for index, part in enumerate(parts) if re.search(r"[*?[]", part)), len(parts))
    return "/".join(parts[:plain])


def _is_matched(patterns: Sequence[_Pattern], path: str, *, is_folder: bool) -> bool:
    for pattern in reversed(patterns):
        if (is_folder or not pattern.is_for_folders) and pattern.matcher.fullmatch(path):
            return not pattern.is_negated
    return False


@lru_cache
def _parse(pattern: str) -> _Pattern:
    body = pattern.removeprefix("!")
    is_for_folders = body.endswith("/")
    body = body.removesuffix("/")
    if "/" not in body:
        body = f"**/{body}"
    return _Pattern(re.compile(_translate(body.removeprefix("/"))), pattern.startswith("!"), is_for_folders)


def _translate(pattern: str) -> str:
    """The regular expression of a pattern that begins at the root."""
    *folders, last = pattern.split("/")
    parts = ["(?:[^/]+/)*" if part == "**" else _translate_part(part) + "/" for part in folders]
    return "".join([*parts, ".+" if last == "**" else _translate_part(last)])


def _translate_part(part: str) -> str:
    pieces = []
    for piece in re.split(r"(\*+|\?|\[[!^]?\]?[^]]*\])", part):
        if piece.startswith("*"):
            pieces.append("[^/]*")
        elif piece == "?":
            pieces.append("[^/]")
        elif len(piece) > 2 and piece.startswith("["):
            pieces.append(render_character_set(re.sub(r"^\^", "!", piece[1:-1])))
        else:
            pieces.append(re.escape(piece))
    return "".join(pieces)
