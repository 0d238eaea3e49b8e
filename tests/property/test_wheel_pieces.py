"""Any zip, sound or not, comes back from its pieces byte for byte."""

from __future__ import annotations

import io
import tempfile
import zipfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from zigbuild_backend.index.blobs import LocalBlobs
from zigbuild_backend.index.wheel_pieces import (
    WheelLayout,
    WheelPiece,
    assemble_wheel,
    parse_layout,
    read_layout,
    store_members,
)

METHODS = st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
BODIES = st.binary(max_size=200) | st.builds(lambda unit, count: unit * count, st.binary(max_size=40), st.just(200))
MEMBERS = st.lists(st.tuples(st.text("abcü/", min_size=1, max_size=5), BODIES, METHODS, st.booleans()), max_size=6)


def write_zip(members: list[tuple[str, bytes, int, bool]], prefix: bytes, comment: bytes) -> bytes:
    file = io.BytesIO()
    file.write(prefix)
    with zipfile.ZipFile(file, "a") as archive:
        for number, (name, body, method, is_zip64) in enumerate(members):
            info = zipfile.ZipInfo(f"{number}{name}")
            info.compress_type = method
            with archive.open(info, "w", force_zip64=is_zip64) as member:
                member.write(body)
        archive.comment = comment
    return file.getvalue()


def put_together_again(data: bytes) -> tuple[WheelLayout, bytes]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "x.whl")
        path.write_bytes(data)
        members = LocalBlobs(Path(folder, "members"), Path(folder, "quarantine"))
        layout = parse_layout(read_layout(path).to_bytes())
        store_members(path, layout, members)
        return layout, b"".join(assemble_wheel(layout, members))


@given(MEMBERS, st.binary(max_size=30), st.binary(max_size=30))
def test_sound_zips(members: list[tuple[str, bytes, int, bool]], prefix: bytes, comment: bytes) -> None:
    data = write_zip(members, prefix, comment)
    layout, again = put_together_again(data)
    assert again == data
    assert layout.size == len(data)


@given(MEMBERS, st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), max_size=8), st.integers(0, 40))
def test_spoilt_zips(members: list[tuple[str, bytes, int, bool]], flips: list[tuple[int, int]], cut: int) -> None:
    data = bytearray(write_zip(members, b"", b""))
    for place, value in flips:
        data[place % len(data)] = value
    del data[len(data) - cut :]
    assert put_together_again(bytes(data))[1] == data


PIECES = st.binary() | st.builds(WheelPiece, st.binary(min_size=32, max_size=32).map(bytes.hex), st.integers(0, 2**63))


@given(st.lists(PIECES, max_size=10).map(tuple))
def test_layouts_are_stored_and_read(pieces: tuple[bytes | WheelPiece, ...]) -> None:
    assert parse_layout(WheelLayout(pieces).to_bytes()).pieces == pieces
