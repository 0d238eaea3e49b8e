"""What comes over the network is only what its sha256 says; it is kept in the store, and never asked for again.

What downloads is imported where it does: most builds have all they need, and start the sooner.
"""

from __future__ import annotations

import functools
import hashlib
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from ..base import store_folders
from ..base.errors import MismatchError, NotFoundError
from ..base.store import Store, digest_file

MAX_DOWNLOAD = 1 << 30
"""Bytes that a file may have."""

_BLOCK = 1 << 20
_TIMEOUT = 60  # seconds without a byte


def fetch_url(url: str, sha256: str, store: Store) -> Path:
    """The file at the http, https or file URL *url*, downloaded once.

    :raises NotFoundError: if it cannot be had from there.
    :raises MismatchError: if it has another sha256 (hex) than that.
    """
    return keep_stream(name_download(url), sha256, store, lambda hint: _stream_url(url, hint))


def name_download(url: str) -> str:
    """The name of the file that *url* leads to, as it is kept."""
    last = re.split(r"[?#]", url)[0].rpartition("/")[2]
    return re.sub(r"[^A-Za-z0-9._+-]", "_", last).lstrip(".") or "download"


def keep_download(path: Path, file_name: str, sha256: str, store: Store) -> None:
    """Keeps the file *path* as if it had been downloaded, so that nobody asks for it again.

    :raises MismatchError: if it has another sha256 (hex) than that.
    """
    with path.open("rb") as file:
        blocks = iter(functools.partial(file.read, _BLOCK), b"")
        keep_stream(file_name, sha256, store, lambda hint: blocks)


def keep_stream(file_name: str, sha256: str, store: Store, stream: Callable[[str], Iterator[bytes]]) -> Path:
    """The file, in the store, that *stream* gives block by block; its argument is a hint for when it can't.

    :raises MismatchError: if it has another sha256 (hex) than that, or more than :data:`MAX_DOWNLOAD` bytes.
    """
    place = store.root / store_folders.DOWNLOADS / sha256 / file_name
    hint = f"without a network, put the file there: {place}"

    def make(path: Path) -> None:
        if (found := write_blocks(path, stream(hint))) != sha256:
            raise MismatchError(
                f"what was downloaded has the sha256 {found}, not {sha256}",
                where=file_name,
                hint="do not use it: the hash is wrong, or the place that has the file was tampered with",
            )

    kept = store.keep((store_folders.DOWNLOADS, sha256, file_name), make)
    if (found := digest_file(kept)) != sha256:  # somebody may have put it there
        raise MismatchError(f"has the sha256 {found}, not {sha256}", where=str(kept), hint="delete it")
    return kept


def write_blocks(path: Path, blocks: Iterable[bytes]) -> str:
    """Writes the file *path*, and gives its sha256 (hex).

    :raises MismatchError: if it has more than :data:`MAX_DOWNLOAD` bytes.
    """
    digest, size = hashlib.sha256(), 0
    with path.open("wb") as file:
        for block in blocks:
            size += len(block)
            if size > MAX_DOWNLOAD:
                raise MismatchError(
                    f"is larger than {MAX_DOWNLOAD >> 20} MiB", where=path.name, hint="check the source"
                )
            digest.update(block)
            file.write(block)
    return digest.hexdigest()


def _stream_url(url: str, hint: str) -> Iterator[bytes]:
    import http.client
    import urllib.request

    try:
        with urllib.request.urlopen(url, timeout=_TIMEOUT) as response:
            yield from iter(functools.partial(response.read, _BLOCK), b"")
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise NotFoundError(f"cannot be fetched: {getattr(error, 'reason', error)}", where=url, hint=hint) from None
