"""What this copy of the backend is: its sources, as one digest."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from .pins import NAME, VERSION


@cache
def read_backend() -> str:
    """``name version digest`` of the running backend; the digest (sha256, hex) is over its files, sorted by path."""
    root = Path(__file__).parent
    total = hashlib.sha256()
    for path in sorted(root.rglob("*"), key=lambda path: path.relative_to(root).parts):
        if path.suffix != ".pyc" and path.is_file():
            total.update(f"{path.relative_to(root).as_posix()}\0".encode())
            total.update(hashlib.sha256(path.read_bytes()).digest())
    return f"{NAME} {VERSION} {total.hexdigest()}"
