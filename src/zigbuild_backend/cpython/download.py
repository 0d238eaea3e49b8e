"""Fetching an archive of headers by URL: what comes over the network is only what its sha256 says."""

from __future__ import annotations

import hashlib
import urllib.request
from http.client import HTTPException
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from ..errors import ConfigurationError, MismatchError, NotFoundError

MAX_SIZE = 256 << 20
"""Bytes that an archive may have; CPython's source archives have about 30 MiB."""

_TIMEOUT = 60  # seconds without a byte


def download(url: str, sha256: str, folder: Path) -> Path:
    """The file at the http, https or file URL *url*, written into *folder*.

    :raises ConfigurationError: if *sha256* (hex) is empty for http or https.
    :raises NotFoundError: if nothing can be had from there.
    :raises MismatchError: if it has another sha256, or more than :data:`MAX_SIZE` bytes.
    """
    address = urlsplit(url)
    if not sha256 and address.scheme != "file":
        raise ConfigurationError("what is downloaded must be pinned", where=url, hint="add --sha256 and its sha256")
    path = folder / (PurePosixPath(address.path).name or "download")
    digest = hashlib.sha256()
    size = 0
    try:
        with urllib.request.urlopen(url, timeout=_TIMEOUT) as response, path.open("wb") as file:
            while block := response.read(1 << 20):
                size += len(block)
                if size > MAX_SIZE:
                    raise MismatchError(f"is larger than {MAX_SIZE >> 20} MiB", where=url)
                digest.update(block)
                file.write(block)
    except (OSError, HTTPException, ValueError) as error:
        raise NotFoundError(
            f"cannot be fetched: {getattr(error, 'reason', error)}",
            where=url,
            hint="without a network, fetch it elsewhere and give its path: zigbuild headers add PATH\n"
            "or install any CPython of that version, whose headers are found by themselves",
        ) from error
    if sha256 and digest.hexdigest() != sha256.lower():
        raise MismatchError(f"has the sha256 {digest.hexdigest()}, not {sha256}", where=url)
    return path
