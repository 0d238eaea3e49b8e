"""Parses and applies unified diffs, strictly: a patch that does not fit the source exactly is refused."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ..base.errors import ConfigurationError
from ..base.frozen import dataclass
from ..settings import rules

_AFTER_HUNK = (b"--- ", b"-- \n")
"""Beginnings of lines after a hunk that are no deleted lines: of the next file, and of the signature of a mail."""


@dataclass(frozen=True)
class Hunk:
    """A replacement of the lines ``old``, from line ``start`` on (the first is 0), by ``new``, all with line breaks."""

    start: int
    old: tuple[bytes, ...]
    new: tuple[bytes, ...]


@dataclass(frozen=True)
class FilePatch:
    """The changes of one file; its ``old`` path is empty if it is added, its ``new`` one if it is deleted."""

    old: str
    new: str
    hunks: tuple[Hunk, ...]


def parse_patch(data: bytes, where: str) -> tuple[FilePatch, ...]:
    """Return the changes in the unified diff *data*, with paths without their first folder (``a/``, ``b/``).

    *where* is the name of the patch in messages. Text around the diffs is ignored.

    :raises ConfigurationError: if it is no unified diff, or has paths outside of a project.
    """
    lines = _split(data)
    files = []
    index = 0
    while index + 1 < len(lines):
        if not (lines[index].startswith(b"--- ") and lines[index + 1].startswith(b"+++ ")):
            index += 1
            continue
        old, new = _parse_path(lines[index], where), _parse_path(lines[index + 1], where)
        index += 2
        hunks = []
        while index < len(lines) and (header := re.match(rb"@@ -(\d+)(?:,(\d+))? \+\d+(?:,(\d+))? @@", lines[index])):
            hunk, index = _parse_hunk(lines, index + 1, header, where)
            hunks.append(hunk)
        files.append(FilePatch(old, new, tuple(hunks)))
    if not files:
        raise ConfigurationError("is no unified diff", where=where, hint="make it with 'git diff' or 'diff -u'")
    return tuple(files)


def apply_patch(patch: FilePatch, files: Mapping[str, bytes], where: str) -> dict[str, bytes | None]:
    """Return the files that *patch* changes, path → new content, None for one that is deleted.

    *files* has the old content. *where* is the name of the patch in messages.

    :raises ConfigurationError: if the file is missing, or has other lines than the patch.
    """
    if patch.old and patch.old not in files:
        raise ConfigurationError(
            f"there is no {patch.old!r} to patch", where=where, hint="make the patch for this source"
        )
    lines = _split(files[patch.old]) if patch.old else []
    patched: list[bytes] = []
    position = 0
    for hunk in patch.hunks:
        end = hunk.start + len(hunk.old)
        if hunk.start < position or tuple(lines[hunk.start : end]) != hunk.old:
            raise ConfigurationError(
                f"does not fit {patch.old or patch.new!r} at line {hunk.start + 1}",
                where=where,
                hint="make the patch for this version of the source",
            )
        patched += [*lines[position : hunk.start], *hunk.new]
        position = end
    gone: dict[str, bytes | None] = {patch.old: None} if patch.old else {}
    return gone | ({patch.new: b"".join([*patched, *lines[position:]])} if patch.new else {})


def _parse_path(line: bytes, where: str) -> str:
    text = line[4:].decode(errors="replace").rstrip("\r\n").split("\t")[0]
    if text == "/dev/null":
        return ""
    path = text.partition("/")[2]
    if problem := rules.path(path):
        raise ConfigurationError(problem.message, where=where, hint="paths are such as 'a/src/spam.c'")
    return path


def _parse_hunk(lines: list[bytes], index: int, header: re.Match[bytes], where: str) -> tuple[Hunk, int]:
    """Return the hunk whose lines begin at *index*, and the index of the line after it."""
    start, old_count, new_count = (1 if count is None else int(count) for count in header.groups())
    old: list[bytes] = []
    new: list[bytes] = []
    sides: list[list[bytes]] = []
    while index < len(lines):
        mark, text = lines[index][:1], lines[index][1:]
        if mark == b"\\":  # the line before has no line break
            for side in sides:
                side[-1] = side[-1].rstrip(b"\n")
        elif len(old) == old_count and len(new) == new_count:
            break
        else:
            sides = {b" ": [old, new], b"-": [old], b"+": [new]}.get(mark, [])
            if not sides:
                break
            for side in sides:
                side.append(text)
        index += 1
    following = lines[index] if index < len(lines) else b""
    goes_on = following.startswith((b" ", b"-", b"+")) and not following.startswith(_AFTER_HUNK)
    if len(old) != old_count or len(new) != new_count or goes_on:
        message = f"has another number of lines before line {index + 1} than its '@@'"
        raise ConfigurationError(message, where=where, hint="make the patch again")
    return Hunk(start - 1 if old_count else start, tuple(old), tuple(new)), index


def _split(data: bytes) -> list[bytes]:
    """Return lines with their line breaks; a carriage return is no break."""
    return re.findall(rb"[^\n]*\n|[^\n]+", data)
