"""Conditional requests and ranges (RFC 9110): has it changed, and which part of it is wanted?"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timezone
from email.utils import format_datetime, parsedate_to_datetime

_RANGE = re.compile(r"(\d{0,19})-(\d{0,19})")
_MOST_RANGES = 16


@dataclass(frozen=True)
class ByteRange:
    """Bytes from ``start`` up to and without ``stop``."""

    start: int
    stop: int


class UnsatisfiableError(ValueError):
    """No byte of the file is in the range that was asked for."""


def is_match(if_none_match: str, etag: str) -> bool:
    """Whether *if_none_match* names *etag*: the client has it already. Weak and strong tags are compared as if weak."""
    if if_none_match.strip() == "*":
        return True
    return any(tag.strip().removeprefix("W/") == etag for tag in if_none_match.split(","))


def is_unmodified(if_modified_since: str, last_modified: str) -> bool:
    """Whether nothing changed since the date of the header; both are HTTP dates, a wrong one says nothing."""
    since, modified = _parse_date(if_modified_since), _parse_date(last_modified)
    return since is not None and modified is not None and modified <= since


def parse_range(range_header: str, if_range: str, size: int, etag: str, last_modified: str) -> ByteRange | None:
    """The part of a file of *size* bytes that a request asks for; None where that is the whole file.

    A header that makes no sense is passed over, as the standard says, and so is one that asks for several ranges.

    :raises UnsatisfiableError: if there is no such part, or if absurdly many parts are asked for.
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
        raise UnsatisfiableError(f"no byte of {size} is in {range_header}")
    return span


def render_date(rfc3339: str) -> str:
    """A time as HTTP writes it; empty where *rfc3339* is empty or no time."""
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
