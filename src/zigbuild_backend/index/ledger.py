"""The ledger: every file that was ever published, with its hash and the data that resolving and rebuilding need.

It never forgets a file, and never changes the name, size or hash of one. Each row is signed; a row that somebody else
altered is detected and refused when it is read, and the rows beside it are served all the same.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..core.base.errors import MismatchError, NotFoundError, Problem
from .database import Database
from .files import File, Verification, check_same_bytes, merge_files
from .ledger_history import LedgerHistory
from .row_signatures import KEY_HINT, RowSigner, create_key, read_key
from .wheel_pieces import WheelLayout, parse_layout

_MEND = "add the file again with 'zigbuild cache add', or restore the ledger from a backup"

_COLUMNS = (
    "name, project, version, size, sha256, requires_python, metadata_sha256, upload_time, yanked, origin, provenance,"
    " spec, buildinfo_sha256, layout_sha256"
)

_DELETE_LAYOUT = "DELETE FROM texts WHERE sha256 = ?1 AND NOT EXISTS (SELECT 1 FROM files WHERE layout_sha256 = ?1)"


@dataclass(frozen=True)
class LedgerEntry:
    """A file to be recorded, with its METADATA, buildinfo and layout as far as they are known.

    ``verification``, if given, is recorded with it.
    """

    file: File
    metadata: bytes | None = None
    buildinfo: bytes | None = None
    layout: WheelLayout | None = None
    verification: Verification | None = None


@dataclass(frozen=True)
class _Row:
    """A row of the table of files: the file, and the digests of its buildinfo and its layout (empty: none)."""

    file: File
    buildinfo: str = ""
    layout: str = ""

    @property
    def values(self) -> tuple[Any, ...]:
        """Return the values in the order of the columns."""
        file = self.file
        return (
            *(file.name, file.project, file.version, file.size, file.sha256, file.requires_python),
            *(file.metadata_sha256, file.upload_time, file.yanked, file.origin, file.provenance, file.spec),
            *(self.buildinfo, self.layout),
        )


class Ledger(LedgerHistory):
    """The ledger in the file *path*, signed with the key in the file *key*; both are created if there are none.

    Threads and processes can use it concurrently.

    :raises NotFoundError: if the key is missing.
    :raises MismatchError: if it is another key, or the file is no ledger.
    :raises ConfigurationError: if a newer version wrote the ledger.
    """

    def __init__(self, path: Path, key: Path) -> None:
        if not path.exists():
            create_key(key)
        database, signer = Database(path), RowSigner(read_key(key))
        check = signer.sign("key")
        try:
            if database.create(check) != check:
                raise MismatchError(f"is not the key that {path.name} is signed with", where=str(key), hint=KEY_HINT)
        except BaseException:
            database.close()
            raise
        super().__init__(database, signer)

    def close(self) -> None:
        """Write the use counts, and close the file."""
        self.flush_uses()
        self._database.close()

    def generation(self) -> int:
        """Return a number that increases whenever any process records something; reading it takes microseconds."""
        return self._database.generation()

    # Files

    def record(
        self,
        file: File,
        metadata: bytes | None = None,
        buildinfo: bytes | None = None,
        layout: WheelLayout | None = None,
    ) -> File:
        """Record *file*, or add new data to its row if it is known, and return the row's file.

        :raises MismatchError: if the name is known with other bytes, or its row was altered; nothing is changed then.
        """
        if problems := self.record_all([LedgerEntry(file, metadata, buildinfo, layout)]):
            raise MismatchError.of(problems)
        return self.find(file.name)

    def record_all(self, entries: Iterable[LedgerEntry], *, is_mending: bool = False) -> tuple[Problem, ...]:
        """Record many files in one transaction; return the problems of those that were refused.

        With *is_mending*, rows that were altered are replaced: for files that a trusted user adds.
        """
        problems: list[Problem] = []
        with self._database.transaction(is_recording=True) as connection:
            for entry in entries:
                metadata, buildinfo, layout = (
                    self._keep_text(connection, text)
                    for text in (entry.metadata, entry.buildinfo, entry.layout.to_bytes() if entry.layout else None)
                )
                file = replace(entry.file, metadata_sha256=metadata) if metadata else entry.file
                try:
                    known = self._read_known_row(file, is_mending=is_mending)
                except MismatchError as error:
                    problems += error.problems
                    continue
                row = _Row(file, buildinfo, layout)
                if known:
                    merged = merge_files(known.file, file)
                    row = _Row(merged, buildinfo or known.buildinfo, layout or known.layout)
                signature = self._signer.sign("file", *row.values)
                places = ", ".join("?" * (len(row.values) + 1))
                connection.execute(
                    f"INSERT OR REPLACE INTO files ({_COLUMNS}, seal) VALUES ({places})", (*row.values, signature)
                )
                if known and known.layout != row.layout:
                    connection.execute(_DELETE_LAYOUT, (known.layout,))
                if entry.verification:
                    self._insert_verification(connection, entry.verification)
        return tuple(problems)

    def find(self, name: str) -> File:
        """Return the file of that name.

        :raises NotFoundError: if none was ever recorded.
        :raises MismatchError: if its row was altered.
        """
        row = self._read_row("name", name)
        if row is None:
            raise NotFoundError("is not in the ledger", where=name, hint="zigbuild cache add FILE")
        return row.file

    def files(self, project: str) -> tuple[File, ...]:
        """Return the files of a project (canonical name) sorted by name, without those whose rows were altered."""
        return tuple(self._read_intact_files("WHERE project = ?", project))

    def all_files(self) -> tuple[File, ...]:
        """Return the files of all projects sorted by name, without those whose rows were altered."""
        return tuple(self._read_intact_files())

    def projects(self) -> tuple[str, ...]:
        """Return the canonical names of all projects that have files, sorted."""
        return tuple(name for (name,) in self._database.rows("SELECT DISTINCT project FROM files ORDER BY project"))

    def altered(self, project: str | None = None) -> tuple[Problem, ...]:
        """Return a problem for each row, of one project or of all, that somebody else altered."""
        where, values = ("", ()) if project is None else ("WHERE project = ?", (project,))
        rows = self._database.rows(f"SELECT {_COLUMNS}, seal FROM files {where} ORDER BY name", *values)
        return tuple(
            _altered(row[0]).problems[0] for row in rows if not self._signer.is_signed(row[-1], "file", *row[:-1])
        )

    # Texts that belong to a file

    def metadata(self, sha256: str) -> bytes:
        """Return the METADATA of the file with that hash.

        :raises NotFoundError: if the ledger has none.
        :raises MismatchError: if it, or the file's row, was altered.
        """
        return self._read_text(sha256, self._find_row_of(sha256).file.metadata_sha256, "METADATA")

    def buildinfo(self, sha256: str) -> bytes:
        """Return the buildinfo of the wheel with that hash; errors: as for :meth:`metadata`."""
        return self._read_text(sha256, self._find_row_of(sha256).buildinfo, "buildinfo")

    def layout(self, sha256: str) -> WheelLayout | None:
        """Return the layout of the wheel with that hash, or None if it has none; errors: as for :meth:`metadata`."""
        row = self._find_row_of(sha256)
        return parse_layout(self._read_text(sha256, row.layout, "layout")) if row.layout else None

    # Reading and writing rows

    def _read_known_row(self, file: File, *, is_mending: bool) -> _Row | None:
        """Return the row of the file's name, or None if there is none.

        :raises MismatchError: if it has other bytes, or was altered; with *is_mending* an altered row counts as none.
        """
        try:
            known = self._read_row("name", file.name)
        except MismatchError:
            if not is_mending:
                raise
            return None
        if known:
            check_same_bytes(known.file, file)
        return known

    def _read_row(self, column: str, value: str) -> _Row | None:
        """Return the first intact row whose *column* has that value, or None if there is no such row.

        :raises MismatchError: if there are such rows, and all of them were altered.
        """
        altered = ""
        for row in self._database.rows(f"SELECT {_COLUMNS}, seal FROM files WHERE {column} = ?", value):
            if self._signer.is_signed(row[-1], "file", *row[:-1]):
                return _parse_row(row)
            altered = str(row[0])
        if altered:
            raise _altered(altered)
        return None

    def _find_row_of(self, sha256: str) -> _Row:
        row = self._read_row("sha256", sha256)
        if row is None:
            raise NotFoundError("no file with this hash is in the ledger", where=sha256)
        return row

    def _read_intact_files(self, where: str = "", *values: str) -> Iterator[File]:
        for row in self._database.rows(f"SELECT {_COLUMNS}, seal FROM files {where} ORDER BY name", *values):
            if self._signer.is_signed(row[-1], "file", *row[:-1]):
                yield _parse_row(row).file

    def _keep_text(self, connection: sqlite3.Connection, text: bytes | None) -> str:
        """Store *text* under its sha256 and return that; return an empty string for None."""
        if text is None:
            return ""
        digest = hashlib.sha256(text).hexdigest()
        connection.execute("INSERT OR REPLACE INTO texts VALUES (?, ?)", (digest, text))
        return digest

    def _read_text(self, sha256: str, digest: str, kind: str) -> bytes:
        rows = self._database.rows("SELECT data FROM texts WHERE sha256 = ?", digest) if digest else []
        if not rows:
            raise NotFoundError(f"no {kind} of it is in the ledger", where=sha256)
        ((data,),) = rows
        if not isinstance(data, bytes) or hashlib.sha256(data).hexdigest() != digest:
            raise MismatchError(f"the {kind} in the ledger was altered", where=sha256, hint=_MEND)
        return data


def _parse_row(row: Sequence[Any]) -> _Row:
    """Return the values of an intact row, given in the order of the columns and followed by its signature."""
    name, project, version, size, sha256, *facts, buildinfo, layout, _ = row
    return _Row(File(project, version, name, size, sha256, *facts), buildinfo, layout)


def _altered(name: str) -> MismatchError:
    return MismatchError("its row in the ledger was altered", where=name, hint=_MEND)
