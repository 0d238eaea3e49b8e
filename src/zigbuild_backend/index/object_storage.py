"""Bytes by their sha256 in S3 object storage, with local copies from which they are served.

Every object is hashed while it is downloaded; one that does not have the hash in its key is renamed to a quarantine
prefix, and counts as absent.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from ..core.base.errors import ConfigurationError, MismatchError, NotFoundError, ZigbuildError
from ..core.base.pins import NAME
from .blobs import LocalBlobs, render_blob_key
from .files import is_sha256

if TYPE_CHECKING:
    from obstore.store import S3Store

VARIABLE = "ZIGBUILD_BLOBS"
"""The environment variable that names the object storage: ``s3://BUCKET/PREFIX``."""

LIMIT = 10 << 30
"""Bytes that the local copies may take; the least recently used are deleted first."""

_FRESH = 30.0
"""Seconds for which a listing of all objects answers whether an object exists."""

_BLOCK = 1 << 20


class StorageError(ZigbuildError):
    """The object storage cannot be reached, or refuses access."""

    exit_code: ClassVar[int] = 2


class ObjectBlobs:
    """The objects below the prefix of *store*; *spool* holds local copies of at most *limit* bytes."""

    def __init__(self, store: S3Store, spool: LocalBlobs, limit: int = LIMIT) -> None:
        self.spool = spool
        self.limit = limit
        self._store = store
        self._asked: dict[str, int] = {}
        self._listed: dict[str, int] = {}
        self._listed_at = float("-inf")
        self._listing = threading.Lock()

    def has(self, sha256: str) -> bool:
        """Return whether the object exists, by a listing of at most :data:`_FRESH` seconds of age.

        If no new listing can be had, the last one answers. Objects that this process added or removed since are taken
        into account.
        """
        return self._listed_size(sha256) is not None

    def size(self, sha256: str) -> int:
        size = self._listed_size(sha256) or self._read_size(sha256)
        if size is None:
            raise NotFoundError("is not stored", where=sha256)
        return size

    def verified_path(self, sha256: str) -> Path | None:
        self._asked[sha256] = time.time_ns()
        return self.spool.verified_path(sha256) or self._fetch(sha256)

    def unchanged_path(self, sha256: str) -> Path | None:
        self._asked[sha256] = time.time_ns()
        return self.spool.unchanged_path(sha256)

    def add(self, source: Path | Iterable[bytes], sha256: str) -> Path:
        import obstore

        known = self._read_size(sha256)
        path = self.verified_path(sha256) if known is not None else None
        if path is None:
            path = self.spool.add(source, sha256)
        if known != path.stat().st_size:
            with _asking(self._store, is_needed=True):
                obstore.put(self._store, render_blob_key(sha256), path)
        with self._listing:
            self._listed[sha256] = path.stat().st_size
        self._trim(sha256)
        return path

    def remove(self, sha256: str) -> None:
        import obstore

        with _asking(self._store), suppress(FileNotFoundError):
            obstore.delete(self._store, render_blob_key(sha256))
        with self._listing:
            self._listed.pop(sha256, None)
        self.spool.remove(sha256)

    def list(self) -> Iterator[str]:
        return (sha256 for sha256, _ in self._list())

    def clean(self) -> None:
        """Delete the half-written local copies of processes that died."""
        self.spool.clean()

    def close(self) -> None:
        self.spool.close()

    def _listed_size(self, sha256: str) -> int | None:
        """Return the size of an object in the last listing, or None if it is not listed."""
        render_blob_key(sha256)
        with self._listing:
            if time.monotonic() - self._listed_at > _FRESH:
                with suppress(StorageError):
                    self._listed = dict(self._list())
                self._listed_at = time.monotonic()
            return self._listed.get(sha256)

    def _list(self) -> Iterator[tuple[str, int]]:
        """Yield hash and size of every object."""
        import obstore

        with _asking(self._store, is_needed=True):
            for page in obstore.list(self._store, chunk_size=1000):
                for found in page:
                    folder, _, name = found["path"].rpartition("/")
                    if folder == name[:2] and is_sha256(name):
                        yield name, found["size"]

    def _read_size(self, sha256: str) -> int | None:
        import obstore

        key = render_blob_key(sha256)
        with _asking(self._store), suppress(FileNotFoundError):
            return obstore.head(self._store, key)["size"]
        return None

    def _fetch(self, sha256: str) -> Path | None:
        """Download the object to a local copy and return it, or None if there is none with the right bytes."""
        key = render_blob_key(sha256)
        for is_last in (False, True):  # the first mismatch can be an error of the transfer
            try:
                path = self.spool.add(self._stream(key), sha256)
            except FileNotFoundError:
                return None
            except MismatchError:
                if is_last:
                    self._quarantine(sha256)
                continue
            self._trim(sha256)
            return path
        return None

    def _stream(self, key: str) -> Iterator[bytes]:
        import obstore

        with _asking(self._store):
            for block in obstore.get(self._store, key).stream(min_chunk_size=_BLOCK):
                yield bytes(block)

    def _quarantine(self, sha256: str) -> None:
        import obstore

        with _asking(self._store), suppress(FileNotFoundError):
            obstore.rename(self._store, render_blob_key(sha256), f"quarantine/{sha256}-{time.time_ns()}")
        with self._listing:
            self._listed.pop(sha256, None)

    def _trim(self, spared: str) -> None:
        """Delete the least recently used local copies beyond the limit, but never the *spared* one."""
        copies = []
        for sha256 in self.spool.list():
            with suppress(OSError):
                status = (self.spool.folder / render_blob_key(sha256)).stat()
                copies.append((max(status.st_mtime_ns, self._asked.get(sha256, 0)), status.st_size, sha256))
        surplus = sum(size for _, size, _ in copies) - self.limit
        for _, size, sha256 in sorted(copies):
            if surplus <= 0:
                break
            if sha256 != spared:
                self.spool.remove(sha256)
                surplus -= size


def open_object_storage(url: str, below: str, spool: LocalBlobs, environ: Mapping[str, str]) -> ObjectBlobs:
    """Open the object storage at *url*, an ``s3://BUCKET/PREFIX``, below the prefix *below* in it.

    Endpoint and credentials are read from the variables of AWS's tools: ``AWS_ENDPOINT_URL``, ``AWS_ACCESS_KEY_ID``,
    ``AWS_SECRET_ACCESS_KEY``, ``AWS_REGION`` and the others.

    :raises ConfigurationError: if *url* has another form.
    :raises NotFoundError: if the package obstore is not installed.
    """
    if not url.startswith("s3://") or not url[5:].partition("/")[0]:
        raise ConfigurationError(f"is {url!r}", where=VARIABLE, hint="set it to s3://BUCKET/PREFIX")
    try:
        from obstore.exceptions import BaseError
        from obstore.store import S3Store
    except ModuleNotFoundError:
        raise NotFoundError(
            "object storage needs the package obstore, which is not installed",
            where=VARIABLE,
            hint=f"pip install '{NAME}[s3]'",
        ) from None
    endpoint = environ.get("AWS_ENDPOINT_URL_S3") or environ.get("AWS_ENDPOINT_URL") or environ.get("AWS_ENDPOINT", "")
    try:
        store = S3Store.from_url(
            f"{url.rstrip('/')}/{below}",
            client_options={"allow_http": endpoint.startswith("http://"), "connect_timeout": timedelta(seconds=10)},
            retry_config={"max_retries": 3, "retry_timeout": timedelta(seconds=30)},
            config={"endpoint": endpoint} if endpoint else None,
        )
    except BaseError as error:
        raise ConfigurationError(_first_line(error), where=VARIABLE, hint="check the AWS_ variables") from None
    return ObjectBlobs(store, spool)


@contextmanager
def _asking(store: S3Store, *, is_needed: bool = False) -> Iterator[None]:
    """Translate errors of the storage; let FileNotFoundError pass unless the object *is_needed*."""
    from obstore.exceptions import BaseError

    try:
        yield
    except (BaseError, PermissionError, FileNotFoundError) as error:
        if isinstance(error, FileNotFoundError) and not is_needed:
            raise
        raise StorageError(
            f"the object storage cannot be used: {_first_line(error)}",
            where=f"s3://{store.config.get('bucket', '')}",
            hint=f"check {VARIABLE}, AWS_ENDPOINT_URL and the credentials",
        ) from error


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0].rstrip(": ")
