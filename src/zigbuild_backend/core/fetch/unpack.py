"""Unpacks sdists, which are not trusted: into one folder, and within bounds.

The tree depends on the archive alone, and neither on umask nor on symbolic links of the system. (The extraction filters
of tarfile exist since Python 3.10.12, and leave links in the tree.)
"""

from __future__ import annotations

import gzip
import shutil
import tarfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import IO, BinaryIO

from ..base.errors import ConfigurationError

MAX_SIZE = 1 << 30
"""The largest size in bytes of a decompressed archive, and of its tree."""

MAX_MEMBERS = 100_000

_BLOCK = 1 << 16

_HINT = "sdists hold files, folders and links to files, all below one folder; get a sound one from its author"


def unpack(stream: BinaryIO, folder: Path, name: str) -> None:
    """Unpack the sdist *stream*, a gzipped tar, into the new folder *folder*, without the archive's top folder.

    Files get mode 0644, or 0755 if their owner can execute them; links become copies of the files that they name.
    *name* is that of the archive in messages.

    :raises ConfigurationError: if it is no gzipped tar, exceeds :data:`MAX_SIZE` or :data:`MAX_MEMBERS`, has more than
        one folder at its top, paths or links that lead out of it, or members that are no file, folder or link.
    """
    try:
        with gzip.open(stream) as data:
            _Unpacking(data, folder, name).run()
    except (tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError, ValueError, RecursionError) as error:
        # tarfile does not catch the last two, for headers that are broken or deeply nested.
        raise ConfigurationError(
            f"is not a whole .tar.gz: {error}", where=name, hint="get it again, and give an sdist, not a wheel or a zip"
        ) from None


class _Unpacking:
    """One archive on its way to disk."""

    def __init__(self, stream: gzip.GzipFile, folder: Path, name: str) -> None:
        self.stream = stream
        self.folder = folder
        self.name = name
        self.size = 0
        self.top = ""

    def run(self) -> None:
        self.folder.mkdir()
        links: dict[str, str] = {}
        with tarfile.open(fileobj=self, mode="r|", encoding="utf-8") as archive:  # type: ignore[call-overload]
            for number, member in enumerate(archive):
                if number == MAX_MEMBERS:
                    raise self._refusal(f"holds more than {MAX_MEMBERS} members")
                path = self._find_place(member.name, is_folder=member.isdir())
                if member.issym() or member.islnk():
                    links[path] = self._find_target(member, path)
                elif member.isreg() and not member.issparse():
                    content = archive.extractfile(member)
                    if content is not None:  # as of all regular files
                        self._write(path, content, is_executable=bool(member.mode & 0o100))
                elif not member.isdir():
                    raise self._refusal(f"holds {member.name!r}, which is neither a file nor a folder nor a link")
        while self.read(_BLOCK):  # to the end of the file, where gzip's checksum is
            pass
        for path in links:
            self._copy(path, links)

    def read(self, size: int) -> bytes:
        """Return the next bytes of the decompressed archive, for tarfile, up to the largest size."""
        data = self.stream.read(size)
        self._count(len(data))
        return data

    def _count(self, size: int) -> None:
        self.size += size
        if self.size > MAX_SIZE:
            raise self._refusal(f"holds more than {MAX_SIZE >> 20} MiB")

    def _find_place(self, path: str, *, is_folder: bool) -> str:
        """Return the path in the tree of a member: its own without the top folder."""
        parts = _split(path)
        if parts is None or ".." in path.split("/"):
            raise self._refusal(f"holds {path!r}, which leads out of it or is no portable path")
        if len(parts) < 2 and not is_folder:
            raise self._refusal(f"holds {path!r} beside its folder")
        self.top = self.top or "".join(parts[:1])
        if parts and parts[0] != self.top:
            raise self._refusal(f"has several folders at its top, {self.top!r} and {parts[0]!r}")
        return "/".join(parts[1:])

    def _find_target(self, member: tarfile.TarInfo, path: str) -> str:
        """Return the path in the tree that a link names, a symbolic one from its folder, a hard one from the top."""
        start = f"{self.top}/{path}".rpartition("/")[0] + "/" if member.issym() else ""
        parts = _split(start + member.linkname) if not member.linkname.startswith("/") else None
        if parts is None or parts[:1] != [self.top]:
            raise self._refusal(f"holds {member.name!r}, a link to {member.linkname!r}, which leads out of it")
        return "/".join(parts[1:])

    def _copy(self, path: str, links: Mapping[str, str]) -> None:
        target, seen = path, set[str]()
        while target in links and target not in seen:
            seen.add(target)
            target = links[target]
        source = self.folder / target
        if target in links or not source.is_file():
            raise self._refusal(f"holds {path!r}, a link to {links[path]!r}, which is no file of it")
        status = source.stat()
        self._count(status.st_size)
        with source.open("rb") as content:
            self._write(path, content, is_executable=bool(status.st_mode & 0o100))

    def _write(self, path: str, content: IO[bytes], *, is_executable: bool) -> None:
        place = self.folder / path
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            file = place.open("xb")
        except (FileExistsError, NotADirectoryError):
            raise self._refusal(f"holds {path!r} twice, or as a file and as a folder") from None
        with file:
            shutil.copyfileobj(content, file)
        place.chmod(0o755 if is_executable else 0o644)

    def _refusal(self, problem: str) -> ConfigurationError:
        return ConfigurationError(problem, where=self.name, hint=_HINT)


def _split(path: str) -> list[str] | None:
    """Return the parts of a relative POSIX path, resolved; None if it leads out of its start, or is not portable."""
    if path.startswith("/") or path[1:2] == ":" or "\\" in path or not path.isprintable():
        return None
    parts: list[str] = []
    for part in path.split("/"):
        if part == "..":
            if not parts:
                return None
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return parts
