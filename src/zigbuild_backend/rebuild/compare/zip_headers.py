"""Compares the headers of two zip archives field by field, and the bytes around their members."""

from __future__ import annotations

import stat
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from .difference import ARCHIVE, Difference, contrast, count, enumerate_names, quote
from .raw_zip import DEFLATED, STORED, ZipArchive, ZipMember, split_extra

Pair = tuple[ZipMember, ZipMember]

_REASONS = {
    "version": "the archive was written by another tool, or another version of it",
    "system": "the archive was written by another tool, or on another system",
    "version needed": "the archive was written by another tool, or one has fields for large files",
    "flags": "the archive was written by another tool: flags note data descriptors, UTF-8 names and deflate levels",
    "method": "one tool stores what the other deflates",
    "time": "the time of the build or of a file got into the archive: SOURCE_DATE_EPOCH was another, or not heeded",
    "CRC": "the header was altered: the content is the same",
    "packed size": "the header was altered, or the compressed streams differ",
    "size": "the header was altered: the content is the same",
    "extra field": "the archive was written by another tool; the field has times, owners and large sizes",
    "attributes": "the umask or the permissions of files on the machine that built it",
    "data descriptor": "the archive was written as a stream, with sizes after the data",
    "comment": "something was added after the archive was written",
    "name": "the local header was altered: installers read the directory",
}
_METHODS = {STORED: "stored", DEFLATED: "deflated", 12: "bzip2", 14: "LZMA", 93: "Zstandard"}
_SYSTEMS = {0: "FAT", 3: "Unix", 10: "NTFS", 11: "MVS", 19: "Darwin"}
_EXTRAS = {
    1: "ZIP64 sizes",
    0x000A: "NTFS times",
    0x5455: "Unix times",
    0x5855: "Unix times and owner",
    0x7855: "Unix owner",
    0x7875: "Unix owner",
    0xCAFE: "Java archive",
}
_FOLLOWING = frozenset({"CRC", "size", "packed size", "flags"})
"""Fields that follow from the content and the packed bytes; deflaters note their level in the flags."""


def explain_headers(pairs: Sequence[Pair], changed: Collection[str], repacked: Collection[str]) -> Iterator[Difference]:
    """Yield the fields that differ in the headers of the same members, once for all members that share a difference.

    *changed* are the members (by their expected names) whose contents differ, *repacked* those of which only the
    compressed streams do.
    """
    groups: dict[tuple[str, str, int | bytes | None, int | bytes | None], list[str]] = {}
    for ours, theirs in pairs:
        skipped = {"name"} if ours.name != theirs.name else set()
        if ours.name in changed:
            skipped |= _FOLLOWING
        elif ours.name in repacked:
            skipped.add("packed size")
        central = _find_differing(ours.central, theirs.central, skipped)
        local = _find_differing(ours.local, theirs.local, skipped) if not (ours.fault or theirs.fault) else {}
        for field in dict.fromkeys([*central, *local]):
            sides = {"": central.get(field), " in the local header": local.get(field)}
            if sides[""] == sides[" in the local header"]:
                del sides[" in the local header"]
            for where, values in sides.items():
                if values:
                    groups.setdefault((where, field, *values), []).append(ours.name)
    for (where, field, expected, found), names in groups.items():
        whose = f"all {len(names)} members" if len(names) == len(pairs) > 1 else enumerate_names(names)
        what = contrast(_render(field, expected), _render(field, found))
        yield Difference(ARCHIVE, f"{field} of {whose}{where}: {what}", _REASONS.get(field, ""))


def _find_differing(
    expected: Mapping[str, int | bytes], found: Mapping[str, int | bytes], skipped: Collection[str]
) -> dict[str, tuple[int | bytes | None, int | bytes | None]]:
    return {
        field: (value, found.get(field))
        for field, value in expected.items()
        if field not in skipped and value != found.get(field)
    }


def _render(field: str, value: int | bytes | None) -> str:
    """Return the value of a field as text."""
    if isinstance(value, bytes):
        return _render_extra(value) if field == "extra field" else quote(value) if value else "none"
    if value is None:
        return "none"
    if field == "time":
        return _render_time(value)
    if field == "attributes":
        dos = f" and {value & 0xFFFF:#x}" if value & 0xFFFF else ""
        return f"{stat.filemode(value >> 16)}{dos}"
    if field in ("flags", "CRC"):
        return f"{value:#x}"
    if field == "data descriptor":
        return f"{value} bytes" if value else "none"
    names = {"method": _METHODS, "system": _SYSTEMS}.get(field, {})
    return names.get(value, str(value))


def _render_time(value: int) -> str:
    date, time = value >> 16, value & 0xFFFF
    day = f"{1980 + (date >> 9)}-{date >> 5 & 15:02}-{date & 31:02}"
    return f"{day} {time >> 11:02}:{time >> 5 & 63:02}:{(time & 31) * 2:02}"


def _render_extra(extra: bytes) -> str:
    kinds = (_EXTRAS.get(kind, f"kind {kind:#06x}") for kind, _ in split_extra(extra))
    return f"{len(extra)} bytes ({enumerate_names(kinds)}; {extra[:16].hex()})" if extra else "none"


def explain_frame(expected: ZipArchive, found: ZipArchive) -> Iterator[Difference]:
    """Yield the differences in the end record, and in the bytes before, between and after the members."""
    has_same_count = len(expected.members) == len(found.members)
    for field, value in expected.end.items():
        theirs = found.end[field]
        if value != theirs and (has_same_count or not field.startswith("number")):
            what = contrast(_render(field, value), _render(field, theirs))
            yield Difference(ARCHIVE, f"{field} in the end record: {what}", _REASONS.get(field, ""))
    for place, ours, other, why in (
        ("before the first member", expected.before, found.before, "a program that unpacks itself, or damage"),
        ("between the members", expected.between, found.between, "a signing or aligning tool, or a member removed"),
        ("after the end record", expected.after, found.after, "something was appended, or a download went wrong"),
    ):
        if ours != other:
            what = contrast(_render_bytes(ours), _render_bytes(other))
            yield Difference(ARCHIVE, f"bytes {place} that belong to no record: {what}", why)


def _render_bytes(data: bytes) -> str:
    return f"{count(len(data), 'byte')} ({data[:8].hex()}{'…' if len(data) > 8 else ''})" if data else "none"


def explain_names(expected: Iterable[ZipMember], found: Iterable[ZipMember]) -> Iterator[Difference]:
    """Yield the members that only one archive has; two with the same content are one that was renamed."""
    missing = {member.name: member for member in expected}
    extra = {(member.central["CRC"], member.size): member.name for member in found}
    extra_names = dict.fromkeys(member.name for member in found)
    for name, member in list(missing.items()):
        other = extra.pop((member.central["CRC"], member.size), None)
        if other and member.size:
            del missing[name], extra_names[other]
            what = f"exists as {quote(other)}, with the same content"
            yield Difference(name, what, "a module has the suffix of another Python, or a file was renamed")
    if missing:
        yield Difference(ARCHIVE, f"{count(len(missing), 'member')} missing: {enumerate_names(missing)}")
    if extra_names:
        yield Difference(
            ARCHIVE, f"{count(len(extra_names), 'member')} more than expected: {enumerate_names(extra_names)}"
        )


def explain_order(expected: ZipArchive, found: ZipArchive, pairs: Sequence[Pair]) -> Iterator[Difference]:
    """Yield the members that occur another number of times, and the first one that differs in an order."""
    times, times_found = (Counter(member.name for member in archive.members) for archive in (expected, found))
    for ours, theirs in pairs:
        if times[ours.name] != times_found[theirs.name]:
            what = contrast(f"{count(times[ours.name], 'time')} in the archive", times_found[theirs.name])
            yield Difference(ours.name, what, "the installer decides which one it installs")
    spelling = {theirs.name: ours.name for ours, theirs in pairs}
    sound = [pair for pair in pairs if not (pair[0].fault or pair[1].fault)]
    by_place = (sorted(sound, key=lambda pair: pair[side].start) for side in (0, 1))
    orders = {
        "directory": ([ours.name for ours, _ in pairs], [spelling[name] for name in found.by_name if name in spelling]),
        "file": ([ours.name for ours, _ in side] for side in by_place),
    }
    why = "the order of a folder's listing, which differs between file systems; or another tool"
    for place, (names, names_found) in orders.items():
        for position, (name, other) in enumerate(zip(names, names_found, strict=True), 1):
            if name != other:
                what = f"{contrast(quote(name), quote(other))} as number {position}"
                yield Difference(ARCHIVE, f"the order of the members in the {place}: {what}", why)
                return


def explain_streams(pairs: Iterable[Pair], repacked: Collection[str]) -> Iterator[Difference]:
    """Yield the difference of the *repacked* members (by their expected names): only their streams differ."""
    streams = [pair for pair in pairs if pair[0].name in repacked and pair[0].method == pair[1].method]
    if streams:
        names = enumerate_names(ours.name for ours, _ in streams)
        sizes = (sum(member.packed for member in side) for side in zip(*streams, strict=True))
        what = f"the compressed streams of {names}, whose contents are the same: {contrast(*sizes)} bytes"
        yield Difference(ARCHIVE, what, "another deflater: zlib, zlib-ng, another version or level, or this backend's")
