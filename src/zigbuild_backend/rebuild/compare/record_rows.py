"""Compares RECORD with the archive that it is in, and with the RECORD of another wheel."""

from __future__ import annotations

import base64
import csv
import hashlib
from collections.abc import Iterator, Mapping

from .difference import ARCHIVE, Difference, contrast, count, enumerate_names, escape
from .raw_zip import MalformedZip, ZipArchive, ZipMember, explain_fault
from .texts import explain_text

Rows = Mapping[str, tuple[str, str]]
"""The hash and the size, as texts, by the path of the member."""

_ALGORITHMS = ("sha256", "sha384", "sha512")


def parse_record(data: bytes) -> Rows:
    """Parse the rows of a RECORD, escaped as the names of members are; malformed rows are left out."""
    rows: dict[str, tuple[str, str]] = {}
    try:
        for row in csv.reader(data.decode(errors="backslashreplace").splitlines()):
            if len(row) == 3:
                path, digest, size = map(escape, row)
                rows[path] = (digest, size)
    except csv.Error:
        pass  # a row is too long, or its quotes do not end: the rest has no rows
    return rows


def hash_as(said: str, content: bytes) -> str:
    """Return the hash of *content* as RECORD writes it, by the algorithm of the hash *said*; empty if unknown."""
    algorithm = said.partition("=")[0]
    if algorithm not in _ALGORITHMS:
        return ""
    digest = hashlib.new(algorithm, content).digest()
    return f"{algorithm}={base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"


def is_matching(row: tuple[str, str], content: bytes) -> bool:
    """Return whether the hash and size of *row* are those of *content*; a row without a hash matches all."""
    said, size = row
    return not said or (hash_as(said, content), str(len(content))) == (said, size)


def explain_record(
    place: str, expected: bytes, found: bytes, same: Mapping[str, str], *, is_explained: bool
) -> Iterator[Difference]:
    """Yield the differences between two RECORDs beyond those that follow from differing members.

    *same* has, for the members with the same content, the name in *expected* and the one in *found*. *is_explained*
    says that some members differ, and the text of RECORD with them.
    """
    ours, theirs = parse_record(expected), parse_record(found)
    altered = [name for name, other in same.items() if ours.get(name) != theirs.get(other)]
    if altered:
        rows = (ours.get(altered[0]), theirs.get(same[altered[0]]))
        what = contrast(*(" ".join(row) if row else "none" for row in rows))
        why = "RECORD was altered, or written by another tool"
        yield Difference(place, f"rows of {enumerate_names(altered)}, whose contents are the same: {what}", why)
    elif not is_explained:
        yield from explain_text(place, expected, found)


def explain_rows(record: bytes, archive: ZipArchive) -> Iterator[Difference]:
    """Yield the differences between the members of *archive* and the rows of *record*, which is of another wheel."""
    rows = parse_record(record)
    is_explained = False
    for name, row in rows.items():
        member = archive.by_name.get(name)
        difference = _compare_row(row, archive, member) if member else Difference(name, "is missing")
        if difference:
            is_explained = True
            yield difference
    if extra := [name for name in archive.by_name if name not in rows]:
        is_explained = True
        yield Difference(ARCHIVE, f"{count(len(extra), 'member')} more than expected: {enumerate_names(extra)}")
    own = next((name for name in rows if name.endswith(".dist-info/RECORD")), None)
    if own and not is_explained:
        found = archive.unpack(archive.by_name[own])
        if found != record:
            yield from explain_record(own, record, found, {name: name for name in rows}, is_explained=False)


def _compare_row(row: tuple[str, str], archive: ZipArchive, member: ZipMember) -> Difference | None:
    """Return the difference between a row and its member, if there is one."""
    said, size = row
    try:
        content = archive.unpack(member)
    except MalformedZip as error:
        return explain_fault("in the wheel", member.name, error)
    if is_matching(row, content):
        return None
    found = f"{hash_as(said, content) or 'no hash of a known kind'} ({len(content)} bytes)"
    return Difference(member.name, contrast(f"{said} ({size} bytes)", found))
