"""Cuts a wheel into pieces from which it can be assembled byte for byte, without compressing anything.

The pieces are consecutive byte ranges of the file. The compressed body of a member is a piece that is stored by its
hash, and shared by all wheels with the same member; the rest (headers, directory, small members) is in the layout. All
pieces together are the file, whatever its zip headers say.
"""

from __future__ import annotations

import hashlib
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO

from ..core.base.errors import MismatchError, NotFoundError
from .blobs import Blobs

_MAGIC = b"zigbuild-layout 1\n"
_INLINE = 1024
"""Size in bytes up to which a member is in the layout: a file of its own would take more blocks of the disk."""

_MAX_STRETCH = 1 << 16
"""Size in bytes up to which a range that is no member, such as the directory, is in the layout."""

_MAX_INLINE = 16 << 20
_MAX_MEMBERS = 100_000
"""Number of members beyond which a wheel is stored whole, since its layout would be too large."""

_LOCAL_HEADER = struct.Struct("<4s22xHH")
_BLOCK = 1 << 20


@dataclass(frozen=True)
class WheelPiece:
    """A byte range of a wheel that is stored by its sha256 (hex); ``size`` in bytes."""

    sha256: str
    size: int


@dataclass(frozen=True)
class WheelLayout:
    """The pieces of a wheel, in the order of the file."""

    pieces: tuple[bytes | WheelPiece, ...]

    @cached_property
    def kept(self) -> tuple[WheelPiece, ...]:
        """Return the pieces that are stored by their hash, each once."""
        return tuple(dict.fromkeys(piece for piece in self.pieces if isinstance(piece, WheelPiece)))

    @property
    def large(self) -> tuple[WheelPiece, ...]:
        """Return the stored pieces that :func:`read_layout` stores too; an outline also stores smaller ones."""
        return tuple(piece for piece in self.kept if piece.size > _INLINE)

    @property
    def size(self) -> int:
        """Return the size of the wheel in bytes."""
        return sum(piece.size if isinstance(piece, WheelPiece) else len(piece) for piece in self.pieces)

    def to_bytes(self) -> bytes:
        """Return the layout in the form that :func:`parse_layout` reads."""
        parts = []
        for piece in self.pieces:
            if isinstance(piece, WheelPiece):
                parts.append(struct.pack("<BQ", 1, piece.size) + bytes.fromhex(piece.sha256))
            else:
                parts.append(struct.pack("<BQ", 0, len(piece)) + piece)
        return _MAGIC + zlib.compress(b"".join(parts))


def parse_layout(data: bytes) -> WheelLayout:
    """Return the layout that :meth:`WheelLayout.to_bytes` wrote.

    :raises MismatchError: if *data* is something else.
    """
    try:
        if not data.startswith(_MAGIC):
            raise ValueError("it is in another format")
        rest = memoryview(zlib.decompress(data[len(_MAGIC) :]))
        pieces: list[bytes | WheelPiece] = []
        while rest:
            kind, size = struct.unpack_from("<BQ", rest)
            length = 32 if kind else size
            body, rest = bytes(rest[9 : 9 + length]), rest[9 + length :]
            if len(body) != length:
                raise ValueError("it ends too early")
            pieces.append(WheelPiece(body.hex(), size) if kind else body)
    except (ValueError, struct.error, zlib.error) as error:
        raise MismatchError(f"is no valid layout of a wheel: {error}", where="layout") from error
    return WheelLayout(tuple(pieces))


def read_layout(path: Path) -> WheelLayout:
    """Return the layout of the wheel *path*: one whole piece if it is no valid zip, or not worth cutting.

    :raises OSError: if the file cannot be read.
    """
    return _read(path, _INLINE)


def read_outline(path: Path) -> WheelLayout:
    """Return the layout in which every member is stored by its hash: the wheel's zip headers and directory."""
    return _read(path, 0)


def _read(path: Path, inline: int) -> WheelLayout:
    with path.open("rb") as file:
        size = file.seek(0, 2)
        pieces: list[bytes | WheelPiece] = []
        for start, end, is_kept in _merge_small(_cut(_list_bodies(file, size), size, inline)):
            file.seek(start)
            pieces.append(WheelPiece(_digest(file, end - start), end - start) if is_kept else file.read(end - start))
        return WheelLayout(tuple(pieces))


def store_members(path: Path, layout: WheelLayout, members: Blobs) -> None:
    """Store the pieces of the wheel *path* among the *members*.

    :raises MismatchError: if *layout* is that of another wheel.
    """
    with path.open("rb") as file:
        for piece in layout.pieces:
            if isinstance(piece, WheelPiece):
                after = file.tell() + piece.size
                members.add(_read_blocks(file, piece.size), piece.sha256)
                file.seek(after)
            elif file.read(len(piece)) != piece:
                raise MismatchError("is not the wheel that its layout was read from", where=path.name)


def assemble_wheel(layout: WheelLayout, members: Blobs) -> Iterator[bytes]:
    """Yield the bytes of the wheel, block by block.

    :raises NotFoundError: if a member is missing.
    """
    for piece in layout.pieces:
        if isinstance(piece, bytes):
            yield piece
            continue
        path = members.verified_path(piece.sha256)
        if path is None:
            raise NotFoundError("a member of the wheel is not held", where=piece.sha256, hint="rebuild the wheel")
        with path.open("rb") as file:
            yield from _read_blocks(file, piece.size)


def _list_bodies(file: BinaryIO, size: int) -> list[tuple[int, int]]:
    """Return the start and end of each member's compressed body, in order; none if the zip cannot be cut there."""
    bodies = []
    try:
        with zipfile.ZipFile(file) as archive:
            members = archive.infolist()
        if len(members) > _MAX_MEMBERS:
            return []
        for member in members:
            file.seek(member.header_offset)
            signature, name, extra = _LOCAL_HEADER.unpack(file.read(_LOCAL_HEADER.size))
            start = member.header_offset + _LOCAL_HEADER.size + name + extra
            if signature != b"PK\3\4":
                return []
            bodies.append((start, start + member.compress_size))
    except Exception:  # zipfile raises exceptions of many classes for a hostile archive
        return []
    bodies.sort()
    are_apart = all(first[1] <= second[0] for first, second in pairwise(bodies))
    return bodies if are_apart and (not bodies or bodies[-1][1] <= size) else []


def _cut(bodies: list[tuple[int, int]], size: int, inline: int) -> Iterator[tuple[int, int, bool]]:
    """Yield the file from 0 to *size* as ranges: start, end, and whether the range is stored by its hash.

    Bodies of up to *inline* bytes are not.
    """
    place = 0
    for start, end in bodies:
        yield place, start, start - place > _MAX_STRETCH
        yield start, end, end - start > inline
        place = end
    yield place, size, size - place > _MAX_STRETCH or not bodies


def _merge_small(stretches: Iterator[tuple[int, int, bool]]) -> list[tuple[int, int, bool]]:
    """Join adjacent ranges that are in the layout; return one whole range if they are too large together."""
    merged: list[tuple[int, int, bool]] = []
    inline = 0
    for start, end, is_kept in stretches:
        if start == end:
            continue
        inline += 0 if is_kept else end - start
        if merged and not is_kept and not merged[-1][2]:
            merged[-1] = (merged[-1][0], end, False)
        else:
            merged.append((start, end, is_kept))
    if inline > _MAX_INLINE:
        return [(0, merged[-1][1], True)]
    return merged


def _digest(file: BinaryIO, size: int) -> str:
    total = hashlib.sha256()
    for block in _read_blocks(file, size):
        total.update(block)
    return total.hexdigest()


def _read_blocks(file: BinaryIO, size: int) -> Iterator[bytes]:
    while size and (block := file.read(min(size, _BLOCK))):
        size -= len(block)
        yield block
