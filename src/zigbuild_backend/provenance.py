"""What this copy of the backend is: its sources, as one digest."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from .pins import NAME, VERSION

SURROUNDINGS = frozenset(
    {
        "__main__",
        "cli",
        "compare",
        "editable",
        "eject",
        "environments",
        "manifest",
        "rebuild",
        "repository",
        "runners",
        "sandbox",
        "server",
        "warm",
        "zigs",
    }
)
"""Modules that no digest counts. What makes a wheel imports none of them, by a contract in pyproject.toml: they decide
which wheels are made, and what becomes of them, but reach no byte of one."""


@cache
def read_backend() -> str:
    """``name version digest`` of the running backend."""
    return f"{NAME} {VERSION} {digest_backend(Path(__file__).parent)}"


def digest_backend(package: Path) -> str:
    """The sha256 (hex) over the files, sorted by path, that bytes of wheels depend on in the *package* folder."""
    total = hashlib.sha256()
    for path in sorted(package.rglob("*"), key=lambda path: path.relative_to(package).parts):
        parts = path.relative_to(package).parts
        if path.suffix != ".pyc" and parts[0].removesuffix(".py") not in SURROUNDINGS and path.is_file():
            total.update("/".join(parts).encode() + b"\0")
            total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()
