"""Signatures of the ledger's rows: an HMAC shows whether this repository wrote a row and nobody altered it since."""

from __future__ import annotations

import contextlib
import hmac
import json
import os
import secrets
from pathlib import Path

from ..core.base.errors import MismatchError, NotFoundError
from ..core.base.store import temporary_folder

_SIZE = 32

KEY_HINT = (
    "restore it from a backup: without it no record of the ledger can be trusted\nor start over in another folder"
)


class RowSigner:
    """Signs rows with a key (HMAC-SHA256), and verifies their signatures."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def sign(self, kind: str, *values: object) -> bytes:
        """Return the signature of a row; rows of different kinds never share one."""
        text = json.dumps((kind, *values), separators=(",", ":"), default=repr)
        return hmac.digest(self._key, text.encode(), "sha256")

    def is_signed(self, signature: object, kind: str, *values: object) -> bool:
        """Return whether *signature* is that of the row."""
        return isinstance(signature, bytes) and hmac.compare_digest(signature, self.sign(kind, *values))


def read_key(path: Path) -> bytes:
    """Return the key in the file *path*.

    :raises NotFoundError: if there is no such file.
    :raises MismatchError: if the file has not the size of a key.
    """
    try:
        key = path.read_bytes()
    except FileNotFoundError:
        raise NotFoundError("the key that signs the ledger is missing", where=str(path), hint=KEY_HINT) from None
    if len(key) != _SIZE:
        raise MismatchError(f"has {len(key)} bytes, a key has {_SIZE}", where=str(path), hint=KEY_HINT)
    return key


def create_key(path: Path) -> None:
    """Create the key file *path*, readable by its owner only; an existing file is kept."""
    with temporary_folder(path.parent) as scratch:
        made = scratch / path.name
        with os.fdopen(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(secrets.token_bytes(_SIZE))
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            _publish(made, path)
    sync_folder(path.parent)


def _publish(made: Path, path: Path) -> None:
    """Give the file *made* the name *path*, if no file has it.

    :raises FileExistsError: if one has.
    """
    try:
        os.link(made, path)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links
        if path.exists():
            raise FileExistsError from None
        made.rename(path)


def sync_folder(folder: Path) -> None:
    """Write the directory entries of *folder* to disk, where the system can, so that they survive a loss of power."""
    if os.name != "nt":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
