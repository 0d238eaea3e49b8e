"""Parses zip archives with every field of every header; they may be damaged or hostile.

``zipfile`` hides local headers, data descriptors and the bytes between members, in which two archives of the same files
differ. Fields are named as in PKWARE's APPNOTE.TXT 6.3, in plain words.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from ...core.base.errors import MismatchError
from ...core.binaries.binary import MalformedBinary, View
from .difference import Difference, escape

STORED, DEFLATED = 0, 8
HAS_DESCRIPTOR = 1 << 3
"""The flag of a member whose sizes follow its data."""

_MAX16, _MAX32 = 0xFFFF, 0xFFFFFFFF
_END_SIZE = 22
_MOST_MEMBERS = 100_000
_LARGEST_MEMBER = 1 << 28
"""In bytes: a member that says that it unpacks to more is not unpacked."""
_MOST_UNPACKED = 1 << 30
"""In bytes, over all members of an archive that are unpacked."""

_SHARED_FIELDS = ("version needed", "flags", "method", "time", "CRC", "packed size", "size")
_LOCAL_FIELDS = (*_SHARED_FIELDS, "name", "extra field")
_CENTRAL_FIELDS = (
    *("version", "system", *_SHARED_FIELDS, "name", "extra field", "comment"),
    *("disk", "internal attributes", "attributes", "offset"),
)
"""In the order of the headers, with the sizes of the fields that follow them in place of those."""

Fields = Mapping[str, "int | bytes"]


class MalformedZip(MismatchError):  # noqa: N818 (named as MalformedBinary)
    """The bytes are not a zip archive that can be unpacked."""


@dataclass(frozen=True)
class ZipMember:
    """A member with its entry in the central directory, its local header, and the place of its packed bytes.

    ``start`` and ``packed`` are in bytes. ``fault`` says why the packed bytes cannot be found, else it is empty.
    """

    name: str
    central: Fields
    local: Fields
    start: int
    packed: int
    size: int
    fault: str = ""

    @property
    def method(self) -> int:
        return int(self.central["method"])


@dataclass
class ZipArchive:
    """An archive with its ``members`` in the order of the central directory.

    ``end`` has the fields of the end record. ``before``, ``between`` and ``after`` are bytes outside of all records.
    """

    data: bytes
    members: tuple[ZipMember, ...]
    end: Fields
    before: bytes
    between: bytes
    after: bytes
    _left: int = field(default=_MOST_UNPACKED, repr=False)

    @cached_property
    def by_name(self) -> Mapping[str, ZipMember]:
        """The members by name; of several with one name, the last, which installers use."""
        return {member.name: member for member in self.members}

    def packed(self, member: ZipMember) -> bytes:
        """Return the packed bytes of a member."""
        return self.data[member.start : member.start + member.packed]

    def unpack(self, member: ZipMember) -> bytes:
        """Return the content of a member.

        :raises MalformedZip: if it cannot be unpacked, or is too large; the message continues a sentence with "it".
        """
        if member.fault:
            raise MalformedZip(member.fault)
        packed = self.packed(member)
        if member.size > min(_LARGEST_MEMBER, self._left):
            what = f"says that it unpacks to {member.size} bytes, which is too large to compare"
            raise MalformedZip(what, hint=f"{_LARGEST_MEMBER} bytes are unpacked at once, {_MOST_UNPACKED} in all")
        self._left -= member.size
        if member.method == DEFLATED:
            content = _inflate(packed, member.size)
        elif member.method == STORED:
            content = packed
        else:
            raise MalformedZip(f"is packed by method {member.method}, which wheels do not use")
        if len(content) != member.size:
            raise MalformedZip(f"does not unpack to the {member.size} bytes that it says")
        if zlib.crc32(content) != member.central["CRC"]:
            raise MalformedZip("does not have the CRC that the archive says")
        return content


def _inflate(packed: bytes, size: int) -> bytes:
    inflater = zlib.decompressobj(-15)
    try:
        # Ask for one byte more, so that a longer stream is noticed.
        content = inflater.decompress(packed, size + 1)
    except zlib.error as error:
        raise MalformedZip(f"cannot be unpacked: {error}") from error
    if len(content) == size and (not inflater.eof or inflater.unused_data):
        raise MalformedZip("is a compressed stream with another end than the archive says")
    return content


def parse_zip(data: bytes) -> ZipArchive:
    """Parse the archive *data* by its central directory.

    :raises MalformedZip: if it has none, or its members overlap so that they have more bytes than the file.
    """
    try:
        return _parse(View(data), data)
    except MalformedBinary as error:
        raise MalformedZip("its directory is outside the file, which is truncated or damaged") from error


def _parse(view: View, data: bytes) -> ZipArchive:
    end_at = data.rfind(b"PK\5\6", max(0, len(data) - _END_SIZE - _MAX16))
    if end_at < 0:
        raise MalformedZip("there is no end of a zip archive in it")
    end, directory_end, after_at = _parse_end(view, end_at)
    size, offset = int(end["directory size"]), int(end["directory offset"])
    # Offsets count from the first header: something may stand before it, as in programs that unpack themselves.
    shift = directory_end - size - offset
    if shift < 0:
        raise MalformedZip("its directory does not end where its end record says")
    members = tuple(_parse_directory(view, shift, directory_end - size, directory_end))
    if sum(member.packed for member in members) > len(data):
        raise MalformedZip("its members overlap and hold more bytes than the file")
    return ZipArchive(
        data=data,
        members=members,
        end={name: value for name, value in end.items() if not name.startswith("directory")},
        before=data[:shift],
        between=_find_between(data, members, shift, directory_end - size),
        after=data[after_at:],
    )


def _parse_end(view: View, at: int) -> tuple[Fields, int, int]:
    """Return the fields of the end record at *at*, the end of the directory, and the end of the record."""
    _, disk, first_disk, here, total, size, offset, comment = view.row("4sHHHHLLH", at)
    directory_end, is_zip64 = at, 0
    if at >= 20 and view.take(at - 20, 4) == b"PK\6\7":
        record = at - 20 - 56
        signature, _, _, _, _, _, _, total64, size64, offset64 = view.row("4sQHHLLQQQQ", record)
        if signature != b"PK\6\6":
            raise MalformedZip("its ZIP64 end record is not where it belongs")
        total, size, offset, directory_end, is_zip64 = total64, size64, offset64, record, 1
    fields: dict[str, int | bytes] = {
        "directory size": size,
        "directory offset": offset,
        "disk": disk,
        "first disk": first_disk,
        "number of members": total,
        "number of members on this disk": here,
        "ZIP64 end record": is_zip64,
        "comment": view.take(at + _END_SIZE, min(comment, len(view) - at - _END_SIZE)),
    }
    return fields, directory_end, at + _END_SIZE + comment


def _parse_directory(view: View, shift: int, at: int, end: int) -> Iterator[ZipMember]:
    for _ in range(_MOST_MEMBERS):
        if at >= end:
            return
        signature, *values = view.row("4sBBHHHLLLLHHHHHLL", at)
        if signature != b"PK\1\2":
            raise MalformedZip("its directory is damaged")
        central: dict[str, int | bytes] = dict(zip(_CENTRAL_FIELDS, values, strict=True))
        at += 46
        for name in ("name", "extra field", "comment"):
            size = int(central[name])
            central[name] = view.take(at, size)
            at += size
        wide = _find_wide_values(bytes(central["extra field"]))
        size, packed, offset = (
            next(wide, value) if value == _MAX32 else value
            for value in (int(central["size"]), int(central["packed size"]), int(central.pop("offset")))
        )
        local, start, fault = _parse_local(view, shift + offset, packed)
        name = escape(bytes(central["name"]).decode(errors="backslashreplace"))
        yield ZipMember(name, central, local, start, 0 if fault else packed, size, fault)
    raise MalformedZip("it has more members than wheels have")


def _find_wide_values(extra: bytes) -> Iterator[int]:
    """Return the values that do not fit into a header, from its ZIP64 field (4.5.3)."""
    wide = dict(split_extra(extra)).get(1, b"")
    return (int.from_bytes(wide[at : at + 8], "little") for at in range(0, len(wide) - 7, 8))


def split_extra(extra: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the kinds and contents in an extra field, as far as it is well formed."""
    at = 0
    while at + 4 <= len(extra):
        kind, size = struct.unpack_from("<HH", extra, at)
        yield kind, extra[at + 4 : at + 4 + size]
        at += 4 + size


def _parse_local(view: View, at: int, packed: int) -> tuple[Fields, int, str]:
    """Return the local header at *at*, the offset of the packed bytes, and the fault that makes them unusable."""
    try:
        signature, *values = view.row("4sHHHLLLLHH", at)
        if signature != b"PK\3\4":
            return {}, 0, "has no local header at the offset in the directory"
        local: dict[str, int | bytes] = dict(zip(_LOCAL_FIELDS, values, strict=True))
        start = at + 30
        for name in ("name", "extra field"):
            size = int(local[name])
            local[name] = view.take(start, size)
            start += size
        view.take(start, packed)
    except MalformedBinary:
        return {}, 0, "has bytes outside of the file"
    has_descriptor = int(local["flags"]) & HAS_DESCRIPTOR
    local["data descriptor"] = _measure_descriptor(view, start + packed, packed) if has_descriptor else 0
    return local, start, ""


def _measure_descriptor(view: View, at: int, packed: int) -> int:
    """Return the size of a data descriptor, with or without a signature, with sizes of 32 or 64 bits (4.3.9)."""
    signature = 4 if view.take(at, min(4, len(view) - at)) == b"PK\7\x08" else 0
    return signature + (20 if packed >= _MAX32 else 12)


def _find_between(data: bytes, members: tuple[ZipMember, ...], start: int, end: int) -> bytes:
    """Return the bytes from *start* to *end* that are in no local header, member or data descriptor."""
    pieces = []
    for member in sorted((member for member in members if not member.fault), key=lambda member: member.start):
        local = member.local
        header = 30 + len(bytes(local["name"])) + len(bytes(local["extra field"]))
        pieces.append(data[start : member.start - header])
        start = max(start, member.start + member.packed + int(local["data descriptor"]))
    return b"".join([*pieces, data[start:end]])


def explain_fault(where: str, name: str, error: MalformedZip) -> Difference:
    """Return the difference for a member that ``unpack`` cannot read; *where* is, say, ``in the found wheel``."""
    (problem,) = error.problems
    what = f"cannot be read {where}: it {problem.message}"
    return Difference(name, what, problem.hint or "the archive was damaged or altered")
