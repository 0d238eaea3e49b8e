"""Sdists for tests, sound and otherwise, written by tarfile."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path


def member(name: str, content: bytes = b"", *, mode: int = 0o644, kind: bytes = tarfile.REGTYPE, link: str = ""):
    """Return a member of an archive, with its content."""
    info = tarfile.TarInfo(name)
    info.mode, info.type, info.linkname, info.size = mode, kind, link, len(content)
    return info, content


def symlink(name: str, target: str):
    return member(name, kind=tarfile.SYMTYPE, link=target)


def hardlink(name: str, target: str):
    return member(name, kind=tarfile.LNKTYPE, link=target)


def write_archive(path: Path, *members) -> Path:
    """Write a .tar.gz with exactly these *members*."""
    with tarfile.open(path, "w:gz") as archive:
        for info, content in members:
            archive.addfile(info, io.BytesIO(content))
    return path


def write_sdist(path: Path, files: dict[str, str]) -> Path:
    """Write an sdist with *files*, below the folder that its name says."""
    top = path.name.removesuffix(".tar.gz")
    return write_archive(path, *(member(f"{top}/{name}", text.encode()) for name, text in files.items()))
