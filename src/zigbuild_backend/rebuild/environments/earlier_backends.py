"""Digests of backends by the rule of their own version, so that wheels of earlier versions find what built them."""

from __future__ import annotations

import hashlib
from pathlib import Path

from ...core.base.backend_digest import digest_backend, list_package

_OUTSIDE_IN_0_1 = {
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
"""Modules of version 0.1, which had no ``core`` folder, that reached no byte of a wheel."""


def digest_any_backend(package: Path) -> str:
    """Return the digest (sha256, hex) that wheels built by the backend in the folder *package* hold."""
    if (package / "core").is_dir():
        return digest_backend(package)
    total = hashlib.sha256()
    paths = [path.split("/") for path in list_package(package)]
    for parts in sorted(parts for parts in paths if parts[0].removesuffix(".py") not in _OUTSIDE_IN_0_1):
        total.update("/".join(parts).encode() + b"\0")
        total.update(hashlib.sha256(package.joinpath(*parts).read_bytes()).digest())
    return total.hexdigest()
