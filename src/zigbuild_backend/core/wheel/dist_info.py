"""The texts of ``.dist-info``, by the binary distribution format and the specifications that it refers to."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from typing import Protocol


def render_wheel_file(tags: Iterable[str], backend: str, *, is_pure: bool) -> bytes:
    """Return the text of WHEEL; *backend* is the name and version of the backend."""
    lines = [
        "Wheel-Version: 1.0",
        f"Generator: {backend}",
        f"Root-Is-Purelib: {str(is_pure).lower()}",
        *(f"Tag: {tag}" for tag in tags),
    ]
    return "".join(f"{line}\n" for line in lines).encode()


def render_script(data: bytes) -> bytes:
    """Return a script as wheels hold it: installers replace ``#!python`` by the path of their Python."""
    return re.sub(rb"\A#![^\n]*?\b(python)(w?)[0-9.]*(?=[ \t\r\n]|\Z)", rb"#!\1\2", data)


class Recorded(Protocol):
    """A file with the values that RECORD lists."""

    @property
    def path(self) -> str: ...
    @property
    def data(self) -> bytes: ...
    @property
    def sha256(self) -> bytes: ...


def render_record(files: Iterable[Recorded], record_path: str) -> bytes:
    """Return RECORD: path, sha256 and size in bytes of each file, sorted by path, and last the path of RECORD."""
    rows = sorted(files, key=lambda file: file.path.encode())
    lines = [f"{_quote(file.path)},sha256={_encode(file.sha256)},{len(file.data)}\n" for file in rows]
    return "".join([*lines, f"{_quote(record_path)},,\n"]).encode()


def _encode(digest: bytes) -> str:
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _quote(path: str) -> str:
    """Return *path* as a field of CSV."""
    if any(character in path for character in ',"'):
        return '"' + path.replace('"', '""') + '"'
    return path
