"""Content negotiation: selects the representation that a client prefers (RFC 9110, PEP 691)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

_MOST_RANGES = 64
"""The number of media ranges of an Accept header that are read; honest clients send fewer."""


@dataclass(frozen=True)
class PageFormat:
    """A format of a page: ``names`` are the media types that request it, ``content_type`` is the one it is sent as."""

    names: tuple[str, ...]
    content_type: str
    is_json: bool


_WEIGHT = re.compile(r"0(\.[0-9]{0,3})?|1(\.0{0,3})?")
_PREFIX = "application/vnd.pypi.simple"
TEXT_HTML = PageFormat(("text/html",), "text/html; charset=utf-8", is_json=False)
SIMPLE_JSON = PageFormat((f"{_PREFIX}.v1+json", f"{_PREFIX}.latest+json"), f"{_PREFIX}.v1+json", is_json=True)
SIMPLE_HTML = PageFormat((f"{_PREFIX}.v1+html", f"{_PREFIX}.latest+html"), f"{_PREFIX}.v1+html", is_json=False)

SIMPLE_FORMATS = (TEXT_HTML, SIMPLE_JSON, SIMPLE_HTML)
"""The formats of PEP 503 and PEP 691; of those that a client prefers equally, the first is sent."""

_SHORT_NAMES = {"json": SIMPLE_JSON, "html": TEXT_HTML}


def choose_format(accept: str, query: str = "", formats: Sequence[PageFormat] = SIMPLE_FORMATS) -> PageFormat | None:
    """Return the format that the client prefers, or None if it accepts none.

    ``?format=`` in *query* overrides *accept*, the Accept header. An empty header accepts everything.
    """
    name = parse_parameter(query, "format")
    if name is not None:
        short = _SHORT_NAMES.get(name)
        return next((form for form in formats if form is short or name in form.names), None)
    if not accept.strip():
        return formats[0]
    wanted = dict(_parse_weights(accept))
    best, best_quality = None, 0.0
    for form in formats:
        quality = max(_get_weight(wanted, name) for name in form.names)
        if quality > best_quality:
            best, best_quality = form, quality
    return best


def accepts_gzip(accept_encoding: str) -> bool:
    """Return whether the Accept-Encoding header accepts gzip."""
    wanted = dict(_parse_weights(accept_encoding))
    return wanted.get("gzip", wanted.get("x-gzip", wanted.get("*", 0.0))) > 0


def prefers_json(accept: str) -> bool:
    """Return whether a client prefers errors as JSON."""
    wanted = dict(_parse_weights(accept))
    text = max(_get_weight(wanted, name) for name in ("text/plain", "text/html"))
    json = max(_get_weight(wanted, name) for name in ("application/json", *SIMPLE_JSON.names))
    return json > text


def parse_parameter(query: str, name: str) -> str | None:
    """Return the first value of *name* in a query string, or None; a plus sign is not a space."""
    for part in query.split("&", 16)[:16]:
        key, _, value = part.partition("=")
        if key == name:
            return unquote(value)
    return None


def _parse_weights(header: str) -> Iterator[tuple[str, float]]:
    """Yield each range of an Accept header with its weight; invalid ones are skipped."""
    for part in header.split(",", _MOST_RANGES)[:_MOST_RANGES]:
        name, *parameters = (word.strip().lower() for word in part.split(";"))
        quality = 1.0
        for parameter in parameters:
            key, _, value = parameter.partition("=")
            if key.strip() == "q":
                quality = float(value) if _WEIGHT.fullmatch(value.strip()) else -1.0
        if name and quality >= 0:
            yield name, quality


def _get_weight(wanted: dict[str, float], name: str) -> float:
    """Return the weight of the most specific range that includes *name*, 0 if none does."""
    for pattern in (name, f"{name.partition('/')[0]}/*", "*/*"):
        if pattern in wanted:
            return wanted[pattern]
    return 0.0
