"""Reads CPython's headers from an archive, which is not trusted: in memory, and within bounds."""

from __future__ import annotations

import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO, BinaryIO, cast

from ..base.errors import ConfigurationError
from ..base.frozen import dataclass
from .cpython_version import parse_patchlevel
from .include_tree import is_header, normalise

MAX_HEADERS_SIZE = 64 << 20
"""The largest size in bytes of all header files of an archive; CPython's own tree has about 2 MiB of them."""

MAX_ARCHIVE_SIZE = 1 << 30
"""The largest size in bytes of a decompressed tar archive; CPython's source archives have a few hundred MiB."""

_DAMAGES = (
    *(tarfile.TarError, zipfile.BadZipFile, zlib.error, EOFError, OSError),
    # zipfile raises these for an unknown compression and for encryption, tarfile for broken headers.
    *(NotImplementedError, RuntimeError, ValueError),
)


def read_archive(path: Path, hint: str) -> dict[str, dict[str, bytes]]:
    """Return the include folders in the tar or zip archive *path*: name → relative path of a header → content.

    :raises ConfigurationError: with *hint*, if it cannot be read as an archive; if it exceeds
        :data:`MAX_HEADERS_SIZE` or :data:`MAX_ARCHIVE_SIZE`; if it has names that lead out of it, or links in the place
        of headers.
    """
    try:
        with path.open("rb") as file:
            members = _zip_members if zipfile.is_zipfile(file) else _tar_members
            file.seek(0)
            files = _read_header_files(members(file), str(path))
    except _DAMAGES as error:
        raise ConfigurationError(f"cannot be read as an archive: {error}", where=str(path), hint=hint) from error
    trees = {}
    for name, data in files.items():
        root = name.parent
        if name.name == "patchlevel.h" and root / "Python.h" in files and parse_patchlevel(data):
            inside = {n.relative_to(root).as_posix(): d for n, d in files.items() if n.is_relative_to(root)}
            trees[str(root)] = {n: normalise(d) for n, d in inside.items() if is_header(n)}
    return trees


@dataclass(frozen=True)
class _Member:
    """A member of an archive; ``file`` is None unless it is a regular file."""

    name: str
    size: int = 0
    is_link: bool = False
    file: IO[bytes] | None = None


def _read_header_files(members: Iterator[_Member], where: str) -> dict[PurePosixPath, bytes]:
    """Return the content of every ``.h`` file among *members*."""
    files = {}
    room = MAX_HEADERS_SIZE
    for member in members:
        name = PurePosixPath(member.name)
        if name.is_absolute() or ".." in name.parts or "\\" in member.name:
            raise ConfigurationError(
                f"holds {member.name!r}, which leads out of it or is no portable path",
                where=where,
                hint="get a sound archive from its author",
            )
        if name.suffix != ".h":
            continue
        if member.is_link:
            raise ConfigurationError(
                f"holds {member.name!r} as a link",
                where=where,
                hint="pack the headers as plain files: tar --dereference --hard-dereference",
            )
        if member.file is not None:
            room -= member.size
            if room < 0:
                raise ConfigurationError(
                    f"holds more than {MAX_HEADERS_SIZE >> 20} MiB of headers",
                    where=where,
                    hint="CPython has about 2 MiB of them: pack its Include folder alone",
                )
            files[name] = member.file.read(member.size)
    return files


def _zip_members(file: BinaryIO) -> Iterator[_Member]:
    with zipfile.ZipFile(file) as archive:
        for info in archive.infolist():
            if stat.S_ISLNK(info.external_attr >> 16):
                yield _Member(info.filename, is_link=True)
            elif info.is_dir():
                yield _Member(info.filename)
            else:
                with archive.open(info) as content:
                    yield _Member(info.filename, info.file_size, file=content)


def _tar_members(file: BinaryIO) -> Iterator[_Member]:
    bounded = cast("BinaryIO", _Bounded(_decompressed(file)))
    with tarfile.open(fileobj=bounded, mode="r|") as archive:
        for info in archive:
            content = archive.extractfile(info) if info.isreg() else None
            yield _Member(info.name, info.size, info.issym() or info.islnk(), content)


def _decompressed(file: BinaryIO) -> BinaryIO:
    """Return *file* without its compression, which its first bytes name."""
    magic = file.read(6)
    file.seek(0)
    if magic.startswith(b"\x1f\x8b"):
        import gzip

        return cast("BinaryIO", gzip.open(file))
    if magic.startswith(b"BZh"):
        import bz2

        return cast("BinaryIO", bz2.open(file))
    if magic.startswith(b"\xfd7zXZ\0"):
        import lzma

        return cast("BinaryIO", lzma.open(file))
    return file


class _Bounded:
    """Reads at most :data:`MAX_ARCHIVE_SIZE` bytes of *file*: tarfile itself has no limit."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._room = MAX_ARCHIVE_SIZE

    def read(self, size: int) -> bytes:
        data = self._file.read(size)
        self._room -= len(data)
        if self._room < 0:
            raise tarfile.ReadError(f"it decompresses to more than {MAX_ARCHIVE_SIZE >> 20} MiB")
        return data
