"""Downloads files by their sha256, once: they are kept in the store.

The HTTP client is imported where it is used: most builds download nothing.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from ..base import store_folders
from ..base.errors import MismatchError, NotFoundError
from ..base.machine import Machine
from ..base.store import Store, digest_file

MAX_DOWNLOAD = 1 << 30
"""The largest size of a file, in bytes."""

_BLOCK = 1 << 20


def fetch_url(url: str, sha256: str, machine: Machine) -> Path:
    """Return the file at the http, https or file URL *url*, downloaded once.

    :raises NotFoundError: if it cannot be fetched from there; over http also if unearth is not installed.
    :raises MismatchError: if it has another sha256 (hex).
    """
    file_name = name_download(url)

    def stream(hint: str) -> Iterator[bytes]:
        if url.startswith("file:"):
            return _stream_file(url, hint)
        return _stream_http(url, machine, f"to download {file_name}", hint)

    return keep_stream(file_name, sha256, machine.store, stream)


def name_download(url: str) -> str:
    """Return the name under which the file at *url* is kept."""
    last = re.split(r"[?#]", url)[0].rpartition("/")[2]
    return re.sub(r"[^A-Za-z0-9._+-]", "_", last).lstrip(".") or "download"


def parse_file_url(url: str) -> Path:
    """Return the path that the file URL *url* stands for.

    :raises ValueError: if it is no URL.
    """
    from urllib.parse import urlsplit
    from urllib.request import url2pathname

    return Path(url2pathname(urlsplit(url).path))


def keep_download(path: Path, file_name: str, sha256: str, store: Store) -> None:
    """Keep the file *path* under *file_name* as if it had been downloaded, so that it is not downloaded again.

    :raises MismatchError: if it has another sha256 (hex).
    """
    with path.open("rb") as file:
        keep_stream(file_name, sha256, store, lambda hint: _list_blocks(file))


def keep_stream(file_name: str, sha256: str, store: Store, stream: Callable[[str], Iterator[bytes]]) -> Path:
    """Return the file in the store, whose blocks *stream* yields if it is not there yet.

    The argument of *stream* is the hint of its errors.

    :raises MismatchError: if it has another sha256 (hex), or more than :data:`MAX_DOWNLOAD` bytes.
    """
    place = store.root / store_folders.DOWNLOADS / sha256 / file_name
    hint = f"without a network, put the file there: {place}"

    def make(path: Path) -> None:
        if (found := write_blocks(path, stream(hint))) != sha256:
            raise MismatchError(
                f"the download has the sha256 {found}, not {sha256}",
                where=file_name,
                hint="do not use it: the hash is wrong, or the file was tampered with",
            )

    kept = store.keep((store_folders.DOWNLOADS, sha256, file_name), make)
    if (found := digest_file(kept)) != sha256:  # a user may have put it there
        raise MismatchError(f"has the sha256 {found}, not {sha256}", where=str(kept), hint="delete it")
    return kept


def write_blocks(path: Path, blocks: Iterable[bytes]) -> str:
    """Write the file *path*, and return its sha256 (hex).

    :raises MismatchError: if it has more than :data:`MAX_DOWNLOAD` bytes.
    """
    digest, size = hashlib.sha256(), 0
    with path.open("wb") as file:
        for block in blocks:
            size += len(block)
            if size > MAX_DOWNLOAD:
                raise MismatchError(
                    f"is larger than {MAX_DOWNLOAD >> 20} MiB", where=path.name, hint="check where it comes from"
                )
            digest.update(block)
            file.write(block)
    return digest.hexdigest()


def _stream_http(url: str, machine: Machine, purpose: str, hint: str) -> Iterator[bytes]:
    from .http_client import open_session, stream_url
    from .pip_configuration import read_pip_configuration

    with open_session(read_pip_configuration(machine.environ), purpose) as session:
        yield from stream_url(url, session, hint)


def _stream_file(url: str, hint: str) -> Iterator[bytes]:
    try:
        with parse_file_url(url).open("rb") as file:
            yield from _list_blocks(file)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise NotFoundError(f"cannot be fetched: {reason}", where=url, hint=hint) from None


def _list_blocks(file: BinaryIO) -> Iterator[bytes]:
    while block := file.read(_BLOCK):
        yield block
