"""The index and its ledger: what changes is seen, what was altered is refused, and what happens is told."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from servers import JSON, Running, opened, publish, serving
from wheels import write_foreign_wheel
from zigbuild_backend.index import eviction as evict
from zigbuild_backend.index.files import Verification


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("index")
    publish(folder / "data", write_foreign_wheel(folder), write_foreign_wheel(folder, "ham"))
    return folder / "data"


@pytest.fixture(scope="module")
def server(data: Path) -> Iterator[Running]:
    with serving(data) as running:
        yield running


def test_health_and_figures(server: Running) -> None:
    assert (server.get("/health").status, server.get("/health").text) == (200, "ready\n")
    server.get("/simple/eggs/")
    before = server.read_figures()
    server.get("/simple/eggs/")
    after = server.read_figures()
    key = 'zigbuild_requests_total{route="page",status="200"}'
    assert after[key] == before[key] + 1
    assert after['zigbuild_bytes{kind="recorded"}'] == after['zigbuild_bytes{kind="whole"}'] > 3000
    assert after["zigbuild_queue_length"] == after["zigbuild_waiting_requests"] == 0


def test_every_request_is_in_the_log(server: Running) -> None:
    server.get("/simple/logged/", user_agent="a test")
    (line,) = [line for line in server.read_log() if line.get("path") == "/simple/logged/"]
    assert (line["status"], line["method"], line["client"], line["agent"]) == (404, "GET", "127.0.0.1", "a test")
    assert line["seconds"] > 0
    assert line["bytes"] > 0


def test_what_is_recorded_meanwhile_is_seen_at_once(server: Running, data: Path, tmp_path: Path) -> None:
    assert server.get("/simple/late/").status == 404
    publish(data, write_foreign_wheel(tmp_path, "late"))
    assert server.get("/simple/late/").status == 200
    (path,) = server.find("late").values()
    assert server.get(path).status == 200
    with opened(data) as repository:
        repository.ledger.record(replace(repository.ledger.find("late-1.0-py3-none-any.whl"), yanked="bad"))
    assert json.loads(server.get("/simple/late/", accept=JSON).body)["files"][0]["yanked"] == "bad"


def test_wheel_that_is_kept_in_pieces_is_put_together(server: Running, data: Path, tmp_path: Path) -> None:
    rows = publish(data, write_foreign_wheel(tmp_path, "pieces"))
    file = rows["pieces-1.0-py3-none-any.whl"]
    with opened(data) as repository:
        repository.ledger.record_verification(Verification(file.sha256, 4, True, {}, "", "2026-01-01T00:00:00.000000Z"))
        assert evict.evict(repository, [file]).dropped
        assert repository.presence(file) == "members"
    path = server.find("pieces")[file.name]
    assert server.get(path, "HEAD").status == 200
    assert server.get(path, if_none_match=f'"{file.sha256}"').status == 304
    with opened(data) as repository:
        assert repository.presence(file) == "members", "its bytes were not asked for"
    part = server.get(path, range="bytes=0-3")
    assert (part.status, part.body) == (206, b"PK\3\4")
    assert hashlib.sha256(server.get(path).body).hexdigest() == file.sha256
    (event,) = [line for line in server.read_log() if line["event"] == "recreation" and line["file"] == file.name]
    assert event["way"] == "members"
    assert server.read_figures()['zigbuild_recreations_total{kind="members"}'] >= 1


def test_altered_bytes_are_never_served(server: Running, data: Path, tmp_path: Path) -> None:
    name = "rotten-1.0-py3-none-any.whl"
    file = publish(data, write_foreign_wheel(tmp_path, "rotten", modules={"rotten.py": os.urandom(5000)}))[name]
    path = server.find("rotten")[name]
    assert server.get(path).status == 200
    blob = data / "blobs" / file.sha256[:2] / file.sha256
    content = bytearray(blob.read_bytes())
    content[100] ^= 1
    blob.chmod(0o644)
    blob.write_bytes(content)
    reply = server.get(path)
    assert reply.status == 404
    assert name in reply.text
    assert not blob.exists(), "it was moved out of the way"
    (event,) = [line for line in server.read_log() if line["event"] == "recreation" and line["file"] == name]
    assert (event["way"], event["level"]) == ("failed", "warning")


def test_altered_rows_are_refused_with_the_reason(tmp_path: Path) -> None:
    data = tmp_path / "data"
    tags = ("py3-none-any", "cp313-cp313-win_amd64")
    rows = publish(data, *(write_foreign_wheel(tmp_path, tag=tag) for tag in tags), write_foreign_wheel(tmp_path, "x"))
    database = sqlite3.connect(data / "ledger.sqlite")
    with database:
        database.execute("UPDATE files SET sha256 = ? WHERE name LIKE 'eggs%any.whl'", ["f" * 64])
        database.execute("UPDATE files SET version = '9' WHERE project = 'x'")
    database.close()
    with serving(data) as server:
        assert list(server.find("eggs")) == [f"eggs-1.0-{tags[1]}.whl"], "the others are served"
        for sha256 in ("f" * 64, rows["eggs-1.0-py3-none-any.whl"].sha256):
            reply = server.get(f"/files/{sha256}/eggs-1.0-py3-none-any.whl")
            assert reply.status == 404
            assert "altered" in reply.text
        reply = server.get("/simple/x/")
        assert reply.status == 404
        assert "altered" in reply.text
        assert server.read_figures()["zigbuild_altered_rows"] == 2
        assert "2 rows of the ledger were altered" in server.get("/").text
        assert server.get("/projects/eggs/").status == 200


def test_ledger_that_cannot_be_read_is_said_to_be(tmp_path: Path) -> None:
    data = tmp_path / "data"
    publish(data, write_foreign_wheel(tmp_path))
    with serving(data) as server:
        assert server.get("/simple/eggs/").status == 200
        (data / "ledger.sqlite").unlink()
        reply = server.get("/health")
        assert (reply.status, reply.text) == (503, "the ledger is missing\n")
        assert "retry-after" in reply.headers


def test_hits_are_counted(server: Running, data: Path) -> None:
    (path,) = server.find("ham").values()
    server.get(path)
    before, sha256 = server.read_figures(), path.split("/")[2]
    for _ in range(10):
        server.get(path)
    server.get(path, "HEAD")
    server.get(path, if_none_match=f'"{sha256}"')
    after = server.read_figures()
    assert after["zigbuild_hits_total"] - before["zigbuild_hits_total"] == 10
    assert after["zigbuild_misses_total"] == before["zigbuild_misses_total"]
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with opened(data) as repository:
            if repository.ledger.usage(sha256).uses >= 11:
                return
        time.sleep(0.5)
    raise AssertionError("what is used is not written to the ledger")
