"""What was found out about files since they were recorded: verdicts, failures, how much they are used, and notes.

Verdicts decide what may be deleted, and notes may hold hashes of others: both are sealed as the files' rows are.
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
    """The part of the ledger that is about what became of files."""

    def __init__(self, database: Database, sealer: RowSigner) -> None:
        self._database = database
        self._sealer = sealer
        self._uses: Counter[str] = Counter()
        self._counting = threading.Lock()

    def add_verdict(self, verdict: Verification) -> None:
        """Records what a check came to."""
        with self._database.transaction(is_recording=True) as connection:
            self._insert_verdict(connection, verdict)

    def _insert_verdict(self, connection: sqlite3.Connection, verdict: Verification) -> None:
        circumstance = json.dumps(dict(verdict.circumstance), sort_keys=True)
        values = (
            *(verdict.sha256, verdict.level, int(verdict.is_good)),
            *(circumstance, verdict.explanation, verdict.at),
        )
        connection.execute(
            "INSERT INTO verdicts (sha256, level, is_good, circumstance, explanation, at, seal)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (*values, self._sealer.seal("verdict", *values)),
        )

    def verdicts(self, sha256: str) -> tuple[Verification, ...]:
        """The verdicts about those bytes, in the order in which they were recorded.

        :raises MismatchError: if one was altered.
        """
        rows = self._database.rows(
            "SELECT sha256, level, is_good, circumstance, explanation, at, seal FROM verdicts WHERE sha256 = ?"
            " ORDER BY number",
            sha256,
        )
        if not all(self._sealer.is_sealed(seal, "verdict", *values) for *values, seal in rows):
            raise MismatchError("a verdict in the ledger was altered", where=sha256, hint="zigbuild cache prove")
        return tuple(
            Verification(sha256, level, bool(is_good), json.loads(circumstance), explanation, at)
            for _, level, is_good, circumstance, explanation, at, _ in rows
        )

    def level(self, sha256: str) -> int:
        """What was shown of those bytes: see :data:`~.model.LEVELS`; errors are as of :meth:`verdicts`."""
        return compute_level(self.verdicts(sha256))

    def note_failure(self, sha256: str, reason: str) -> None:
        """Remembers why those bytes could not be recreated."""
        with self._database.transaction(is_recording=True) as connection:
            connection.execute("INSERT OR REPLACE INTO failures VALUES (?, ?, ?)", (sha256, reason, render_now()))

    def forget_failure(self, sha256: str) -> None:
        """Forgets that recreating those bytes failed, since it did not any more."""
        if self.failure(sha256):
            with self._database.transaction(is_recording=True) as connection:
                connection.execute("DELETE FROM failures WHERE sha256 = ?", (sha256,))

    def failure(self, sha256: str) -> Failure | None:
        """Why those bytes could not be recreated last time, if that failed."""
        rows = self._database.rows("SELECT reason, at FROM failures WHERE sha256 = ?", sha256)
        return Failure(*rows[0]) if rows else None

    # Use and cost

    def count_use(self, sha256: str) -> None:
        """Counts that a file was asked for: in memory, until :meth:`flush_uses`, which a server calls now and then."""
        with self._counting:
            self._uses[sha256] += 1

    def flush_uses(self) -> None:
        """Writes what was counted."""
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

    def note_cost(self, sha256: str, seconds: float) -> None:
        """Remembers how long a rebuild took."""
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT INTO usage (sha256, rebuild_seconds) VALUES (?1, ?2)"
                " ON CONFLICT (sha256) DO UPDATE SET rebuild_seconds = ?2",
                (sha256, seconds),
            )

    def usage(self, sha256: str) -> Usage:
        """How much a file is used, and what making it again costs."""
        rows = self._database.rows("SELECT uses, last_used, rebuild_seconds FROM usage WHERE sha256 = ?", sha256)
        known = Usage(*rows[0]) if rows else Usage()
        uncounted = self._uses.get(sha256, 0)
        return Usage(known.uses + uncounted, render_now() if uncounted else known.last_used, known.rebuild_seconds)

    # Notes

    def remember(self, topic: str, key: str, value: bytes) -> None:
        """Keeps a note, in place of the one with that topic and key, if there is one."""
        moment = render_now()
        seal = self._sealer.seal("note", topic, key, hashlib.sha256(value).hexdigest(), moment)
        with self._database.transaction(is_recording=True) as connection:
            connection.execute("INSERT OR REPLACE INTO notes VALUES (?, ?, ?, ?, ?)", (topic, key, value, moment, seal))

    def recall(self, topic: str, key: str) -> tuple[bytes, str] | None:
        """A note and when it was written (RFC 3339, UTC), or None if there is none, or it was altered."""
        for value, moment, seal in self._database.rows(
            "SELECT value, at, seal FROM notes WHERE topic = ? AND key = ?", topic, key
        ):
            data = value if isinstance(value, bytes) else b""
            if self._sealer.is_sealed(seal, "note", topic, key, hashlib.sha256(data).hexdigest(), moment):
                return data, moment
        return None


def render_now() -> str:
    """The time, as the ledger writes it."""
    return render_time(datetime.now(timezone.utc))
