"""The texts of ``.dist-info``, by the binary distribution format and the specifications that it refers to."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from typing import Protocol


def render_wheel_file(tags: Iterable[str], backend: str, *, is_pure: bool) -> bytes:
    """WHEEL; *backend* is name and version of what made it."""
    lines = [
        "Wheel-Version: 1.0",
        f"Generator: {backend}",
        f"Root-Is-Purelib: {str(is_pure).lower()}",
        *(f"Tag: {tag}" for tag in tags),
    ]
    return "".join(f"{line}\n" for line in lines).encode()


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
