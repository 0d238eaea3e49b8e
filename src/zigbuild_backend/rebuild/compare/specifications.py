"""Compares the specifications of two wheels field by field, with the consequence of each field."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from itertools import islice

from ...core.wheel.buildinfo import digest_members
from .difference import Difference, contrast, shorten
from .json_documents import find_differing, parse_document

_REASONS = {
    "schema": "another version of the backend wrote the buildinfo",
    "backend": "another backend may write any member differently",
    "backend.digest": "another backend, or changed sources of the same version, may write any member differently",
    "source": "they are wheels of different projects or releases",
    "source.digest": "the sources are not the same: any member may differ",
    "source.recipe": "the recipe is not the same: settings, and so flags and members, may differ",
    "tag": "they are wheels for different Pythons or platforms",
    "requirements": "another version of a requirement may write METADATA or generated sources differently",
    "archive": "the members are compressed in another way: their contents may be the same",
    "epoch": "SOURCE_DATE_EPOCH had another value, which is the time of all members",
    "zig": "another compiler: the code and the linked runtimes may differ",
    "optimize": "the code was optimised in another way",
    "overrides": "other settings of the project were overridden",
    "sdk": "frameworks are linked from another SDK of macOS",
    "sdk.digest": "the files of the SDK are not the same: code that is linked with its frameworks may differ",
    "headers": "the headers of a build requirement are not the same: the code may differ",
    "target": "the code is for another machine",
    "python": "the code is for another Python",
    "python.version": "the headers are of another patch release",
    "python.headers": "CPython's headers are not the same: the code may differ",
    "python.import-library": "the module is linked against other import definitions",
}
"""By the path of a field, or of the field that it is in; in the order of the explanation."""


_MOST_SUBSTITUTIONS = 64
_DIGEST = re.compile("[0-9a-f]{64}")


def explain_specification(expected: bytes | None, found: bytes | None, place: str) -> Iterator[Difference]:
    """Yield the differences between two buildinfos at *place*; None is a wheel without one.

    The digest of the members is left out: it is an output.
    """
    if expected is None and found is None:
        return
    if expected is None or found is None:
        what = contrast(*("none" if data is None else "a buildinfo" for data in (expected, found)))
        yield Difference(place, what, "only one of the two was built by this backend")
        return
    ours, theirs = _parse(expected), _parse(found)
    for side, fields in (("expected", ours), ("found", theirs)):
        if fields is None:
            yield Difference(place, f"the {side} one is not a buildinfo", "the wheel was altered or damaged")
    if ours is None or theirs is None:
        return
    differing = find_differing(ours, theirs)
    order = {path: rank for rank, path in enumerate([*_REASONS, ""])}
    for path in sorted(differing, key=lambda path: (order[_find_known(path)], path)):
        sides = _abbreviate(*(str(fields.get(path, "none")) for fields in (ours, theirs)))
        yield Difference(
            place, f"{shorten(path)}: {contrast(*map(shorten, sides))}", _REASONS.get(_find_known(path), "")
        )


def is_altered(buildinfo: bytes | None, record: bytes | None, path: str) -> bool:
    """Return whether a wheel's RECORD differs from the one that its buildinfo, at *path*, was written with."""
    try:
        said = json.loads(buildinfo or b"")["members"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return False
    if record is None or not isinstance(said, str):
        return False
    rows = record.splitlines(keepends=True)
    return digest_members(b"".join(row for row in rows if not row.startswith(f"{path},".encode()))) != said


def find_substitutions(expected: bytes | None, found: bytes | None) -> Mapping[bytes, bytes]:
    """Return the values that differ between two buildinfos, expected → found, the longest first."""
    ours, theirs = _parse(expected or b""), _parse(found or b"")
    if ours is None or theirs is None:
        return {}
    paths = [path for path in find_differing(ours, theirs) if path in ours and path in theirs]
    pairs = ((str(ours[path]).encode(), str(theirs[path]).encode()) for path in paths)
    return dict(sorted(islice(pairs, _MOST_SUBSTITUTIONS), key=lambda pair: -len(pair[0])))


def _abbreviate(expected: str, found: str) -> tuple[str, str]:
    """Return two digests cut to twelve digits if those differ; other values as they are."""
    if _DIGEST.fullmatch(expected) and _DIGEST.fullmatch(found) and expected[:12] != found[:12]:
        return expected[:12], found[:12]
    return expected, found


def _parse(data: bytes) -> Mapping[str, object] | None:
    """Parse the fields of a buildinfo by their paths, requirements by their names, without the digest of members."""
    fields = parse_document(data)
    if fields is None or "schema" not in fields:
        return None
    named: dict[str, object] = {}
    for path, value in fields.items():
        if path.startswith("requirements["):
            name, _, value = str(value).partition("==")
            path = f"requirements.{name}"
        if path != "members" and value not in (None, [], ""):
            named[path] = value
    return named


def _find_known(path: str) -> str:
    """Return the field at *path*, or around it, that has a known reason; empty if there is none."""
    parents = [path[: match.start()] for match in re.finditer(r"[.\[]", path)]
    return next((known for known in [path, *reversed(parents)] if known in _REASONS), "")
