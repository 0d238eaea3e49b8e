"""HTTP responses as values: cacheable representations with their headers, and errors."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

from ...core.base.errors import MismatchError, NotFoundError, Problem, ZigbuildError
from ..files import File
from .client_limits import OverloadError
from .content_negotiation import prefers_json
from .http_conditions import ByteRange

Headers = list[tuple[bytes, bytes]]

NEVER_CHANGES = "public, max-age=31536000, immutable"
CHANGES_SOON = "public, max-age=10"
NOT_KEPT = "no-store"

_SAFE: Headers = [(b"x-content-type-options", b"nosniff")]
_SMALLEST_GZIPPED = 500
"""Bytes below which a body is not compressed: the header for it would outweigh the gain."""


@dataclass(frozen=True)
class Response:
    """A response: status, headers, and a body, or the file at ``path``, of which ``span`` is sent if it is set."""

    status: int
    headers: Headers
    body: bytes = b""
    path: Path | None = None
    span: ByteRange | None = None
    size: int = 0
    """The length of the body, in bytes."""


@dataclass(frozen=True)
class Representation:
    """A representation (RFC 9110): validators, headers, and a body, unless it is that of ``file``."""

    etag: str
    last_modified: str
    headers: Headers
    unchanged_headers: Headers
    """The headers of a 304 response."""
    body: bytes
    size: int
    file: File | None = None


def make_page(
    text: str, content_type: str, *, is_gzipped: bool, vary: str, extra: Mapping[str, str] | None = None
) -> Representation:
    """Return the representation of a page, compressed if it *is_gzipped* and large enough, with *extra* headers."""
    body = text.encode()
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    coding = {}
    if is_gzipped and len(body) >= _SMALLEST_GZIPPED:
        body = gzip.compress(body, 6, mtime=0)
        etag = f'{etag[:-1]}-gzip"'
        coding = {"content-encoding": "gzip"}
    caching = {"etag": etag, "cache-control": CHANGES_SOON} | ({"vary": vary} if vary else {})
    described = {"content-type": content_type, "content-length": str(len(body))}
    return Representation(
        etag=etag,
        last_modified="",
        headers=_list_headers({**described, **coding, **caching, **(extra or {})}),
        unchanged_headers=_list_headers(caching),
        body=body,
        size=len(body),
    )


def make_download(file: File, content_type: str, last_modified: str) -> Representation:
    """Return the representation of a file of a release, which never changes."""
    return _make_constant(f'"{file.sha256}"', content_type, last_modified, b"", file.size, file)


def make_constant(data: bytes, content_type: str, last_modified: str = "") -> Representation:
    """Return the representation of *data* at a URL that holds its hash, so that it never changes."""
    return _make_constant(f'"{hashlib.sha256(data).hexdigest()}"', content_type, last_modified, data, len(data))


def _make_constant(
    etag: str, content_type: str, last_modified: str, body: bytes, size: int, file: File | None = None
) -> Representation:
    caching = {"etag": etag, "cache-control": NEVER_CHANGES}
    if last_modified:
        caching["last-modified"] = last_modified
    described = {"content-type": content_type}
    if size or not file:  # the size is 0 if upstream's page has no sizes
        described["content-length"] = str(size)
    if file:
        described["accept-ranges"] = "bytes"
    return Representation(
        etag=etag,
        last_modified=last_modified,
        headers=_list_headers({**described, **caching}),
        unchanged_headers=_list_headers(caching),
        body=body,
        size=size,
        file=file,
    )


def make_whole(made: Representation, path: Path, size: int) -> Response:
    """Return the response with the whole file, which is *path* on this machine."""
    headers = made.headers if made.size else [*made.headers, (b"content-length", str(size).encode())]
    return Response(200, headers, path=path, size=size)


def make_part(made: Representation, path: Path, span: ByteRange, size: int) -> Response:
    """Return the response with a part of a file of *size* bytes."""
    length = span.stop - span.start
    headers = _without(made.headers, b"content-length")
    headers.append((b"content-length", str(length).encode()))
    headers.append((b"content-range", f"bytes {span.start}-{span.stop - 1}/{size}".encode()))
    return Response(206, headers, path=path, span=span, size=length)


def make_accelerated(made: Representation, prefix: str, place: str) -> Response:
    """Return the response that makes nginx send the file at *place*, below the folder of its location *prefix*.

    nginx evaluates ranges and conditions then, and sets the headers for them.
    """
    headers = _without(made.headers, b"content-length", b"etag", b"accept-ranges")
    headers.append((b"x-accel-redirect", f"{prefix.rstrip('/')}/{place}".encode()))
    return Response(200, [*headers, (b"content-length", b"0")])


def make_text(status: int, content_type: str, body: bytes, **headers: str) -> Response:
    """Return a response that must not be cached."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    described = {"content-type": content_type, "content-length": str(len(body)), "cache-control": NOT_KEPT}
    return Response(status, _list_headers({**described, **named}), body, size=len(body))


def make_redirect(location: str) -> Response:
    """Return a permanent redirect to *location*."""
    headers = {"location": location, "content-length": "0", "cache-control": "public, max-age=3600"}
    return Response(HTTPStatus.MOVED_PERMANENTLY, _list_headers(headers))


def make_error(status: int, reason: str, accept: str, **headers: str) -> Response:
    """Return an error response: JSON (RFC 9457) if the client prefers it, else text."""
    title = HTTPStatus(status).phrase
    if prefers_json(accept):
        document = {"title": title, "status": status, "detail": reason}
        return make_text(status, "application/problem+json", json.dumps(document).encode(), vary="Accept", **headers)
    text = f"{title}: {reason}\n".encode("utf-8", "replace")
    return make_text(status, "text/plain; charset=utf-8", text, vary="Accept", **headers)


def make_error_response(error: ZigbuildError | OverloadError, accept: str) -> Response:
    """Return the response for *error*.

    Its status is 404 if a repeated request cannot succeed: the file is unknown, or the held bytes have not the recorded
    hash. It is 503 if it can, with Retry-After if the time is known.
    """
    if isinstance(error, OverloadError):
        return make_error(503, str(error), accept, retry_after=str(error.retry_after))
    (problem, *_) = error.problems
    reason, is_final = _describe(problem), isinstance(error, NotFoundError | MismatchError)
    if is_final and not _is_internal(problem):
        return make_error(404, reason, accept)
    return make_error(503, reason, accept, retry_after="30")


def _describe(problem: Problem) -> str:
    """Return the problem's text for clients, without local paths, which are logged only."""
    where = "the repository" if _is_internal(problem) else problem.where
    return f"{where}: {problem.message.removeprefix(f'{where}: ')}" if where else problem.message


def _is_internal(problem: Problem) -> bool:
    return Path(problem.where).is_absolute()


def _without(headers: Headers, *names: bytes) -> Headers:
    return [(name, value) for name, value in headers if name not in names]


def _list_headers(headers: dict[str, str]) -> Headers:
    return [(name.encode(), value.encode("latin-1")) for name, value in headers.items()] + _SAFE
