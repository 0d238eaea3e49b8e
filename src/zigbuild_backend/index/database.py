"""The ledger's SQLite file: one connection per thread, short transactions, and errors with a mend."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time
import weakref
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from ..core.archive.archive_writer import WriteError
from ..core.base.errors import ConfigurationError, MismatchError, ZigbuildError

SCHEMA = 1
"""The version of the tables below, stored as SQLite's ``user_version``.

In schema 1 verifications are in the table ``verdicts``, and the signature of a row is in its column ``seal``.
"""

_TABLES = """
CREATE TABLE files (
    name TEXT PRIMARY KEY, project TEXT NOT NULL, version TEXT NOT NULL, size INTEGER NOT NULL, sha256 TEXT NOT NULL,
    requires_python TEXT NOT NULL, metadata_sha256 TEXT NOT NULL, upload_time TEXT NOT NULL, yanked TEXT,
    origin TEXT NOT NULL, provenance TEXT NOT NULL, spec TEXT NOT NULL, buildinfo_sha256 TEXT NOT NULL,
    layout_sha256 TEXT NOT NULL, seal BLOB NOT NULL);
CREATE INDEX files_by_project ON files (project);
CREATE INDEX files_by_sha256 ON files (sha256);
CREATE TABLE texts (sha256 TEXT PRIMARY KEY, data BLOB NOT NULL);
CREATE TABLE verdicts (
    number INTEGER PRIMARY KEY, sha256 TEXT NOT NULL, level INTEGER NOT NULL, is_good INTEGER NOT NULL,
    circumstance TEXT NOT NULL, explanation TEXT NOT NULL, at TEXT NOT NULL, seal BLOB NOT NULL);
CREATE INDEX verdicts_by_sha256 ON verdicts (sha256);
CREATE TABLE notes (
    topic TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL, at TEXT NOT NULL, seal BLOB NOT NULL,
    PRIMARY KEY (topic, key));
CREATE TABLE usage (
    sha256 TEXT PRIMARY KEY, uses INTEGER NOT NULL DEFAULT 0, last_used TEXT NOT NULL DEFAULT '',
    rebuild_seconds REAL NOT NULL DEFAULT 0);
CREATE TABLE failures (sha256 TEXT PRIMARY KEY, reason TEXT NOT NULL, at TEXT NOT NULL);
CREATE TABLE state (generation INTEGER NOT NULL, key_check BLOB NOT NULL)
"""

_PATIENCE = 30.0
"""Seconds that a transaction waits for those of other processes."""


class _Connection:
    """A thread's connection, closed when the thread ends, and the generation that it last read."""

    def __init__(self, sqlite: sqlite3.Connection) -> None:
        self.sqlite = sqlite
        self.data_version = -1
        self.generation = 0
        # Unlike __del__ this comes before the finalizer of the connection in a cycle, which warns if it is open.
        weakref.finalize(self, sqlite.close).atexit = False


class Database:
    """The database in the file *path*; :meth:`create` must be called before anything else."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._local = threading.local()
        self._connections: weakref.WeakSet[_Connection] = weakref.WeakSet()
        self._writing = threading.Lock()

    def create(self, key_check: bytes) -> bytes:
        """Create the tables if there are none, and return the key check that was stored when they were created.

        :raises ConfigurationError: if a newer version created the tables.
        :raises MismatchError: if the file is damaged, or is no database.
        """
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                # SQLite has no timeout for the change to WAL mode, so other processes are waited for here.
                self._connect().execute("PRAGMA auto_vacuum = FULL")  # takes effect in a new file only
                self._connect().execute("PRAGMA journal_mode = WAL")
                break
            except sqlite3.Error as error:
                if "locked" not in str(error) or time.monotonic() > deadline:
                    raise describe_error(error, self.path) from error
                time.sleep(0.01)
        with self.transaction() as connection:
            ((version,),) = connection.execute("PRAGMA user_version").fetchall()
            if version > SCHEMA:
                raise ConfigurationError(
                    f"was written by a newer zigbuild-backend: its schema is {version}, this version reads {SCHEMA}",
                    where=str(self.path),
                    hint="upgrade zigbuild-backend, or use another folder",
                )
            if version == 0:
                for statement in _TABLES.split(";"):
                    connection.execute(statement)
                connection.execute("INSERT INTO state VALUES (1, ?)", (key_check,))
                connection.execute(f"PRAGMA user_version = {SCHEMA}")
        ((stored,),) = self.rows("SELECT key_check FROM state")
        return bytes(stored)

    def rows(self, statement: str, *values: Any) -> list[Any]:
        """Return the rows that a query selects."""
        try:
            return self._connect().execute(statement, values).fetchall()
        except sqlite3.Error as error:
            raise describe_error(error, self.path) from error

    @contextlib.contextmanager
    def transaction(self, *, is_recording: bool = False) -> Iterator[sqlite3.Connection]:
        """Run the body in a transaction: all of it is stored, and survives a loss of power, or nothing is.

        With *is_recording*, :meth:`generation` increases.
        """
        try:
            with self._writing:
                connection = self._connect()
                connection.execute("BEGIN IMMEDIATE")
                try:
                    yield connection
                    if is_recording:
                        connection.execute("UPDATE state SET generation = generation + 1")
                    connection.execute("COMMIT")
                finally:
                    self._local.connection.data_version = -1
                    if connection.in_transaction:
                        connection.execute("ROLLBACK")
        except sqlite3.Error as error:
            raise describe_error(error, self.path) from error

    def generation(self) -> int:
        """Return a number that increases whenever any process records something; reading it takes microseconds."""
        try:
            sqlite = self._connect()
            connection: _Connection = self._local.connection
            (version,) = sqlite.execute("PRAGMA data_version").fetchone()
            if version != connection.data_version:
                (connection.generation,) = sqlite.execute("SELECT generation FROM state").fetchone()
                connection.data_version = version
            return connection.generation
        except sqlite3.Error as error:
            raise describe_error(error, self.path) from error

    def close(self) -> None:
        """Close the connections of all threads."""
        for connection in list(self._connections):
            connection.sqlite.close()
        self._local = threading.local()

    def _connect(self) -> sqlite3.Connection:
        try:
            connection: _Connection = self._local.connection
        except AttributeError:
            sqlite = sqlite3.connect(self.path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False)
            connection = _Connection(sqlite)
            # An altered row can hold invalid UTF-8, which must not keep the other rows from being read.
            sqlite.text_factory = partial(str, encoding="utf-8", errors="surrogateescape")
            try:
                sqlite.execute("PRAGMA synchronous = FULL")
            except sqlite3.Error:
                sqlite.close()
                raise
            self._local.connection = connection
            self._connections.add(connection)
        return connection.sqlite


def describe_error(error: sqlite3.Error, path: Path) -> ZigbuildError:
    """Return SQLite's *error* about the file *path* as an error with a mend."""
    text = str(error)
    if not isinstance(error, sqlite3.OperationalError):
        return MismatchError(
            f"is damaged: {text}", where=str(path), hint="restore it from a backup, or start over in another folder"
        )
    hint = "check the permissions of the file and of its folder"
    if "full" in text:
        hint = "free space on that disk; earlier records are intact"
    elif "locked" in text:
        hint = f"another program has locked it for more than {_PATIENCE:.0f} s: end that program, and try again"
    return WriteError(f"cannot be used: {text}", where=str(path), hint=hint)
