"""Wheels cut into pieces: together they are the file again, whatever the zip says of itself."""

from __future__ import annotations

import hashlib
import os
import struct
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from specs import PURE
from wheels import write_foreign_wheel, write_own_wheel
from zigbuild_backend.core.base.errors import MismatchError, NotFoundError
from zigbuild_backend.index.blobs import LocalBlobs
from zigbuild_backend.index.wheel_pieces import (
    WheelLayout,
    WheelPiece,
    assemble_wheel,
    parse_layout,
    read_layout,
    read_outline,
    store_members,
)

LARGE = os.urandom(5000)
SHARED = {"eggs/a.bin": LARGE, "eggs/b.py": b"b", "eggs/c.py": b"c = 1\n" * 2000, "eggs/d.bin": os.urandom(4000)}


@pytest.fixture
def members(tmp_path: Path) -> LocalBlobs:
    return LocalBlobs(tmp_path / "members", tmp_path / "quarantine")


def assert_put_together_again(path: Path, members: LocalBlobs) -> WheelLayout:
    """Assert that a file comes back from its pieces alone; return its layout."""
    data = path.read_bytes()
    layout = parse_layout(read_layout(path).to_bytes())
    assert layout == read_layout(path)
    assert layout.size == len(data)
    store_members(path, layout, members)
    path.unlink()
    assert b"".join(assemble_wheel(layout, members)) == data
    return layout


def test_large_members_are_pieces_that_wheels_share(members: LocalBlobs, tmp_path: Path) -> None:
    foreign = assert_put_together_again(write_foreign_wheel(tmp_path, modules=SHARED), members)
    own = assert_put_together_again(write_own_wheel(tmp_path, PURE, SHARED), members)
    digest = hashlib.sha256(LARGE).hexdigest()
    assert WheelPiece(digest, len(LARGE)) in own.kept
    assert {piece.size for piece in own.kept} == {len(LARGE), 4000, 12000}
    # zipfile stores noise a little larger than it is; only two of its members are worth a file.
    assert len(foreign.kept) == 2
    assert sum(len(piece) for piece in own.pieces if isinstance(piece, bytes)) < 3000
    assert len(list(members.list())) == len(set(own.kept) | set(foreign.kept))


def test_an_outline_is_a_layout_with_every_member_elsewhere(members: LocalBlobs, tmp_path: Path) -> None:
    path = write_own_wheel(tmp_path, PURE, SHARED)
    outline, layout, data = read_outline(path), read_layout(path), path.read_bytes()
    assert outline.large == layout.kept == layout.large
    assert set(outline.kept) > set(layout.kept)
    assert len(outline.kept) == len(zipfile.ZipFile(path).namelist())
    assert len(outline.to_bytes()) < len(layout.to_bytes())
    store_members(path, outline, members)
    assert b"".join(assemble_wheel(outline, members)) == data


def test_a_piece_that_is_in_a_wheel_twice_is_kept_once(members: LocalBlobs, tmp_path: Path) -> None:
    layout = assert_put_together_again(write_own_wheel(tmp_path, PURE, {"x.bin": LARGE, "y.bin": LARGE}), members)
    assert layout.kept == (WheelPiece(hashlib.sha256(LARGE).hexdigest(), len(LARGE)),)
    assert len(layout.pieces) == 5


def test_a_missing_piece_is_said(members: LocalBlobs, tmp_path: Path) -> None:
    path = write_own_wheel(tmp_path, PURE, {"x.bin": LARGE})
    layout = read_layout(path)
    store_members(path, layout, members)
    members.remove(layout.kept[0].sha256)
    with pytest.raises(NotFoundError, match="member"):
        b"".join(assemble_wheel(layout, members))


def test_another_wheel_is_not_split(members: LocalBlobs, tmp_path: Path) -> None:
    path = write_own_wheel(tmp_path, PURE, {"x.bin": LARGE})
    layout = read_layout(path)
    for data in (path.read_bytes().replace(LARGE, bytes(5000)), b"x" + path.read_bytes()[1:]):
        path.write_bytes(data)
        with pytest.raises(MismatchError):
            store_members(path, layout, members)
    assert list(members.list()) == []


def write_unseekable(path: Path, files: Mapping[str, bytes]) -> None:
    """With data descriptors behind the members, as a zip is written into a pipe."""
    reading, writing = os.pipe()
    with os.fdopen(writing, "wb") as pipe, zipfile.ZipFile(pipe, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    with os.fdopen(reading, "rb") as pipe:
        path.write_bytes(pipe.read())


def write_zip64(path: Path, files: Mapping[str, bytes]) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            with archive.open(name, "w", force_zip64=True) as member:
                member.write(data)


def write_compressed(path: Path, files: Mapping[str, bytes]) -> None:
    methods = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
    with zipfile.ZipFile(path, "w") as archive:
        for method in methods:
            for name, data in files.items():
                archive.writestr(f"{method}/{name}", data, method)
        archive.comment = b"a comment"


def write_surrounded(path: Path, files: Mapping[str, bytes]) -> None:
    with path.open("wb") as file:
        file.write(b"#!/bin/python\n" * 10_000)
        with zipfile.ZipFile(file, "a") as archive:
            archive.writestr(zipfile.ZipInfo("folder/"), b"")
            for name, data in files.items():
                archive.writestr(name, data)


@pytest.mark.parametrize("write", [write_unseekable, write_zip64, write_compressed, write_surrounded])
def test_zips_of_every_kind(
    write: Callable[[Path, Mapping[str, bytes]], None], members: LocalBlobs, tmp_path: Path
) -> None:
    path = tmp_path / "x.whl"
    write(path, {"a.bin": LARGE, "b.txt": b"", "ü.bin": os.urandom(2000)})
    layout = assert_put_together_again(path, members)
    assert WheelPiece(hashlib.sha256(LARGE).hexdigest(), len(LARGE)) in layout.kept


def central_headers(data: bytes) -> list[int]:
    """Return the places of the headers in the directory."""
    return [place for place in range(len(data)) if data.startswith(b"PK\1\2", place)]


def overlap(data: bytearray) -> None:
    """Let the second member begin where the first does."""
    first, second, *_ = central_headers(data)
    data[second + 42 : second + 46] = data[first + 42 : first + 46]


def lie_about_size(data: bytearray) -> None:
    """Let the first member reach into the second."""
    struct.pack_into("<L", data, central_headers(data)[0] + 20, 6000)


def reach_beyond_the_end(data: bytearray) -> None:
    struct.pack_into("<L", data, central_headers(data)[-1] + 20, 0x7FFFFFFF)


def begin_beyond_the_end(data: bytearray) -> None:
    struct.pack_into("<L", data, central_headers(data)[-1] + 42, 0x7FFFFFFF)


def lose_a_header(data: bytearray) -> None:
    data[:4] = b"none"


def lose_the_end(data: bytearray) -> None:
    del data[-30:]


def become_nothing(data: bytearray) -> None:
    data[:] = bytes(5000)


@pytest.mark.parametrize(
    "spoil",
    [
        overlap,
        lie_about_size,
        reach_beyond_the_end,
        begin_beyond_the_end,
        lose_a_header,
        lose_the_end,
        become_nothing,
    ],
)
def test_what_lies_is_one_piece(spoil: Callable[[bytearray], None], members: LocalBlobs, tmp_path: Path) -> None:
    path = tmp_path / "x.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.bin", LARGE)
        archive.writestr("b.bin", os.urandom(4000))
    data = bytearray(path.read_bytes())
    spoil(data)
    path.write_bytes(data)
    layout = assert_put_together_again(path, members)
    assert layout.pieces == (WheelPiece(hashlib.sha256(data).hexdigest(), len(data)),)


def test_an_empty_file(members: LocalBlobs, tmp_path: Path) -> None:
    (tmp_path / "x.whl").write_bytes(b"")
    assert assert_put_together_again(tmp_path / "x.whl", members).pieces == ()


def test_what_would_fill_the_ledger_is_one_piece(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(50):
            archive.writestr(str(number), bytes(1000))
    assert read_layout(path).kept == ()
    monkeypatch.setattr("zigbuild_backend.index.wheel_pieces._MAX_INLINE", 50_000)
    assert read_layout(path).kept == (WheelPiece(hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_size),)
    monkeypatch.undo()
    monkeypatch.setattr("zigbuild_backend.index.wheel_pieces._MAX_MEMBERS", 49)
    assert len(read_layout(path).kept) == 1


@pytest.mark.parametrize("data", [b"", b"x", b"zigbuild-layout 1\n", b"zigbuild-layout 1\nnothing packed"])
def test_what_is_no_layout_is_refused(data: bytes) -> None:
    with pytest.raises(MismatchError, match="no valid layout"):
        parse_layout(data)


def test_half_a_layout_is_refused() -> None:
    import zlib

    data = WheelLayout((b"some bytes", WheelPiece("ab" * 32, 5))).to_bytes()
    head, body = data[:18], zlib.decompress(data[18:])
    for size in range(1, len(body)):
        if size != 19:  # there the first piece ends
            with pytest.raises(MismatchError):
                parse_layout(head + zlib.compress(body[:size]))
