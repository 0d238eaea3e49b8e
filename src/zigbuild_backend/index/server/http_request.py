"""The parts of an HTTP request that the index reads."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from ipaddress import ip_address
from typing import Any
from urllib.parse import quote

_WANTED = {
    b"accept": "accept",
    b"accept-encoding": "encoding",
    b"if-none-match": "if_none_match",
    b"if-modified-since": "if_modified_since",
    b"range": "range",
    b"if-range": "if_range",
    b"user-agent": "agent",
    b"host": "host",
    b"x-real-ip": "real_ip",
    b"x-forwarded-proto": "real_scheme",
}

_HOST = re.compile(r"[A-Za-z0-9.:\[\]-]{1,255}")


@dataclass(frozen=True)
class HttpRequest:
    """A request; ``path`` and header values are as received, and a header that was not sent is empty."""

    method: str
    path: bytes
    query: bytes
    client: str
    scheme: str = "http"
    host: bytes = b""
    accept: bytes = b""
    encoding: bytes = b""
    if_none_match: bytes = b""
    if_modified_since: bytes = b""
    range: bytes = b""
    if_range: bytes = b""
    agent: bytes = b""

    @property
    def signature(self) -> tuple[object, ...]:
        """Return all values that the choice of the representation depends on."""
        return self.path, self.query, self.accept, self.encoding, self.host, self.scheme

    @property
    def length(self) -> int:
        """Return the length of the signature's values, in bytes."""
        return len(self.path) + len(self.query) + len(self.accept) + len(self.encoding) + len(self.host)

    @property
    def base(self) -> str:
        """Return the URL of the server as the client sees it, without a trailing slash."""
        host = self.host.decode("latin-1")
        return f"{self.scheme}://{host if _HOST.fullmatch(host) else 'HOST'}"

    @cached_property
    def accept_text(self) -> str:
        return self.accept.decode("latin-1")

    @cached_property
    def query_text(self) -> str:
        return self.query.decode("latin-1")


def parse_request(scope: Any, *, is_proxied: bool) -> HttpRequest:
    """Return the request of an ASGI *scope*; if it *is_proxied*, the proxy's headers name the client."""
    fields = _parse_headers(scope["headers"])
    real_ip, real_scheme = fields.pop("real_ip", b""), fields.pop("real_scheme", b"")
    peer = scope.get("client")
    client, scheme = peer[0] if peer else "", scope["scheme"]
    if is_proxied:
        client = _parse_ip(real_ip, client) if real_ip else client
        scheme = "https" if real_scheme == b"https" else scheme
    path = scope.get("raw_path") or quote(scope["path"]).encode()
    return HttpRequest(scope["method"], path, scope["query_string"], client, scheme, **fields)


def _parse_headers(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, bytes]:
    fields: dict[str, bytes] = {}
    for name, value in headers:
        wanted = _WANTED.get(name)
        if wanted:
            fields[wanted] = fields[wanted] + b"," + value if wanted in fields else value
    return fields


def _parse_ip(header: bytes, otherwise: str) -> str:
    try:
        return str(ip_address(header.decode("ascii").strip()))
    except ValueError:
        return otherwise
