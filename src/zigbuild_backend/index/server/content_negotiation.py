"""Which representation a client gets: what its request would take, against what there is (RFC 9110, PEP 691)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

_MOST_RANGES = 64
"""How many parts of an Accept header are read: nobody honest sends more."""


@dataclass(frozen=True)
class PageFormat:
    """One form of a page: ``names`` are the media types that ask for it, ``content_type`` is what it is sent as."""

    names: tuple[str, ...]
    content_type: str
    is_json: bool


_WEIGHT = re.compile(r"0(\.[0-9]{0,3})?|1(\.0{0,3})?")
_PREFIX = "application/vnd.pypi.simple"
TEXT_HTML = PageFormat(("text/html",), "text/html; charset=utf-8", is_json=False)
SIMPLE_JSON = PageFormat((f"{_PREFIX}.v1+json", f"{_PREFIX}.latest+json"), f"{_PREFIX}.v1+json", is_json=True)
SIMPLE_HTML = PageFormat((f"{_PREFIX}.v1+html", f"{_PREFIX}.latest+html"), f"{_PREFIX}.v1+html", is_json=False)

SIMPLE_FORMATS = (TEXT_HTML, SIMPLE_JSON, SIMPLE_HTML)
"""The forms of the pages of PEP 503 and PEP 691; where a client likes several as much, the first is sent."""

_SHORT_NAMES = {"json": SIMPLE_JSON, "html": TEXT_HTML}


def choose_format(accept: str, query: str = "", formats: Sequence[PageFormat] = SIMPLE_FORMATS) -> PageFormat | None:
    """The form that the client likes best; None where it likes none.

    ``?format=`` in *query* goes before *accept*, the Accept header. An empty header accepts everything.
    """
    asked = find_parameter(query, "format")
    if asked is not None:
        short = _SHORT_NAMES.get(asked)
        return next((form for form in formats if form is short or asked in form.names), None)
    if not accept.strip():
        return formats[0]
    wanted = dict(_parse_quality(accept))
    best, best_quality = None, 0.0
    for form in formats:
        quality = max(_find_quality(wanted, name) for name in form.names)
        if quality > best_quality:
            best, best_quality = form, quality
    return best


def accepts_gzip(accept_encoding: str) -> bool:
    """Whether the Accept-Encoding header has gzip in it, and does not refuse it."""
    wanted = dict(_parse_quality(accept_encoding))
    return wanted.get("gzip", wanted.get("x-gzip", wanted.get("*", 0.0))) > 0


def prefers_json(accept: str) -> bool:
    """Whether a client that gets an error would rather read it as JSON."""
    wanted = dict(_parse_quality(accept))
    text = max(_find_quality(wanted, name) for name in ("text/plain", "text/html"))
    json = max(_find_quality(wanted, name) for name in ("application/json", *SIMPLE_JSON.names))
    return json > text


def find_parameter(query: str, name: str) -> str | None:
    """The first value of *name* in a query string, in which a plus sign is a plus sign; None if it has none."""
    for part in query.split("&", 16)[:16]:
        key, _, value = part.partition("=")
        if key == name:
            return unquote(value)
    return None


def _parse_quality(header: str) -> Iterator[tuple[str, float]]:
    """Each range of an Accept header with its weight; those that make no sense are passed over."""
    for part in header.split(",", _MOST_RANGES)[:_MOST_RANGES]:
        name, *parameters = (word.strip().lower() for word in part.split(";"))
        quality = 1.0
        for parameter in parameters:
            key, _, value = parameter.partition("=")
            if key.strip() == "q":
                quality = float(value) if _WEIGHT.fullmatch(value.strip()) else -1.0
        if name and quality >= 0:
            yield name, quality


def _find_quality(wanted: dict[str, float], name: str) -> float:
    """The weight of the most specific range that *name* falls into, 0 where there is none."""
    for pattern in (name, f"{name.partition('/')[0]}/*", "*/*"):
        if pattern in wanted:
            return wanted[pattern]
    return 0.0
