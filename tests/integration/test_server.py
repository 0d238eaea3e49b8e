"""The index over real HTTP: what installers, caches and machines may rely on."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from servers import JSON, Reply, Running, opened, publish, serving
from wheels import write_foreign_wheel
from zigbuild_backend.index.files import File
from zigbuild_backend.index.recreator import Recreator
from zigbuild_backend.index.repository import open_repository
from zigbuild_backend.index.server.app import IndexApp
from zigbuild_backend.index.server.server_settings import ServerSettings
from zigbuild_backend.index.server.telemetry import Telemetry

TAGS = ("py3-none-any", "cp313-cp313-win_amd64", "cp313-cp313-manylinux_2_17_x86_64")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("index")
    wheels = [write_foreign_wheel(folder, tag=tag) for tag in TAGS]
    wheels.append(write_foreign_wheel(folder, "ham", modules={"ham.bin": os.urandom(300_000)}))
    wheels.append(write_foreign_wheel(folder, "one", version="2!1.0+local.1", modules={"one.py": b"1\n"}))
    publish(folder / "data", *wheels)
    return folder / "data"


@pytest.fixture(scope="module")
def server(data: Path) -> Iterator[Running]:
    with serving(data) as running:
        yield running


def assert_immutable(reply: Reply, sha256: str) -> None:
    assert reply.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert reply.headers["etag"] == f'"{sha256}"'
    assert reply.headers["x-content-type-options"] == "nosniff"


def test_forms_of_a_page(server: Running) -> None:
    plain = server.get("/simple/eggs/")
    assert plain.headers["content-type"] == "text/html; charset=utf-8"
    assert server.get("/simple/eggs/", accept="text/html").body == plain.body
    typed = server.get("/simple/eggs/", accept="application/vnd.pypi.simple.v1+html")
    assert typed.headers["content-type"] == "application/vnd.pypi.simple.v1+html"
    assert typed.body == plain.body
    document = server.get("/simple/eggs/", accept=JSON)
    assert document.headers["content-type"] == JSON
    assert len(json.loads(document.body)["files"]) == len(TAGS)
    assert server.get("/simple/eggs/?format=json", accept="image/png").body == document.body
    refused = server.get("/simple/eggs/", accept="image/png")
    assert refused.status == 406
    assert JSON in refused.text
    for reply in (plain, typed, document):
        assert reply.headers["vary"] == "Accept, Accept-Encoding"
        assert reply.headers["cache-control"] == "public, max-age=10"
        assert reply.headers["x-content-type-options"] == "nosniff"


def test_list_of_projects(server: Running) -> None:
    assert json.loads(server.get("/simple/", accept=JSON).body)["projects"][:2] == [{"name": "eggs"}, {"name": "ham"}]
    assert '<a href="eggs/">eggs</a>' in server.get("/simple/").text


def test_pages_are_packed_for_those_who_take_it(server: Running) -> None:
    plain, packed = server.get("/simple/eggs/"), server.get("/simple/eggs/", accept_encoding="br, gzip")
    assert packed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(packed.body) == plain.body
    assert packed.headers["etag"] != plain.headers["etag"], "they are other bytes"
    assert int(packed.headers["content-length"]) == len(packed.body) < len(plain.body)


def test_known_pages_are_not_sent_again(server: Running) -> None:
    for headers in ({}, {"accept": JSON}, {"accept_encoding": "gzip"}):
        first = server.get("/simple/eggs/", **headers)
        again = server.get("/simple/eggs/", if_none_match=first.headers["etag"], **headers)
        assert (again.status, again.body) == (304, b"")
        assert again.headers["etag"] == first.headers["etag"]
        assert again.headers["vary"] == first.headers["vary"]
        assert server.get("/simple/eggs/", if_none_match='"other"', **headers).status == 200


@pytest.mark.parametrize("path", ["/", "/simple/", "/simple/eggs/", "/projects/eggs/", "/health", "/style.css"])
def test_head_is_get_without_a_body(server: Running, path: str) -> None:
    full, head = server.get(path), server.get(path, "HEAD")
    assert (head.status, head.body) == (full.status, b"")
    for headers in (full.headers, head.headers):
        assert {name for name in headers if name != "date"} == {name for name in full.headers if name != "date"}
    assert head.headers["content-length"] == str(len(full.body))


@pytest.mark.parametrize(
    ("path", "location"),
    [
        ("/simple", "simple/"),
        ("/simple/Eggs/", "../eggs/"),
        ("/simple/eggs", "eggs/"),
        ("/simple/EGGS?format=json", "eggs/?format=json"),
        ("/projects/", "../"),
        ("/projects/Eggs/", "../eggs/"),
    ],
)
def test_other_spellings_are_redirected(server: Running, path: str, location: str) -> None:
    reply = server.get(path)
    assert (reply.status, reply.headers["location"]) == (301, location)


def test_files_are_what_was_recorded(server: Running) -> None:
    for name, path in {**server.find("eggs"), **server.find("one")}.items():
        reply = server.get(path)
        sha256 = path.split("/")[2]
        assert (reply.status, hashlib.sha256(reply.body).hexdigest()) == (200, sha256), name
        assert_immutable(reply, sha256)
        assert reply.headers["content-type"] == "application/zip"
        assert reply.headers["content-length"] == str(len(reply.body))
        assert "content-encoding" not in server.get(path, accept_encoding="gzip").headers
        head = server.get(path, "HEAD")
        assert {**head.headers, "date": ""} == {**reply.headers, "date": ""}


def test_known_files_are_not_sent_again(server: Running) -> None:
    path = server.find("ham")["ham-1.0-py3-none-any.whl"]
    first = server.get(path)
    assert server.get(path, if_none_match=first.headers["etag"]).status == 304
    assert server.get(path, if_modified_since=first.headers["last-modified"]).status == 304
    assert server.get(path, if_modified_since="Thu, 01 Jan 1970 00:00:00 GMT").status == 200
    both = {"if_none_match": '"other"', "if_modified_since": first.headers["last-modified"]}
    assert server.get(path, **both).status == 200, "the tag goes first"


@pytest.mark.parametrize(
    ("asked", "start", "stop"), [("0-0", 0, 1), ("1000-299999", 1000, 300000), ("-500", -500, None)]
)
def test_parts_of_files(server: Running, asked: str, start: int, stop: int | None) -> None:
    path = server.find("ham")["ham-1.0-py3-none-any.whl"]
    whole = server.get(path).body
    part = server.get(path, range=f"bytes={asked}")
    assert (part.status, part.body) == (206, whole[start:stop])
    first = start % len(whole)
    assert part.headers["content-range"] == f"bytes {first}-{first + len(part.body) - 1}/{len(whole)}"
    assert part.headers["content-length"] == str(len(part.body))
    assert_immutable(part, path.split("/")[2])
    assert server.get(path, "HEAD", range=f"bytes={asked}").status == 200


def test_parts_that_there_are_not(server: Running) -> None:
    path = server.find("ham")["ham-1.0-py3-none-any.whl"]
    size = len(server.get(path).body)
    for asked in ("99999999999-", f"{size}-", "-0", ",".join(["0-1"] * 500)):
        reply = server.get(path, range=f"bytes={asked}")
        assert (reply.status, reply.headers["content-range"]) == (416, f"bytes */{size}")
    for asked in ("9-1", "a-b", "0-1,3-4", "", "-"):
        assert server.get(path, range=f"bytes={asked}").status == 200
    assert server.get(path, range="bytes=0-1", if_range='"other"').status == 200
    assert server.get(path, range="bytes=0-1", if_range=f'"{path.split("/")[2]}"').status == 206


def test_metadata_by_itself(server: Running) -> None:
    page = json.loads(server.get("/simple/eggs/", accept=JSON).body)
    for file in page["files"]:
        reply = server.get(file["url"].removeprefix("../..") + ".metadata")
        assert hashlib.sha256(reply.body).hexdigest() == file["core-metadata"]["sha256"]
        assert reply.text.startswith("Metadata-Version: ")
        assert_immutable(reply, file["core-metadata"]["sha256"])


def test_what_is_not_known_is_refused_with_the_reason(server: Running) -> None:
    sha256 = "0" * 64
    for path, reason in {
        "/simple/nothing/": "this project is not recorded",
        "/projects/nothing/": "this project is not recorded",
        f"/files/{sha256}/nothing-1-py3-none-any.whl": "is not in the ledger",
        f"/files/{sha256}/eggs-1.0-py3-none-any.whl": "is recorded with another sha256",
        f"/files/{sha256}/eggs-1.0-py3-none-any.whl.metadata": "is recorded with another sha256",
        "/nowhere": "this path does not exist",
    }.items():
        reply = server.get(path)
        assert (reply.status, reply.headers["content-type"]) == (404, "text/plain; charset=utf-8")
        assert reason in reply.text
        reply = server.get(path, accept=JSON)
        assert reply.status == 404
        document = json.loads(reply.body)
        assert reply.headers["content-type"] == "application/problem+json"
        assert document["status"] == 404
        assert reason in document["detail"]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND"])
def test_nothing_can_be_changed(server: Running, method: str) -> None:
    for path in ("/", "/simple/eggs/", "/nowhere"):
        reply = server.get(path, method)
        assert (reply.status, reply.headers["allow"]) == (405, "GET, HEAD")


async def call(app: Any, path: str, **headers: str) -> tuple[int, bytes]:
    """Return the status and body that *app* sends by plain ASGI, as a server without extensions has it."""
    sent: list[dict[str, Any]] = []
    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "query_string": b"",
        "scheme": "http",
        "client": None,
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    async def receive() -> dict[str, Any]:
        raise AssertionError("there is nothing to receive")

    await app(scope, receive, send)
    start, *bodies = sent
    assert [body.get("more_body", False) for body in bodies] == [True] * (len(bodies) - 1) + [False]
    return start["status"], b"".join(body["body"] for body in bodies)


def test_any_asgi_server_can_send_it(data: Path) -> None:
    repository = open_repository(data, {})
    recreator = Recreator(repository, None)
    with Path(os.devnull).open("w") as nowhere:
        telemetry = Telemetry(nowhere)
        app = IndexApp(repository, recreator, None, ServerSettings(), telemetry)
        (file,) = repository.ledger.files("ham")

        async def run() -> None:
            path = f"/files/{file.sha256}/{file.name}"
            status, body = await call(app, path)
            assert (status, hashlib.sha256(body).hexdigest()) == (200, file.sha256)
            assert await call(app, path, range="bytes=2-3") == (206, body[2:4])
            assert (await call(app, "/simple/ham/"))[0] == 200
            await app.close()

        asyncio.run(run())
        telemetry.close()
    recreator.close()
    repository.close()


def test_yanked_provenance_and_local_versions(server: Running, data: Path) -> None:
    with opened(data) as repository:
        known = repository.ledger.find("eggs-1.0-py3-none-any.whl")
        told = File(
            "more", "1.0", "more-1.0.tar.gz", known.size, known.sha256, yanked="", provenance="https://index.test/p"
        )
        repository.ledger.record(told)
    (row,) = json.loads(server.get("/simple/more/", accept=JSON).body)["files"]
    assert (row["yanked"], row["provenance"]) == (True, "https://index.test/p")
    reply = server.get(row["url"].removeprefix("../.."))
    assert (reply.status, reply.headers["content-type"]) == (200, "application/gzip")
    assert list(server.find("one")) == ["one-2!1.0+local.1-py3-none-any.whl"]
