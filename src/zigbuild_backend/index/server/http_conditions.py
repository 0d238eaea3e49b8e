"""Conditional and range requests (RFC 9110)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timezone
from email.utils import format_datetime, parsedate_to_datetime

_RANGE = re.compile(r"(\d{0,19})-(\d{0,19})")
_MOST_RANGES = 16


@dataclass(frozen=True)
class ByteRange:
    """The bytes from ``start`` up to, but without, ``stop``."""

    start: int
    stop: int


class UnsatisfiableError(ValueError):
    """The requested range holds no byte of the file."""


def is_match(if_none_match: str, etag: str) -> bool:
    """Return whether the header *if_none_match* lists *etag*, by weak comparison: the client has the representation."""
    if if_none_match.strip() == "*":
        return True
    return any(tag.strip().removeprefix("W/") == etag for tag in if_none_match.split(","))


def is_unmodified(if_modified_since: str, last_modified: str) -> bool:
    """Return whether nothing changed since the date of the header; False if one of the HTTP dates is invalid."""
    since, modified = _parse_date(if_modified_since), _parse_date(last_modified)
    return since is not None and modified is not None and modified <= since


def parse_range(range_header: str, if_range: str, size: int, etag: str, last_modified: str) -> ByteRange | None:
    """Return the requested range of a file of *size* bytes, or None for the whole file.

    An invalid header is ignored, as RFC 9110 says, and so is one with several ranges.

    :raises UnsatisfiableError: if the range holds no byte, or if too many ranges are requested.
    """
    unit, _, listed = range_header.partition("=")
    if unit.strip().lower() != "bytes" or (if_range and if_range.strip() not in (etag, last_modified)):
        return None
    ranges = listed.split(",", _MOST_RANGES)
    if len(ranges) > _MOST_RANGES:
        raise UnsatisfiableError(f"more than {_MOST_RANGES} ranges")
    found = _RANGE.fullmatch(ranges[0].strip())
    if len(ranges) > 1 or not found or not found[0].isascii():
        return None
    first, last = found[1], found[2]
    if not first and not last:
        return None
    if not first:
        span = ByteRange(max(0, size - int(last)), size)
    elif last and int(last) < int(first):
        return None
    else:
        span = ByteRange(int(first), min(size, int(last) + 1) if last else size)
    if span.start >= span.stop:
        raise UnsatisfiableError(f"the file has {size} bytes, and none of them is in {range_header}")
    return span


def render_date(rfc3339: str) -> str:
    """Return a time in the format of HTTP; empty if *rfc3339* is empty or invalid."""
    try:
        moment = datetime.fromisoformat(rfc3339.replace("Z", "+00:00"))
    except ValueError:
        return ""
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    return format_datetime(moment.astimezone(timezone.utc).replace(microsecond=0), usegmt=True)


def _parse_date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
