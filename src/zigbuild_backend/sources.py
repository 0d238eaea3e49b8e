"""Gets sources: downloads what a hash pins, and unpacks sdists. All of it is kept in the store.

What downloads and unpacks is imported where it does: most builds have all they need, and start the sooner.
"""

from __future__ import annotations

import functools
import hashlib
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from .errors import MismatchError, NotFoundError
from .store import Store, digest_stream, digest_tree, temporary_folder

MAX_DOWNLOAD = 1 << 30
"""Bytes that a file may have."""

_BLOCK = 1 << 20
_TIMEOUT = 60  # seconds without a byte


def open_sdist(path: Path, store: Store) -> Path:
    """The root of the source tree in the sdist *path*, unpacked once.

    :raises NotFoundError: if there is no such file.
    :raises ConfigurationError: if it is no sound sdist; see :func:`~zigbuild_backend.unpack.unpack`.
    """
    try:
        file = path.open("rb")
    except OSError as error:
        raise NotFoundError(f"cannot be read: {error.strerror}", where=str(path), hint="check the path") from None
    with file:
        sha256 = digest_stream(file)
        file.seek(0)

        def make(folder: Path) -> None:
            from .unpack import unpack

            unpack(file, folder, path.name)

        return store.keep(("sources", sha256), make)


def open_patched(path: Path, patches: Mapping[str, bytes], sha256: str, store: Store) -> Path:
    """The root of the source tree in the sdist *path*, which has that *sha256* (hex), with the *patches* applied.

    :raises ConfigurationError: as :func:`open_sdist`, or if a patch does not fit.
    """
    root = open_sdist(path, store)
    if not patches:
        return root

    def make(folder: Path) -> None:
        from .patches import apply_patch, parse_patch

        shutil.copytree(root, folder)
        for name, data in patches.items():
            for patch in parse_patch(data, name):
                there = {patch.old: folder / patch.old} if patch.old and (folder / patch.old).is_file() else {}
                files = {path: place.read_bytes() for path, place in there.items()}
                for path, content in apply_patch(patch, files, name).items():
                    if content is None:
                        (folder / path).unlink()
                    else:
                        (folder / path).parent.mkdir(parents=True, exist_ok=True)
                        (folder / path).write_bytes(content)

    return store.keep(("sources", digest_tree({"": sha256.encode(), **patches})), make)


def fetch(name: str, file_name: str, sha256: str, store: Store, environ: Mapping[str, str]) -> Path:
    """The file *file_name* of the project *name*, downloaded once from the indexes that pip is configured with.

    :raises NotFoundError: if none has it or can be reached.
    :raises MismatchError: if it has another sha256 (hex) than that.
    """

    def stream(hint: str) -> Iterator[bytes]:
        from .indexes import read_indexes, stream_file

        return stream_file(name, file_name, sha256, read_indexes(environ), hint)

    return _keep(store, sha256, file_name, stream)


def fetch_sdist(name: str, version: str, store: Store, environ: Mapping[str, str]) -> Path:
    """The sdist of a release, downloaded once from the indexes that pip is configured with.

    :raises NotFoundError: if none has it or can be reached.
    :raises MismatchError: if it has another sha256 than the index publishes.
    """
    from .indexes import list_files, read_indexes

    files = list_files(name, read_indexes(environ), f"to download the sdist of {name}")
    for file_name, sha256 in files:
        if is_sdist_of(file_name, name, version):
            return fetch(name, file_name, sha256 or _learn(name, file_name, store, environ), store, environ)
    raise NotFoundError("no index has its sdist", where=f"{name} {version}", hint="get it from its author")


def is_sdist_of(file_name: str, name: str, version: str) -> bool:
    """Whether a file of that name is the sdist of that release, however the two are spelled."""
    from packaging.utils import InvalidSdistFilename, canonicalize_name, parse_sdist_filename
    from packaging.version import Version

    try:
        return file_name.endswith(".tar.gz") and parse_sdist_filename(file_name) == (
            canonicalize_name(name),
            Version(version),
        )
    except (InvalidSdistFilename, ValueError):
        return False


def keep_download(path: Path, file_name: str, sha256: str, store: Store) -> None:
    """Keeps the file *path* as if it had been downloaded, so that nobody asks for it again.

    :raises MismatchError: if it has another sha256 (hex) than that.
    """
    with path.open("rb") as file:
        blocks = iter(functools.partial(file.read, _BLOCK), b"")
        _keep(store, sha256, file_name, lambda hint: blocks)


def _learn(name: str, file_name: str, store: Store, environ: Mapping[str, str]) -> str:
    """The sha256 (hex) of a file whose index publishes none; the file is kept."""
    from .indexes import read_indexes, stream_file

    with temporary_folder(store.folder("downloads")) as folder:
        digest = hashlib.sha256()
        with (folder / file_name).open("wb") as file:
            for block in _bounded(stream_file(name, file_name, "", read_indexes(environ), ""), file_name):
                digest.update(block)
                file.write(block)
        keep_download(folder / file_name, file_name, digest.hexdigest(), store)
    return digest.hexdigest()


def fetch_url(url: str, sha256: str, store: Store) -> Path:
    """The file at the http, https or file URL *url*, downloaded once.

    :raises NotFoundError: if it cannot be had from there.
    :raises MismatchError: if it has another sha256 (hex) than that.
    """
    return _keep(store, sha256, name_download(url), lambda hint: _stream_url(url, hint))


def name_download(url: str) -> str:
    """The name of the file that *url* leads to, as it is kept."""
    last = re.split(r"[?#]", url)[0].rpartition("/")[2]
    return re.sub(r"[^A-Za-z0-9._+-]", "_", last).lstrip(".") or "download"


def _keep(store: Store, sha256: str, file_name: str, stream: Callable[[str], Iterator[bytes]]) -> Path:
    """The file, in the store, that *stream* gives block by block; its argument is a hint for when it can't."""
    place = store.root / "downloads" / sha256 / file_name
    hint = f"without a network, put the file there: {place}"
    kept = store.keep(("downloads", sha256, file_name), lambda path: _write(path, stream(hint), sha256))
    with kept.open("rb") as file:
        found = digest_stream(file)
    if found != sha256:  # somebody may have put it there
        raise MismatchError(f"has the sha256 {found}, not {sha256}", where=str(kept), hint="delete it")
    return kept


def _write(path: Path, blocks: Iterator[bytes], sha256: str) -> None:
    digest = hashlib.sha256()
    with path.open("wb") as file:
        for block in _bounded(blocks, path.name):
            digest.update(block)
            file.write(block)
    if digest.hexdigest() != sha256:
        raise MismatchError(
            f"what was downloaded has the sha256 {digest.hexdigest()}, not {sha256}",
            where=path.name,
            hint="do not use it: the recipe's hash is wrong, or the place that has the file was tampered with",
        )


def _bounded(blocks: Iterator[bytes], name: str) -> Iterator[bytes]:
    size = 0
    for block in blocks:
        size += len(block)
        if size > MAX_DOWNLOAD:
            raise MismatchError(f"is larger than {MAX_DOWNLOAD >> 20} MiB", where=name, hint="check the source")
        yield block


def _stream_url(url: str, hint: str) -> Iterator[bytes]:
    import http.client
    import urllib.request

    try:
        with urllib.request.urlopen(url, timeout=_TIMEOUT) as response:
            yield from iter(functools.partial(response.read, _BLOCK), b"")
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise NotFoundError(f"cannot be fetched: {getattr(error, 'reason', error)}", where=url, hint=hint) from None
