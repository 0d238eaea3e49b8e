"""The part of the ledger that grows after a file is recorded: verifications, failures, use counts, and notes.

Verifications decide which bytes can be dropped, and notes can hold hashes of other files: both are signed like rows of
files.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import threading
from collections import Counter
from datetime import datetime, timezone

from ..core.base.errors import MismatchError
from .database import Database
from .files import Failure, Usage, Verification, compute_level, render_time
from .row_signatures import RowSigner


class LedgerHistory:
    """The part of the ledger about events after a file was recorded."""

    def __init__(self, database: Database, signer: RowSigner) -> None:
        self._database = database
        self._signer = signer
        self._uses: Counter[str] = Counter()
        self._counting = threading.Lock()

    def record_verification(self, verification: Verification) -> None:
        """Record the result of a check."""
        with self._database.transaction(is_recording=True) as connection:
            self._insert_verification(connection, verification)

    def _insert_verification(self, connection: sqlite3.Connection, verification: Verification) -> None:
        circumstance = json.dumps(dict(verification.circumstance), sort_keys=True)
        values = (
            *(verification.sha256, verification.level, int(verification.is_good)),
            *(circumstance, verification.explanation, verification.at),
        )
        connection.execute(
            "INSERT INTO verdicts (sha256, level, is_good, circumstance, explanation, at, seal)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (*values, self._signer.sign("verdict", *values)),
        )

    def verifications(self, sha256: str) -> tuple[Verification, ...]:
        """Return the verifications of those bytes, oldest first.

        :raises MismatchError: if one was altered.
        """
        rows = self._database.rows(
            "SELECT sha256, level, is_good, circumstance, explanation, at, seal FROM verdicts WHERE sha256 = ?"
            " ORDER BY number",
            sha256,
        )
        if not all(self._signer.is_signed(signature, "verdict", *values) for *values, signature in rows):
            raise MismatchError("a verification in the ledger was altered", where=sha256, hint="zigbuild cache prove")
        return tuple(
            Verification(sha256, level, bool(is_good), json.loads(circumstance), explanation, at)
            for _, level, is_good, circumstance, explanation, at, _ in rows
        )

    def level(self, sha256: str) -> int:
        """Return the level that those bytes have reached, a key of :data:`~.files.LEVELS`.

        :raises MismatchError: if a verification was altered.
        """
        return compute_level(self.verifications(sha256))

    def record_failure(self, sha256: str, reason: str) -> None:
        """Record why those bytes could not be recreated."""
        with self._database.transaction(is_recording=True) as connection:
            connection.execute("INSERT OR REPLACE INTO failures VALUES (?, ?, ?)", (sha256, reason, render_now()))

    def clear_failure(self, sha256: str) -> None:
        """Delete the failure of those bytes, once a recreation succeeded."""
        if self.failure(sha256):
            with self._database.transaction(is_recording=True) as connection:
                connection.execute("DELETE FROM failures WHERE sha256 = ?", (sha256,))

    def failure(self, sha256: str) -> Failure | None:
        """Return the failure of the last recreation of those bytes, or None if it succeeded or there was none."""
        rows = self._database.rows("SELECT reason, at FROM failures WHERE sha256 = ?", sha256)
        return Failure(*rows[0]) if rows else None

    # Use counts and rebuild times

    def count_use(self, sha256: str) -> None:
        """Count one download of a file, in memory; :meth:`flush_uses` writes the counts."""
        with self._counting:
            self._uses[sha256] += 1

    def flush_uses(self) -> None:
        """Write the use counts to the database."""
        with self._counting:
            counted, self._uses = self._uses, Counter()
        if counted:
            moment = render_now()
            with self._database.transaction() as connection:
                connection.executemany(
                    "INSERT INTO usage (sha256, uses, last_used) VALUES (?1, ?2, ?3)"
                    " ON CONFLICT (sha256) DO UPDATE SET uses = uses + ?2, last_used = ?3",
                    [(sha256, uses, moment) for sha256, uses in counted.items()],
                )

    def record_rebuild_seconds(self, sha256: str, seconds: float) -> None:
        """Record how long the rebuild of those bytes took."""
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT INTO usage (sha256, rebuild_seconds) VALUES (?1, ?2)"
                " ON CONFLICT (sha256) DO UPDATE SET rebuild_seconds = ?2",
                (sha256, seconds),
            )

    def usage(self, sha256: str) -> Usage:
        """Return how often and when last those bytes were used, and the seconds of their rebuild."""
        rows = self._database.rows("SELECT uses, last_used, rebuild_seconds FROM usage WHERE sha256 = ?", sha256)
        known = Usage(*rows[0]) if rows else Usage()
        uncounted = self._uses.get(sha256, 0)
        return Usage(known.uses + uncounted, render_now() if uncounted else known.last_used, known.rebuild_seconds)

    # Notes

    def write_note(self, topic: str, key: str, value: bytes) -> None:
        """Write a note; it replaces an earlier one with the same *topic* and *key*."""
        moment = render_now()
        signature = self._signer.sign("note", topic, key, hashlib.sha256(value).hexdigest(), moment)
        with self._database.transaction(is_recording=True) as connection:
            connection.execute(
                "INSERT OR REPLACE INTO notes VALUES (?, ?, ?, ?, ?)", (topic, key, value, moment, signature)
            )

    def read_note(self, topic: str, key: str) -> tuple[bytes, str] | None:
        """Return a note and the time it was written (RFC 3339, UTC), or None if it is missing or was altered."""
        for value, moment, signature in self._database.rows(
            "SELECT value, at, seal FROM notes WHERE topic = ? AND key = ?", topic, key
        ):
            data = value if isinstance(value, bytes) else b""
            if self._signer.is_signed(signature, "note", topic, key, hashlib.sha256(data).hexdigest(), moment):
                return data, moment
        return None


def render_now() -> str:
    """Return the current time in the form that the ledger stores."""
    return render_time(datetime.now(timezone.utc))
