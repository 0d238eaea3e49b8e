"""Patterns as in ``.gitignore``: the globs of :mod:`.globs`, with the additions that git documents.

A pattern without a slash inside matches names in any folder; one that ends with a slash matches folders alone. A match
of a folder is a match of all its files. A pattern that begins with ``!`` takes back the matches of earlier patterns.
Sets are negated by ``^``, too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from ..base.frozen import dataclass
from .globs import is_glob, translate_glob


@dataclass(frozen=True)
class _Pattern:
    """A pattern, compiled for paths from the root; if it ``is_negated``, it takes back earlier matches."""

    matcher: re.Pattern[str]
    is_negated: bool
    is_for_folders: bool


def match_ignored(patterns: Sequence[str], paths: Iterable[str]) -> list[str]:
    """Return, in order, the *paths* of files that *patterns* match, either the file itself or a folder above it."""
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
    """Return the path of the lowest folder, or of the file, that contains all possible matches of *pattern*."""
    body = pattern.removeprefix("!").rstrip("/")
    if "/" not in body:
        return ""
    parts = body.removeprefix("/").split("/")
    plain = next((index for index, part in enumerate(parts) if is_glob(part)), len(parts))
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
    matcher = re.compile(translate_glob(body.removeprefix("/"), negations="!^"))
    return _Pattern(matcher, pattern.startswith("!"), is_for_folders)
