"""The texts of ``.dist-info``, by the binary distribution format and the specifications that it refers to."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Metadata:
    """What METADATA, ``entry_points.txt`` and file names need to know of a release.

    ``name`` is as the author writes it, ``version`` normalised by PEP 440, ``text`` the content of METADATA,
    ``license_files`` and ``readme`` POSIX paths in the tree, ``entry_points`` groups of (name, object reference).
    """

    name: str
    version: str
    text: str
    requires_python: str = ""
    license_files: tuple[str, ...] = ()
    entry_points: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = ()
    readme: str = ""

    @property
    def file_name(self) -> str:
        """The ``{name}-{version}`` that wheels and sdists begin with (normalised, with ``_``)."""
        from packaging.utils import canonicalize_name

        return f"{canonicalize_name(self.name).replace('-', '_')}-{self.version}"


def render_wheel_file(tags: Iterable[str], backend: str, *, is_pure: bool) -> bytes:
    """WHEEL; *backend* is name and version of what made it."""
    lines = [
        "Wheel-Version: 1.0",
        f"Generator: {backend}",
        f"Root-Is-Purelib: {str(is_pure).lower()}",
        *(f"Tag: {tag}" for tag in tags),
    ]
    return "".join(f"{line}\n" for line in lines).encode()


def render_entry_points(groups: Iterable[tuple[str, tuple[tuple[str, str], ...]]]) -> bytes:
    """``entry_points.txt``, groups and names sorted."""
    sections = []
    for group, points in sorted(groups):
        sections.append("".join([f"[{group}]\n", *(f"{name} = {target}\n" for name, target in sorted(points))]))
    return "\n".join(sections).encode()


def render_script(data: bytes) -> bytes:
    """A script as wheels hold it: one for Python begins with ``#!python``, for installers to name theirs."""
    return re.sub(rb"\A#![^\n]*?\b(python)(w?)[0-9.]*(?=[ \t\r\n]|\Z)", rb"#!\1\2", data)


class Recorded(Protocol):
    """A file as RECORD lists it."""

    @property
    def path(self) -> str: ...
    @property
    def data(self) -> bytes: ...
    @property
    def sha256(self) -> bytes: ...


def render_record(files: Iterable[Recorded], record_path: str) -> bytes:
    """RECORD: path, sha256 and size in bytes of each file, by path, and RECORD itself last, without them."""
    rows = sorted(files, key=lambda file: file.path.encode())
    lines = [f"{_quote(file.path)},sha256={_encode(file.sha256)},{len(file.data)}\n" for file in rows]
    return "".join([*lines, f"{_quote(record_path)},,\n"]).encode()


def _encode(digest: bytes) -> str:
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _quote(path: str) -> str:
    """A field of CSV as the csv module reads it."""
    if any(character in path for character in ',"'):
        return '"' + path.replace('"', '""') + '"'
    return path
