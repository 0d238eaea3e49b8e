"""Writes archives, zip for wheels and tar.gz for sdists, whose bytes follow from the entries and the time alone.

All that the formats leave open is constant here, instead of the choice of a library, whose next version may choose
otherwise. The formats are PKWARE's APPNOTE.TXT 6.3 for zip, POSIX.1-2001 pax for tar (which PEP 625 requires) and RFC
1952 for gzip.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import struct
import time
from binascii import crc32
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any, ClassVar

from ..base.errors import ProblemList, ZigbuildError
from ..base.frozen import dataclass

_EARLIEST, _LATEST = 315532800, 4354819198
"""1980-01-01 00:00:00 and 2107-12-31 23:59:58 UTC, the first and the last time that a zip can hold."""

_UNIX = 3
_PLAIN, _ZIP64 = 20, 45
"""The version of the format that a reader must know, in tenths."""

_UTF8 = 1 << 11
_STORED, _DEFLATED = 0, 8
_MAX16, _MAX32 = 0xFFFF, 0xFFFFFFFF
"""A field with this value refers to a ZIP64 field."""

_BLOCK = 512
_MAX_TAR_SIZE = 8**11 - 1


class WriteError(ZigbuildError):
    """An archive cannot be written."""

    exit_code: ClassVar[int] = 2


@dataclass(frozen=True)
class Entry:
    """A file in an archive: its path with forward slashes, its bytes, and whether it is a program or a script."""

    path: str
    data: bytes
    is_executable: bool = False

    @cached_property
    def sha256(self) -> bytes:
        """The digest of the bytes, computed once for an entry that is in many archives."""
        return hashlib.sha256(self.data).digest()

    @property
    def mode(self) -> int:
        """The type and permissions, as in ``stat``: readable by all, writable by the owner, executable if so marked."""
        return stat.S_IFREG | (0o755 if self.is_executable else 0o644)


def write_wheel(path: Path, entries: Iterable[Entry], *, mtime: int, deflate: Callable[[bytes], bytes] | None) -> None:
    """Write the wheel *path* with *entries*, the ``.dist-info`` folder last and its RECORD the very last.

    *mtime* is in seconds since 1970 (UTC) and moved into the years 1980 to 2107, to an even second. *deflate* returns
    raw RFC 1951 streams; a member that does not shrink is stored, and so is every member if it is None. The file
    appears under its name when it is complete, and replaces an older one.

    :raises ConfigurationError: naming all entries whose paths are unfit: used twice, absolute, leaving the archive.
    :raises WriteError: if the file cannot be written; then no part of it is left.
    """
    _write(path, _render_zip(_arrange(entries, _wheel_order), _clamp(mtime), deflate))


def write_sdist(path: Path, prefix: str, entries: Iterable[Entry], *, mtime: int) -> None:
    """Write the sdist *path*, a gzipped tar, with *entries* below the folder *prefix* (``name-version``).

    *mtime*, the errors and the replacement of an older file are as for ``write_wheel``. No compiler is needed.
    """
    from .deflate.effort import FAST
    from .deflate.pure import deflate_pure

    tar = b"".join(_render_tar(_arrange(entries, _name), prefix, _clamp(mtime)))
    # No time, no name, and "unknown" for the operating system.
    header = b"\x1f\x8b\x08" + bytes(6) + b"\xff"
    _write(path, (header, deflate_pure(tar, FAST), struct.pack("<LL", crc32(tar), len(tar) & _MAX32)))


def _clamp(mtime: int) -> int:
    return min(max(mtime, _EARLIEST), _LATEST) & ~1


def _name(entry: Entry) -> bytes:
    return entry.path.encode()


def _wheel_order(entry: Entry) -> tuple[bool, bool, bytes]:
    folder, _, rest = entry.path.partition("/")
    is_dist_info = folder.endswith(".dist-info") and rest != ""
    return is_dist_info, is_dist_info and rest == "RECORD", _name(entry)


def _arrange(entries: Iterable[Entry], order: Callable[[Entry], Any]) -> list[Entry]:
    """Return *entries* sorted by *order*, after a check of their paths."""
    members = list(entries)
    _check_paths(member.path for member in members)
    return sorted(members, key=order)


def _check_paths(paths: Iterable[str]) -> None:
    """Check that *paths* can be those of one archive.

    :raises ConfigurationError: naming all that cannot.
    """
    problems = ProblemList()
    counts = Counter(paths)
    for path, count in sorted(counts.items()):
        place = problems.at(path if path.isprintable() else repr(path))
        if fault := _find_fault(path):
            place.add(f"{fault}, which no archive may hold")
        elif count > 1:
            place.add(f"{count} files have this path in the archive", "each path can be given to one file")
        elif any(str(folder) in counts for folder in PurePosixPath(path).parents):
            place.add("a folder of this path is a file in the same archive")
    problems.raise_any()


def _find_fault(path: str) -> str:
    """Return the reason why *path* cannot be unpacked on every system, empty if it can."""
    if not path:
        return "an empty path"
    if "\0" in path:
        return "a path with a NUL character"
    if "\\" in path:
        return "a path with a backslash"
    if path.startswith("/") or (path[1:2] == ":" and path[0].isascii() and path[0].isalpha()):
        return "an absolute path"
    if not {"", ".", ".."}.isdisjoint(path.split("/")):
        return "a path with a part that is empty, '.' or '..'"
    try:
        size = len(path.encode())
    except UnicodeEncodeError:
        return "a path that is not Unicode text"
    return "a path longer than 65535 bytes" if size > _MAX16 else ""


def _write(path: Path, pieces: Iterable[bytes]) -> None:
    # Of a short length of its own: the name of a wheel can be as long as a file system allows.
    partial = path.with_name(f".{os.urandom(8).hex()}.partial")
    try:
        with partial.open("xb") as file:
            file.writelines(pieces)
        partial.replace(path)
    except BaseException as error:
        with suppress(OSError):
            partial.unlink()
        if not isinstance(error, OSError):
            raise
        hint = "the folder must exist, and files must be allowed in it"
        if error.errno == errno.ENOSPC:
            hint = "make room there, or choose another folder"
        raise WriteError(f"cannot be written: {error.strerror}", where=str(path), hint=hint) from error


@dataclass(frozen=True)
class _Member:
    """The content of the headers of a zip member; sizes and the offset of its local header are in bytes."""

    name: bytes
    mode: int
    method: int
    crc: int
    packed: int
    size: int
    offset: int

    @property
    def version(self) -> int:
        return _ZIP64 if max(self.packed, self.size, self.offset) >= _MAX32 else _PLAIN

    @property
    def flags(self) -> int:
        return 0 if self.name.isascii() else _UTF8


def _render_zip(members: Iterable[Entry], mtime: int, deflate: Callable[[bytes], bytes] | None) -> Iterator[bytes]:
    directory: list[bytes] = []
    offset = 0
    for entry in members:
        method, body = _STORED, entry.data
        if deflate:
            deflated = deflate(entry.data)
            if len(deflated) < len(entry.data):
                method, body = _DEFLATED, deflated
        member = _Member(_name(entry), entry.mode, method, crc32(entry.data), len(body), len(entry.data), offset)
        header = _render_local_header(member, mtime)
        yield header
        yield body
        offset += len(header) + len(body)
        directory.append(_render_central_header(member, mtime))
    yield from directory
    yield _render_end(len(directory), sum(map(len, directory)), offset)


def _render_local_header(member: _Member, mtime: int) -> bytes:
    """Return the header of APPNOTE 4.3.7. Either both sizes are in ZIP64 fields or none (4.5.3)."""
    extra = b""
    packed, size = member.packed, member.size
    if max(packed, size) >= _MAX32:
        extra = struct.pack("<HHQQ", 1, 16, size, packed)
        packed = size = _MAX32
    fixed = struct.pack(
        "<4sHHHLLLLHH",
        b"PK\3\4",
        member.version,
        member.flags,
        member.method,
        _dos_time(mtime),
        member.crc,
        packed,
        size,
        len(member.name),
        len(extra),
    )
    return fixed + member.name + extra


def _render_central_header(member: _Member, mtime: int) -> bytes:
    """Return the header of APPNOTE 4.3.12. Only values too large for their field are in ZIP64 fields (4.5.3)."""
    large = [value for value in (member.size, member.packed, member.offset) if value >= _MAX32]
    extra = struct.pack(f"<HH{len(large)}Q", 1, 8 * len(large), *large) if large else b""
    fixed = struct.pack(
        "<4sBBHHHLLLLHHHHHLL",
        b"PK\1\2",
        member.version,
        _UNIX,
        member.version,
        member.flags,
        member.method,
        _dos_time(mtime),
        member.crc,
        min(member.packed, _MAX32),
        min(member.size, _MAX32),
        len(member.name),
        len(extra),
        0,
        0,
        0,
        member.mode << 16,
        min(member.offset, _MAX32),
    )
    return fixed + member.name + extra


def _render_end(count: int, size: int, offset: int) -> bytes:
    """Return the end (4.3.14-16) of a zip, whose directory at *offset* has *count* headers and *size* bytes."""
    zip64 = b""
    if count >= _MAX16 or max(size, offset) >= _MAX32:
        record = struct.pack("<4sQBBHLLQQQQ", b"PK\6\6", 44, _ZIP64, _UNIX, _ZIP64, 0, 0, count, count, size, offset)
        zip64 = record + struct.pack("<4sLQL", b"PK\6\7", 0, offset + size, 1)
    count = min(count, _MAX16)
    return zip64 + struct.pack("<4sHHHHLLH", b"PK\5\6", 0, 0, count, count, min(size, _MAX32), min(offset, _MAX32), 0)


def _dos_time(mtime: int) -> int:
    """Return the date in the upper and the time of day in the lower 16 bits: years from 1980 on, seconds halved."""
    year, month, day, hour, minute, second, *_ = time.gmtime(mtime)
    return year - 1980 << 25 | month << 21 | day << 16 | hour << 11 | minute << 5 | second // 2


def _render_tar(members: Iterable[Entry], prefix: str, mtime: int) -> Iterator[bytes]:
    for entry in members:
        name, size = f"{prefix}/{entry.path}".encode(), len(entry.data)
        extended = b""
        if len(name) > 100 or not name.isascii():
            extended += _render_extended("path", name)
        if size > _MAX_TAR_SIZE:
            extended += _render_extended("size", b"%d" % size)
        if extended:
            yield _render_tar_header(b"PaxHeaders", 0o644, len(extended), mtime, b"x")
            yield _pad(extended)
        yield _render_tar_header(name, stat.S_IMODE(entry.mode), size, mtime, b"0")
        yield _pad(entry.data)
    yield bytes(2 * _BLOCK)


def _render_extended(key: str, value: bytes) -> bytes:
    """Return a record of a pax header, which starts with its own length, the digits of that included."""
    rest = b" %s=%s\n" % (key.encode(), value)
    length = len(rest) + len(str(len(rest)))
    # The digits may add one digit to the length.
    length = len(rest) + len(str(length))
    return b"%d" % length + rest


def _render_tar_header(name: bytes, mode: int, size: int, mtime: int, kind: bytes) -> bytes:
    """Return a ustar header without an owner; values that do not fit it are in the pax header before it."""
    before = struct.pack(
        "100s8s8s8s12s12s",
        name[:100],
        b"%07o" % mode,
        b"%07o" % 0,
        b"%07o" % 0,
        b"%011o" % min(size, _MAX_TAR_SIZE),
        b"%011o" % mtime,
    )
    after = struct.pack("s100s8s64s8s8s167x", kind, b"", b"ustar\00000", b"", b"%07o" % 0, b"%07o" % 0)
    # The checksum counts its own eight bytes as spaces.
    return before + b"%06o\0 " % (sum(before) + sum(after) + 8 * ord(" ")) + after


def _pad(data: bytes) -> bytes:
    return data + bytes(-len(data) % _BLOCK)
