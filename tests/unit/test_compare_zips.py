"""Archives that lie, as the comparison reads them: it says so, and holds no more in memory than it wants to."""

from __future__ import annotations

import struct
import zipfile
import zlib
from io import BytesIO

import pytest

from zigbuild_backend.rebuild.compare.explanation import explain, explain_members
from zigbuild_backend.rebuild.compare.raw_zip import MalformedZip, parse_zip, split_extra


def write_zip(name: str = "a.bin", content: bytes = b"spam" * 100, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as file:
        file.writestr(zipfile.ZipInfo(name), content, method)
    return buffer.getvalue()


def set_field(data: bytes, offset: int, layout: str, value: int) -> bytes:
    """Return the archive with another value in the one header of its directory."""
    at = data.index(b"PK\1\2") + offset
    field = struct.pack(f"<{layout}", value)
    return data[:at] + field + data[at + len(field) :]


def say(data: bytes) -> str:
    """Return the reason for which the one member cannot be unpacked."""
    archive = parse_zip(data)
    with pytest.raises(MalformedZip) as caught:
        archive.unpack(archive.members[0])
    return caught.value.problems[0].message


def test_what_is_sound() -> None:
    archive = parse_zip(write_zip())
    assert archive.unpack(archive.members[0]) == b"spam" * 100
    assert (archive.before, archive.between, archive.after) == (b"", b"", b"")


@pytest.mark.parametrize(
    ("offset", "layout", "value", "message"),
    [
        (10, "H", 12, "is packed by method 12, which wheels do not use"),
        (16, "L", 1, "does not have the CRC that the archive says"),
        (20, "L", 2, "cannot be unpacked|does not unpack to"),
        (20, "L", 1 << 20, "has bytes outside of the file"),
        (24, "L", 399, "does not unpack to the 399 bytes that it says"),
        (24, "L", 401, "does not unpack to the 401 bytes that it says"),
        (24, "L", 1 << 30, "says that it unpacks to 1073741824 bytes, which is too large to compare"),
        (42, "L", 1, "has no local header at the offset in the directory"),
        (42, "L", 1 << 31, "has bytes outside of the file"),
    ],
)
def test_what_the_directory_makes_up(offset: int, layout: str, value: int, message: str) -> None:
    data = write_zip()
    altered = set_field(data, offset, layout, value)
    assert any(part in say(altered) for part in message.split("|"))
    assert explain(data, altered)
    assert explain_members(b"a.bin,sha256=x,400\n", altered)


def test_a_stream_that_grows_without_end() -> None:
    bomb = write_zip(content=bytes(50_000_000))
    assert len(bomb) < 60_000
    assert say(set_field(bomb, 24, "L", 1000)) == "does not unpack to the 1000 bytes that it says"


def test_what_is_behind_a_stream() -> None:
    compressor = zlib.compressobj(wbits=-15)
    packed = compressor.compress(b"spam" * 100) + compressor.flush()
    data = write_zip("a.bin", packed + b"more", zipfile.ZIP_STORED)
    data = set_field(set_field(set_field(data, 10, "H", 8), 24, "L", 400), 16, "L", zlib.crc32(b"spam" * 100))
    assert say(data) == "is a compressed stream with another end than the archive says"


def test_members_that_overlap() -> None:
    data = write_zip(content=bytes(1000), method=zipfile.ZIP_STORED)
    start, end = data.index(b"PK\1\2"), data.index(b"PK\5\6")
    directory = data[start:end] * 3
    record = struct.pack("<4sHHHHLLH", b"PK\5\6", 0, 0, 3, 3, len(directory), start, 0)
    with pytest.raises(MalformedZip, match="overlap"):
        parse_zip(data[:start] + directory + record)


def test_a_large_archive_with_zip64_fields() -> None:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as file, file.open("a.bin", "w", force_zip64=True) as member:
        member.write(b"spam")
    archive = parse_zip(buffer.getvalue())
    assert archive.unpack(archive.members[0]) == b"spam"
    assert [kind for kind, _ in split_extra(bytes(archive.members[0].local["extra field"]))] == [1]


def test_extra_fields_that_say_nothing() -> None:
    assert list(split_extra(bytes(65535)))[-1] == (0, b"")
    assert list(split_extra(b"\1\0\xff\xffab")) == [(1, b"ab")]
