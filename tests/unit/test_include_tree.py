"""Reading headers from folders and archives, honest and hostile."""

from __future__ import annotations

import io
import os
import tarfile
import zipfile
from pathlib import Path

import pytest

from headers import FOREIGN, fake_headers, write_tree
from zigbuild_backend.core.base.errors import ConfigurationError, NotFoundError
from zigbuild_backend.core.cpython import include_archive
from zigbuild_backend.core.cpython.header_reader import read_headers
from zigbuild_backend.core.cpython.include_tree import list_include_folders

HEADERS = fake_headers()


@pytest.mark.parametrize(
    "place", [".", "include", "Include", "include/python3.13", "include/python3.13t", "python3.13"]
)
def test_a_folder(tmp_path: Path, place: str) -> None:
    write_tree(tmp_path / place, HEADERS | FOREIGN)
    assert read_headers(tmp_path) == HEADERS


def test_a_prefix_with_the_same_headers_twice(tmp_path: Path) -> None:
    write_tree(tmp_path / "include/python3.13", HEADERS)
    write_tree(tmp_path / "include/python3.13t", HEADERS)
    assert len(list_include_folders(tmp_path)) == 2
    assert read_headers(tmp_path) == HEADERS


def test_a_prefix_with_several_versions(tmp_path: Path) -> None:
    write_tree(tmp_path / "include/python3.12", fake_headers("3.12.1"))
    write_tree(tmp_path / "include/python3.13", HEADERS)
    with pytest.raises(ConfigurationError, match="several versions") as error:
        read_headers(tmp_path)
    assert str(tmp_path / "include/python3.12") in error.value.problems[0].hint


def test_links_in_a_folder_are_followed(tmp_path: Path) -> None:
    real = write_tree(tmp_path / "real", HEADERS)
    (tmp_path / "prefix").mkdir()
    (tmp_path / "prefix/include").symlink_to(real)
    assert read_headers(tmp_path / "prefix") == HEADERS


@pytest.mark.parametrize("missing", ["Python.h", "patchlevel.h"])
def test_a_folder_without_cpython(tmp_path: Path, missing: str) -> None:
    write_tree(tmp_path, {name: data for name, data in HEADERS.items() if name != missing})
    with pytest.raises(NotFoundError, match="no headers of CPython") as error:
        read_headers(tmp_path)
    assert error.value.problems[0].where == str(tmp_path)
    assert "an include folder" in error.value.problems[0].hint


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="no such file or folder"):
        read_headers(tmp_path / "nowhere")


def pack_tar(path: Path, members: list[tarfile.TarInfo | tuple[str, bytes]], mode: str = "w:gz") -> Path:
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for member in members:
            if isinstance(member, tarfile.TarInfo):
                archive.addfile(member)
            else:
                info = tarfile.TarInfo(member[0])
                info.size = len(member[1])
                archive.addfile(info, io.BytesIO(member[1]))
    return path


def pack_zip(path: Path, members: list[tuple[str, bytes]]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return path


def below(folder: str, files: dict[str, bytes] = HEADERS | FOREIGN) -> list[tuple[str, bytes]]:
    return [(f"{folder}{name}", data) for name, data in files.items()]


def link(name: str, kind: bytes) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, "/etc/passwd"
    return info


@pytest.mark.parametrize("place", ["", "./", "Python-3.13.0/Include/", "usr/include/python3.13/"])
@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_a_tar_archive(tmp_path: Path, place: str, mode: str) -> None:
    others = below("Python-3.13.0/Modules/expat/", {"expat.h": b"", "link": b""})
    links = [link("Python-3.13.0/Misc/link", tarfile.SYMTYPE), tarfile.TarInfo("folder.h")]
    links[1].type = tarfile.DIRTYPE
    assert read_headers(pack_tar(tmp_path / "archive", [*others, *links, *below(place)], mode)) == HEADERS


def test_a_zip_archive(tmp_path: Path) -> None:
    path = pack_zip(tmp_path / "archive.zip", [("Python-3.13.0/", b""), *below("Python-3.13.0/Include/")])
    assert read_headers(path) == HEADERS


def test_an_archive_with_several_versions(tmp_path: Path) -> None:
    path = pack_zip(tmp_path / "x.zip", [*below("a/", fake_headers("3.12.1")), *below("b/")])
    with pytest.raises(ConfigurationError, match="several versions") as error:
        read_headers(path)
    assert error.value.problems[0].hint == "name one of a, b"


def test_an_archive_without_headers(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="no headers of CPython"):
        read_headers(pack_zip(tmp_path / "x.zip", [("x.h", b"")]))


@pytest.mark.parametrize(
    "data", [b"", b"text", b"\x1f\x8b", b"\x1f\x8bnot gzip", b"BZh9", b"\xfd7zXZ\0", b"PK\5\6", os.urandom(2000)]
)
def test_what_is_no_archive(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "x.tar"
    path.write_bytes(data)
    with pytest.raises((ConfigurationError, NotFoundError)) as error:
        read_headers(path)
    assert error.value.problems[0].where == str(path)


def test_an_archive_that_was_cut_off(tmp_path: Path) -> None:
    path = pack_tar(tmp_path / "x.tgz", [("Include/noise.h", os.urandom(50_000)), *below("Include/")])
    path.write_bytes(path.read_bytes()[:20_000])
    with pytest.raises(ConfigurationError, match="cannot be read as an archive"):
        read_headers(path)


@pytest.mark.parametrize("name", ["../x.h", "/x.h", "a/../../x.h", "a\\x.h", "../x.txt"])
def test_names_that_lead_out(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigurationError, match="leads out of it"):
        read_headers(pack_tar(tmp_path / "x.tar", [*below("Include/"), (name, b"")]))
    if "\\" not in name:
        with pytest.raises(ConfigurationError, match="leads out of it"):
            read_headers(pack_zip(tmp_path / "x.zip", [*below("Include/"), (name, b"")]))


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE])
def test_links_in_place_of_headers(tmp_path: Path, kind: bytes) -> None:
    with pytest.raises(ConfigurationError, match="as a link"):
        read_headers(pack_tar(tmp_path / "x.tar", [*below("Include/"), link("Include/evil.h", kind)]))


def test_links_in_place_of_headers_in_a_zip(tmp_path: Path) -> None:
    path = pack_zip(tmp_path / "x.zip", below("Include/"))
    with zipfile.ZipFile(path, "a") as archive:
        info = zipfile.ZipInfo("Include/evil.h")
        info.external_attr = 0o120777 << 16
        archive.writestr(info, "/etc/passwd")
    with pytest.raises(ConfigurationError, match="as a link"):
        read_headers(path)


def test_more_headers_than_cpython_has(tmp_path: Path) -> None:
    half = bytes(include_archive.MAX_HEADERS_SIZE // 2 + 1)
    members = [*below("Include/"), ("Include/a.h", half), ("Include/b.h", half)]
    for path in (pack_zip(tmp_path / "x.zip", members), pack_tar(tmp_path / "x.tgz", members)):
        assert path.stat().st_size < 1 << 20
        with pytest.raises(ConfigurationError, match="more than 64 MiB of headers"):
            read_headers(path)


def test_an_archive_that_grows_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(include_archive, "MAX_ARCHIVE_SIZE", 10 << 20)
    path = pack_tar(tmp_path / "x.tgz", [("noise", bytes(11 << 20)), *below("Include/")])
    with pytest.raises(ConfigurationError, match="decompresses to more than 10 MiB"):
        read_headers(path)


def test_line_ends_of_windows_make_no_other_header_set(tmp_path: Path) -> None:
    files = fake_headers("3.13.2")
    windows = {name: data.replace(b"\n", b"\r\n") for name, data in files.items()}
    assert read_headers(write_tree(tmp_path / "Include", windows)) == files
