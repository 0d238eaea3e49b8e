"""The ledger: it forgets nothing, changes no hash, and tells what was altered from what it wrote."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from zigbuild_backend.core.archive.archive_writer import WriteError
from zigbuild_backend.core.base.errors import ConfigurationError, MismatchError, NotFoundError
from zigbuild_backend.index import database
from zigbuild_backend.index.files import File, Usage, Verification
from zigbuild_backend.index.ledger import Ledger, LedgerEntry
from zigbuild_backend.index.wheel_pieces import WheelLayout, WheelPiece

LAYOUT = WheelLayout((b"head", WheelPiece("ab" * 32, 2000), b"tail"))


def file_of(name: str, content: bytes = b"wheel", **facts: object) -> File:
    project, version, *_ = name.split("-")
    sha256 = hashlib.sha256(name.encode() + content).hexdigest()
    return File(project, version, name, len(content), sha256, **facts)  # type: ignore[arg-type]


EGGS = file_of("eggs-1.0-py3-none-any.whl", requires_python=">=3.9", upload_time="2026-01-01T00:00:00.000000Z")
HAM = file_of("ham-1.0-py3-none-any.whl")


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    ledger = open_ledger(tmp_path)
    yield ledger
    ledger.close()


def open_ledger(folder: Path) -> Ledger:
    return Ledger(folder / "ledger.sqlite", folder / "ledger.key")


def execute(folder: Path, statement: str, *values: object) -> None:
    """Do to the database what somebody does who is not this repository."""
    connection = sqlite3.connect(folder / "ledger.sqlite")
    with connection:
        connection.execute(statement, values)
    connection.close()


def test_what_was_recorded_is_found(ledger: Ledger, tmp_path: Path) -> None:
    recorded = ledger.record(EGGS, b"Metadata-Version: 2.1", b"{}", LAYOUT)
    assert recorded == replace(EGGS, metadata_sha256=hashlib.sha256(b"Metadata-Version: 2.1").hexdigest())
    ledger.record(HAM)
    for other in (ledger, open_ledger(tmp_path)):
        assert other.find(EGGS.name) == recorded
        assert other.files("eggs") == (recorded,)
        assert other.all_files() == (recorded, HAM)
        assert other.projects() == ("eggs", "ham")
        assert other.metadata(EGGS.sha256) == b"Metadata-Version: 2.1"
        assert other.buildinfo(EGGS.sha256) == b"{}"
        assert other.layout(EGGS.sha256) == LAYOUT
        assert other.layout(HAM.sha256) is None
        assert other.altered() == ()


def test_what_is_not_recorded(ledger: Ledger) -> None:
    ledger.record(HAM)
    for read in (lambda: ledger.find("x"), lambda: ledger.metadata(HAM.sha256), lambda: ledger.buildinfo(HAM.sha256)):
        with pytest.raises(NotFoundError):
            read()
    with pytest.raises(NotFoundError, match="no file with this hash"):
        ledger.metadata(EGGS.sha256)
    assert ledger.files("x") == ()


def test_a_name_is_never_used_for_other_bytes(ledger: Ledger) -> None:
    ledger.record(EGGS, b"metadata")
    before = ledger.find(EGGS.name)
    with pytest.raises(MismatchError, match=EGGS.sha256) as caught:
        ledger.record(replace(EGGS, sha256="0" * 64), b"other metadata")
    assert caught.value.problems[0].where == EGGS.name
    assert ledger.find(EGGS.name) == before
    assert ledger.metadata(EGGS.sha256) == b"metadata"
    (problem,) = ledger.record_all([LedgerEntry(replace(EGGS, size=7)), LedgerEntry(HAM)])
    assert problem.where == EGGS.name
    assert ledger.files("ham") == (HAM,)


def test_a_file_that_is_told_of_again_gains_facts(ledger: Ledger) -> None:
    ledger.record(HAM)
    told = replace(HAM, requires_python=">=3.12", upload_time="2026-02-02T00:00:00.000000Z", yanked="broken")
    assert ledger.record(told, layout=LAYOUT) == told
    assert ledger.record(HAM) == replace(told, yanked=None)
    assert ledger.layout(HAM.sha256) == LAYOUT
    # Another index has no say in whether a local file is yanked, and does not become its origin.
    assert ledger.record(replace(told, yanked="no", origin="x:y")) == replace(told, yanked=None)


def test_generation_grows_with_what_is_recorded_by_anybody(ledger: Ledger, tmp_path: Path) -> None:
    other = open_ledger(tmp_path)
    numbers = [ledger.generation()]

    def look() -> None:
        with ThreadPoolExecutor(1) as pool:
            assert ledger.generation() == other.generation() == pool.submit(ledger.generation).result()
        numbers.append(ledger.generation())

    look()
    other.record(EGGS)
    look()
    ledger.record(HAM)
    look()
    ledger.record_verification(Verification(HAM.sha256, 4, True, {}, "", ""))
    look()
    ledger.count_use(HAM.sha256)
    ledger.flush_uses()
    other.record_rebuild_seconds(HAM.sha256, 1.0)
    look()
    assert numbers == [1, 1, 2, 3, 4, 4]


@pytest.mark.parametrize(
    "change",
    [
        f"sha256 = '{'0' * 64}'",
        "size = 6",
        "size = 'x'",
        "version = '2.0'",
        "requires_python = ''",
        f"metadata_sha256 = '{'0' * 64}'",
        f"buildinfo_sha256 = '{'0' * 64}'",
        "layout_sha256 = ''",
        "yanked = ''",
        "origin = 'x'",
        "provenance = 'x'",
        "upload_time = x'ff'",
        "upload_time = cast(x'ff' as text)",
        "seal = x'00'",
        "seal = 'x'",
        "seal = (SELECT seal FROM files WHERE project = 'ham')",
    ],
)
def test_an_altered_row_is_told_and_others_are_served(change: str, ledger: Ledger, tmp_path: Path) -> None:
    ledger.record(EGGS, b"metadata", b"{}", LAYOUT)
    sibling = file_of("eggs-2.0-py3-none-any.whl")
    ledger.record_all([LedgerEntry(HAM), LedgerEntry(sibling)])
    execute(tmp_path, f"UPDATE files SET {change} WHERE name = ?", EGGS.name)
    with pytest.raises(MismatchError, match="altered"):
        ledger.find(EGGS.name)
    assert ledger.files("eggs") == (sibling,)
    assert ledger.all_files() == (sibling, HAM)
    assert [problem.where for problem in ledger.altered()] == [EGGS.name]
    assert ledger.altered("ham") == ()
    with pytest.raises(MismatchError, match="altered"):
        ledger.record(EGGS)
    assert ledger.record_all([LedgerEntry(EGGS, b"metadata")], is_mending=True) == ()
    assert ledger.find(EGGS.name).sha256 == EGGS.sha256
    assert ledger.altered() == ()


def test_a_row_that_was_renamed_or_copied_is_altered(ledger: Ledger, tmp_path: Path) -> None:
    ledger.record_all([LedgerEntry(EGGS), LedgerEntry(HAM)])
    execute(tmp_path, "UPDATE files SET project = 'ham' WHERE project = 'eggs'")
    assert ledger.files("ham") == (HAM,)
    copied = "SELECT 'evil.whl', project, version, size, sha256, requires_python, metadata_sha256, upload_time, yanked,"
    execute(
        tmp_path,
        f"INSERT INTO files {copied} origin, provenance, spec, buildinfo_sha256, layout_sha256, seal FROM files"
        " WHERE name = ?",
        HAM.name,
    )
    assert [problem.where for problem in ledger.altered()] == [EGGS.name, "evil.whl"]
    assert ledger.layout(HAM.sha256) is None, "the intact row of this hash is found"


def test_a_layout_takes_the_place_of_another(ledger: Ledger, tmp_path: Path) -> None:
    other = WheelLayout((b"other",))
    ledger.record_all([LedgerEntry(EGGS, layout=LAYOUT), LedgerEntry(HAM, layout=LAYOUT)])
    ledger.record(EGGS, layout=other)
    assert (ledger.layout(EGGS.sha256), ledger.layout(HAM.sha256)) == (other, LAYOUT)
    ledger.record(HAM, layout=other)
    assert ledger.layout(HAM.sha256) == other
    connection = sqlite3.connect(tmp_path / "ledger.sqlite")
    assert connection.execute("SELECT count(*) FROM texts").fetchall() == [(1,)]
    connection.close()


@pytest.mark.parametrize("kind", ["metadata", "buildinfo", "layout"])
def test_a_swapped_text_is_told(kind: str, ledger: Ledger, tmp_path: Path) -> None:
    texts = {"metadata": b"eggs", "buildinfo": b"{}", "layout": LAYOUT.to_bytes()}
    ledger.record(EGGS, b"eggs", b"{}", LAYOUT)
    digest = hashlib.sha256(texts[kind]).hexdigest()
    for forged in (b"forged", "text", 5):
        execute(tmp_path, "UPDATE texts SET data = ? WHERE sha256 = ?", forged, digest)
        with pytest.raises(MismatchError, match="altered"):
            getattr(ledger, kind)(EGGS.sha256)
    ledger.record(EGGS, b"eggs", b"{}", LAYOUT)
    getattr(ledger, kind)(EGGS.sha256)
    execute(tmp_path, "DELETE FROM texts WHERE sha256 = ?", digest)
    with pytest.raises(NotFoundError):
        getattr(ledger, kind)(EGGS.sha256)


def test_verdicts_settle_the_level(ledger: Ledger) -> None:
    assert ledger.level(EGGS.sha256) == 0
    levels = []
    for level, is_good in [(1, True), (4, True), (3, True), (4, False), (3, False), (5, True), (0, False)]:
        verdict = Verification(EGGS.sha256, level, is_good, {"python": "3.10", "umask": 18}, "why", "now")
        ledger.record_verification(verdict)
        assert ledger.verifications(EGGS.sha256)[-1] == verdict
        levels.append(ledger.level(EGGS.sha256))
    assert levels == [1, 4, 4, 3, 2, 5, 0]
    assert ledger.verifications(HAM.sha256) == ()


@pytest.mark.parametrize("change", ["is_good = 1", "level = 4", "circumstance = '{}'", f"sha256 = '{HAM.sha256}'"])
def test_an_altered_verdict_proves_nothing(change: str, ledger: Ledger, tmp_path: Path) -> None:
    ledger.record_verification(Verification(EGGS.sha256, 3, False, {"a": 1}, "differs", "now"))
    execute(tmp_path, f"UPDATE verdicts SET {change}")
    for sha256 in {EGGS.sha256} if "sha256" not in change else {HAM.sha256}:
        with pytest.raises(MismatchError, match="a verification in the ledger was altered"):
            ledger.level(sha256)


def test_failures_are_remembered_until_they_are_over(ledger: Ledger) -> None:
    assert ledger.failure(EGGS.sha256) is None
    ledger.record_failure(EGGS.sha256, "no disk")
    ledger.record_failure(EGGS.sha256, "no zig")
    failure = ledger.failure(EGGS.sha256)
    assert failure
    assert (failure.reason, failure.at[:2]) == ("no zig", "20")
    ledger.clear_failure(EGGS.sha256)
    ledger.clear_failure(EGGS.sha256)
    assert ledger.failure(EGGS.sha256) is None


def test_uses_are_counted_at_once_and_kept_when_they_are_flushed(ledger: Ledger, tmp_path: Path) -> None:
    other = open_ledger(tmp_path)
    assert ledger.usage(EGGS.sha256) == Usage()
    for _ in range(3):
        ledger.count_use(EGGS.sha256)
    assert (ledger.usage(EGGS.sha256).uses, other.usage(EGGS.sha256).uses) == (3, 0)
    ledger.flush_uses()
    ledger.flush_uses()
    other.count_use(EGGS.sha256)
    other.record_rebuild_seconds(EGGS.sha256, 2.5)
    other.close()
    usage = ledger.usage(EGGS.sha256)
    assert (usage.uses, usage.rebuild_seconds) == (4, 2.5)
    assert usage.last_used


def test_notes(ledger: Ledger, tmp_path: Path) -> None:
    assert ledger.read_note("page", "eggs") is None
    ledger.write_note("page", "eggs", b"old")
    ledger.write_note("page", "eggs", b"<a>")
    ledger.write_note("page", "ham", b"<b>")
    value, moment = ledger.read_note("page", "eggs") or (b"", "")
    assert (value, moment[:2]) == (b"<a>", "20")
    execute(tmp_path, "UPDATE notes SET value = (SELECT value FROM notes WHERE key = 'ham')")
    assert ledger.read_note("page", "eggs") is None
    assert ledger.read_note("page", "ham")
    execute(tmp_path, "UPDATE notes SET value = 7")
    assert ledger.read_note("page", "ham") is None


def test_the_key_is_its_owners(ledger: Ledger, tmp_path: Path) -> None:
    del ledger
    status = (tmp_path / "ledger.key").stat()
    assert (status.st_size, status.st_mode & 0o777) == (32, 0o600)
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith(".")) == []


def test_a_lost_key_is_said(ledger: Ledger, tmp_path: Path) -> None:
    ledger.record(EGGS)
    ledger.close()
    key = tmp_path / "ledger.key"
    kept = key.read_bytes()
    key.unlink()
    with pytest.raises(NotFoundError, match="key that signs the ledger is missing") as lost:
        open_ledger(tmp_path)
    assert "backup" in lost.value.problems[0].hint
    assert not key.exists()
    for wrong in (b"x" * 32, b"", kept[:31]):
        key.write_bytes(wrong)
        with pytest.raises(MismatchError):
            open_ledger(tmp_path)
    key.write_bytes(kept)
    assert open_ledger(tmp_path).find(EGGS.name) == EGGS


def test_a_ledger_of_a_newer_version_is_left_alone(ledger: Ledger, tmp_path: Path) -> None:
    ledger.close()
    execute(tmp_path, "PRAGMA user_version = 99")
    with pytest.raises(ConfigurationError, match="schema is 99") as caught:
        open_ledger(tmp_path)
    assert "upgrade" in caught.value.problems[0].hint


@pytest.mark.parametrize("content", [b"no database at all " * 500, b"SQLite format 3\0" + bytes(5000)])
def test_what_is_no_ledger_is_refused(content: bytes, ledger: Ledger, tmp_path: Path) -> None:
    ledger.close()
    (tmp_path / "ledger.sqlite").write_bytes(content)
    with pytest.raises((MismatchError, WriteError)) as caught:
        open_ledger(tmp_path)
    assert caught.value.problems[0].where == str(tmp_path / "ledger.sqlite")


def test_who_waits_too_long_for_another_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "_PATIENCE", 0.1)
    ledger = open_ledger(tmp_path)
    connection = sqlite3.connect(tmp_path / "ledger.sqlite", isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    with pytest.raises(WriteError, match="locked"):
        ledger.record(EGGS)
    assert ledger.all_files() == ()
    connection.execute("ROLLBACK")
    connection.close()
    assert ledger.record(EGGS) == EGGS
    ledger.close()


def test_what_fails_within_a_transaction_is_undone(ledger: Ledger) -> None:
    def entries() -> Iterator[LedgerEntry]:
        yield LedgerEntry(EGGS)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        ledger.record_all(entries())
    assert ledger.all_files() == ()
    assert ledger.record(HAM) == HAM


def test_many_threads(ledger: Ledger) -> None:
    start = threading.Barrier(8)

    def work(number: int) -> None:
        start.wait()
        for index in range(20):
            file = file_of(f"eggs-{number}.{index}-py3-none-any.whl")
            assert ledger.record(file) == file
            ledger.count_use(EGGS.sha256)
            ledger.generation()
            ledger.files("eggs")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    assert len(ledger.files("eggs")) == 160
    assert ledger.usage(EGGS.sha256).uses == 160
    assert ledger.generation() == 161


def test_processes_that_open_a_new_ledger_at_once_agree_on_its_key(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from zigbuild_backend.index.ledger import Ledger\n"
        "from zigbuild_backend.index.files import File\n"
        "folder, number = Path(sys.argv[1]), sys.argv[2]; sys.stdin.read()\n"
        "ledger = Ledger(folder / 'ledger.sqlite', folder / 'ledger.key')\n"
        "for index in range(5): ledger.record(File('eggs', '1', f'{number}-{index}', 1, '0' * 64))\n"
    )
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    children = [
        subprocess.Popen([sys.executable, "-c", program, tmp_path, str(number)], stdin=subprocess.PIPE, env=environ)
        for number in range(6)
    ]
    for child in children:
        assert child.stdin
        child.stdin.close()
    assert [child.wait(60) for child in children] == [0] * 6
    assert len(open_ledger(tmp_path).files("eggs")) == 30
