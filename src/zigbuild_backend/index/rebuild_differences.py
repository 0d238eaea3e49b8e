"""Explains how a rebuilt wheel differs from the recorded one, also when the recorded bytes were dropped."""

from __future__ import annotations

import tempfile
import zipfile
from pathlib import Path

from ..core.base.errors import MismatchError, NotFoundError
from ..rebuild.compare.explanation import explain
from .files import File
from .repository import Repository
from .wheel_pieces import WheelLayout, assemble_wheel, read_layout

_LISTED = 8
"""Differences that an explanation lists."""


def explain_difference(repository: Repository, file: File, found: Path) -> str:
    """Return the differences between the recorded wheel *file* and the rebuilt one at *found*, in one line.

    Without the recorded bytes, the archive directory in the wheel's layout shows which members differ.
    """
    try:
        expected = _read_recorded_bytes(repository, file)
        if expected is not None:
            places = [f"{difference.place}: {difference.what}" for difference in explain(expected, found.read_bytes())]
        else:
            places = _compare_layouts(repository.ledger.layout(file.sha256), read_layout(found))
    except MismatchError as error:
        return str(error.problems[0])
    rest = [f"and {len(places) - _LISTED} more"] if len(places) > _LISTED else []
    return "; ".join(places[:_LISTED] + rest) or "neither the wheel nor its layout is held, so nothing can be compared"


def _read_recorded_bytes(repository: Repository, file: File) -> bytes | None:
    """Return the recorded wheel, from its file or its members; None if neither is held."""
    if path := repository.blobs.verified_path(file.sha256):
        return path.read_bytes()
    layout = repository.ledger.layout(file.sha256)
    try:
        return b"".join(assemble_wheel(layout, repository.members)) if layout else None
    except NotFoundError:
        return None


def _compare_layouts(expected: WheelLayout | None, found: WheelLayout) -> list[str]:
    """Return the members that differ, by the directories of both archives."""
    ours, theirs = _read_directory(expected), _read_directory(found)
    if not ours:
        return []
    return [
        f"{name}: {'is missing' if name not in theirs else 'is new' if name not in ours else 'has another content'}"
        for name in sorted(ours.keys() | theirs.keys())
        if ours.get(name) != theirs.get(name)
    ] or ["archive: the same members are packed in another way"]


def _read_directory(layout: WheelLayout | None) -> dict[str, tuple[int, int]]:
    """Return the checksum and size of each member, by its name; empty if the directory cannot be read.

    The archive is read from a sparse file with holes in place of the members.
    """
    with tempfile.TemporaryFile() as file:
        for piece in layout.pieces if layout else ():
            if isinstance(piece, bytes):
                file.write(piece)
            else:
                file.seek(piece.size, 1)
        try:
            with zipfile.ZipFile(file) as archive:
                return {member.filename: (member.CRC, member.file_size) for member in archive.infolist()}
        except (zipfile.BadZipFile, ValueError, EOFError):
            return {}
