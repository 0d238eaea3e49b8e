"""Seals: a row that was not written by this repository, or was altered since, is told by its HMAC."""

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
    "put it back from a backup: without it nothing that is recorded can be trusted\nor begin anew in another folder"
)


class RowSigner:
    """Seals rows with a key, and tells which ones it has sealed."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def seal(self, kind: str, *values: object) -> bytes:
        """The seal (HMAC-SHA256) of a row; rows of different kinds never share one."""
        text = json.dumps((kind, *values), separators=(",", ":"), default=repr)
        return hmac.digest(self._key, text.encode(), "sha256")

    def is_sealed(self, seal: object, kind: str, *values: object) -> bool:
        """Whether *seal* is that of the row."""
        return isinstance(seal, bytes) and hmac.compare_digest(seal, self.seal(kind, *values))


def read_key(path: Path) -> bytes:
    """The key in the file *path*.

    :raises NotFoundError: if there is no such file.
    :raises MismatchError: if it holds no key.
    """
    try:
        key = path.read_bytes()
    except FileNotFoundError:
        raise NotFoundError("the key that the ledger is sealed with is gone", where=str(path), hint=KEY_HINT) from None
    if len(key) != _SIZE:
        raise MismatchError(f"holds {len(key)} bytes, a key has {_SIZE}", where=str(path), hint=KEY_HINT)
    return key


def create_key(path: Path) -> None:
    """Makes the key file *path*, which only its owner can read; one that is there is left alone."""
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
    """Gives *made* the name *path*, if nobody has it.

    :raises FileExistsError: if somebody has.
    """
    try:
        os.link(made, path)
    except FileExistsError:
        raise
    except OSError:  # a file system without links
        if path.exists():
            raise FileExistsError from None
        made.rename(path)


def sync_folder(folder: Path) -> None:
    """Makes sure that the names in *folder* survive a loss of power, where the system has a way to."""
    if os.name != "nt":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
