"""The index and those who mean it harm: refused or cut off, with no error of its own, and no memory gone."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from servers import JSON, Running, publish, serving
from wheels import write_foreign_wheel

pytestmark = pytest.mark.full

ANSWER = re.compile(rb"HTTP/1\.[01] (\d{3}) ")
NAME = "eggs-1.0-py3-none-any.whl"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("hostile")
    publish(folder / "data", write_foreign_wheel(folder))
    with serving(folder / "data") as running:
        yield running
        assert running.process.poll() is None, "it lives"
        said = running.stderr.read_text()
        assert "Traceback" not in said
        assert "panicked" not in said
        assert [line for line in running.read_log() if line["event"] == "bug"] == []


def ask(server: Running, path: str, headers: str = "", method: str = "GET", version: str = "1.1") -> int:
    """Return the status of the answer to a request as it is written here; 0 if the connection was closed."""
    request = f"{method} {path} HTTP/{version}\r\nHost: index.test\r\nConnection: close\r\n{headers}\r\n"
    found = ANSWER.match(server.talk(request.encode("utf-8", "surrogateescape")))
    return int(found[1]) if found else 0


@pytest.mark.parametrize(
    "path",
    [
        "/../../../etc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/simple/../ledger.key",
        "/simple/..%2f..%2fledger.key/",
        "/simple/%2e%2e%2f/",
        "/simple/a%00/",
        "/simple/a\\..\\..\\b/",
        "/simple/a%5c..%5cb/",
        "/simple/%ef%bc%8e%ef%bc%8e/",  # full stops of full width
        "/simple/egg%d1%95/",  # a Cyrillic s
        "/simple/%c0%ae%c0%ae/",  # overlong UTF-8
        "/simple/" + "a" * 3000 + "/",
        f"/files/{'0' * 64}/..%2f..%2fledger.key",
        f"/files/{'0' * 64}/%2e%2e",
        f"/files/{'0' * 64}/{NAME}%00.txt",
        f"/files/..%2f..%2f{'0' * 58}/{NAME}",
        f"/files/{'0' * 64}/.ssh",
        f"/files/{'0' * 64}/{'a' * 5000}.whl",
        "/projects/..%2f/",
        "//etc/passwd",
        "/simple//",
        "/style.css/../ledger.key",
        "/%",
        "/%zz",
        "/?%00",
        "/simple/?format=%00",
        "/simple/?" + "&".join(f"a{n}=b" for n in range(500)) + "&format=json",
    ],
)
def test_hostile_paths(server: Running, path: str) -> None:
    assert ask(server, path) in ({200} if path.startswith(("/?", "/simple/?a0")) else {400, 404, 406, 414})


@pytest.mark.parametrize("path", ["/simple/\udcff/", "/simple/é/", "/simple/a b/", "/a\tb", "/a\0b", "simple/", "*"])
def test_paths_that_are_none(server: Running, path: str) -> None:
    assert ask(server, path) in (0, 400, 404)


@pytest.mark.parametrize(
    ("headers", "statuses"),
    [
        ("X: " + "a" * 100_000 + "\r\n", {0, 431}),
        ("".join(f"X-{n}: a\r\n" for n in range(10_000)), {0, 431}),
        ("Accept: " + "text/html;q=0.1," * 700 + "\r\n", {200, 431}),
        ("Accept: " + ";" * 10_000 + "\r\n", {406}),
        ("Accept: text/html;q=" + "9" * 5000 + "\r\n", {406}),
        ("Accept: \xff\xfe\r\n", {406}),
        ("Accept-Encoding: gzip;q=nan, *;q=inf\r\n", {200}),
        ("If-None-Match: " + '"a",' * 3000 + "\r\n", {200}),
        ("If-Modified-Since: " + "9" * 5000 + "\r\n", {200}),
        ("If-Modified-Since: Mon, 01 Jan 0000 00:00:00 +9999\r\n", {200}),
        ("Host: other\r\n", {200, 400}),
        ("Content-Length: -1\r\n", {0, 400}),
        ("Content-Length: 5\r\nContent-Length: 6\r\n", {0, 400}),
        ("Transfer-Encoding: gzip\r\n", {0, 400, 501}),
        ("X: a\r\n b\r\n", {0, 400}),
        ("X : a\r\n", {0, 400}),
        (": a\r\n", {0, 400}),
        ("\0: a\r\n", {0, 400}),
        ("Upgrade: websocket\r\nConnection: Upgrade\r\n", {200}),
        ("Expect: 100-continue\r\n", {200}),
    ],
)
def test_hostile_headers(server: Running, headers: str, statuses: set[int]) -> None:
    assert ask(server, "/simple/", headers) in statuses


@pytest.mark.parametrize(
    "asked",
    ["99999999999-", "-0", "1-0", "0-" + "9" * 500, "-" + "9" * 500, ",".join(["0-"] * 2000), "a", "", "0--1", "\xb2-"],
)
def test_hostile_ranges(server: Running, asked: str) -> None:
    path = server.find("eggs")[NAME]
    assert ask(server, path, f"Range: bytes={asked}\r\n") in (200, 416)


@pytest.mark.parametrize("method", ["BREW", "get", "CONNECT", "G" * 5000, "P\0ST"])
def test_hostile_methods(server: Running, method: str) -> None:
    assert ask(server, "/simple/", method=method) in (0, 400, 405)


def test_old_versions_of_http(server: Running) -> None:
    assert ask(server, "/simple/", version="1.0") == 200
    assert server.talk(b"GET /simple/ HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.0 200 ")
    for version in ("0.9", "2.0", "9.9", "x"):
        assert ask(server, "/simple/", version=version) in (0, 400, 505)


def test_pipelined_requests_are_all_answered(server: Running) -> None:
    request = b"GET /simple/eggs/ HTTP/1.1\r\nHost: a\r\n\r\n"
    last = request.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    assert len(ANSWER.findall(server.talk(request * 49 + last))) == 50


def test_bodies_are_not_read(server: Running) -> None:
    reply = server.talk(b"POST /simple/ HTTP/1.1\r\nHost: a\r\nContent-Length: 999999999999\r\n\r\n" + b"a" * 100_000)
    assert reply == b"" or reply.startswith(b"HTTP/1.1 405")
    reply = server.talk(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n")
    assert b" 500 " not in reply


def test_slow_clients_are_cut_off_and_keep_nobody_out(server: Running) -> None:
    with ExitStack() as stack:
        slow = [
            stack.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=40)) for _ in range(500)
        ]
        for connection in slow:
            connection.sendall(b"GET / HTTP/1.1\r\nX-Slow: ")
        began = time.monotonic()
        assert server.get("/simple/eggs/").status == 200
        assert time.monotonic() - began < 5, "others are served meanwhile"
        while time.monotonic() - began < 20:
            for connection in slow:
                with suppress(OSError):
                    connection.sendall(b"a")  # a byte now and then does not help
            try:
                slow[0].settimeout(0.5)
                if slow[0].recv(1) == b"":
                    break
            except TimeoutError:
                continue
            except OSError:
                break
        assert time.monotonic() - began < 15, "it was cut off"


def test_clients_that_go_away_leave_nothing_behind(server: Running) -> None:
    path = server.find("eggs")[NAME]
    for _ in range(300):
        with socket.create_connection(("127.0.0.1", server.port)) as connection:
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
    time.sleep(0.5)
    assert len(list(Path(f"/proc/{server.process.pid}/fd").iterdir())) < 100
    assert server.read_figures()["zigbuild_waiting_requests"] == 0


def test_memory_does_not_grow(server: Running) -> None:
    def flood(number: int) -> None:
        for turn in range(400):
            salt = f"{number}-{turn}-{'x' * 200}"
            server.get(f"/simple/nothing-{salt}/?{salt}", accept=f"text/html, x/{salt}", host=f"h{number}{turn}")
            server.get(f"/?{salt}", accept=f"text/html, x/{salt}", user_agent=salt)

    def run() -> None:
        threads = [threading.Thread(target=flood, args=[number]) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    run()
    before = server.read_memory()
    run()
    assert server.read_memory() - before < 24 << 20


token = st.binary(min_size=0, max_size=30)
paths = st.one_of(
    st.sampled_from([b"/", b"/simple/", b"/simple/eggs/", b"/projects/eggs/", b"/health", b"/style.css"]),
    st.builds(lambda a, b: b"/files/" + a + b"/" + b, st.one_of(token, st.just(b"0" * 64)), token),
    st.builds(lambda a, b: b"/simple/" + a + b"/" + b, token, token),
    st.text("/%.\\0aA-_+?=&#: ~\t", max_size=60).map(lambda text: b"/" + text.encode()),
    token,
)
names = st.one_of(
    st.sampled_from(
        b"Accept Accept-Encoding If-None-Match If-Modified-Since Range If-Range Host Connection User-Agent "
        b"Content-Length Transfer-Encoding Expect X-Real-IP X-Forwarded-Proto".split()
    ),
    token,
)
values = st.one_of(
    token,
    st.text('bytes=0123456789-,;q.*/"W texhmlgzip', max_size=60).map(str.encode),
    st.sampled_from([b"text/html", JSON.encode(), b"gzip", b"bytes=0-5", b"close", b"0", b"*"]),
)


def render_request(method: bytes, path: bytes, version: bytes, headers: list[tuple[bytes, bytes]]) -> bytes:
    lines = [method + b" " + path + b" HTTP/" + version, *(name + b": " + value for name, value in headers)]
    return b"\r\n".join([*lines, b"", b""])


requests = st.builds(
    render_request,
    method=st.one_of(st.sampled_from([b"GET", b"HEAD", b"POST", b"OPTIONS"]), token),
    path=paths,
    version=st.sampled_from([b"1.1", b"1.0", b"1.1", b"2.0", b""]),
    headers=st.lists(st.tuples(names, values), max_size=6),
)


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.one_of(requests, st.binary(max_size=200), st.lists(requests, min_size=2, max_size=3).map(b"".join)))
def test_whatever_comes_is_no_error_of_ours(server: Running, data: bytes) -> None:
    received = server.talk(data, seconds=0.05)
    statuses = [int(status) for status in re.findall(rb"^HTTP/1\.[01] (\d{3}) ", received, re.MULTILINE)]
    assert all(200 <= status < 500 for status in statuses), (data, received[:500])
    assert server.process.poll() is None


def test_it_serves_as_before(server: Running) -> None:
    (path,) = server.find("eggs").values()
    assert server.get(path).status == 200
    figures = server.read_figures()
    assert not [name for name in figures if 'status="5' in name], figures
