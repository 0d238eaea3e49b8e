"""Parsing of requests: addresses, negotiation, conditions and ranges; and the names of platforms and Pythons."""

from __future__ import annotations

import time
from dataclasses import dataclass

import pytest

from zigbuild_backend.index.server.content_negotiation import (
    SIMPLE_HTML,
    SIMPLE_JSON,
    TEXT_HTML,
    PageFormat,
    accepts_gzip,
    choose_format,
    prefers_json,
)
from zigbuild_backend.index.server.http_conditions import (
    ByteRange,
    UnsatisfiableError,
    is_match,
    is_unmodified,
    parse_range,
    render_date,
)
from zigbuild_backend.index.server.platform_grid import make_grid, name_interpreter, name_platform
from zigbuild_backend.index.server.routes import (
    FileRoute,
    FixedRoute,
    MovedRoute,
    OverviewRoute,
    ProjectOverviewRoute,
    RefusedRoute,
    Route,
    SimpleIndexRoute,
    SimpleProjectRoute,
    parse_route,
    render_file_path,
)

JSON = "application/vnd.pypi.simple.v1+json"
SHA256 = "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("path", "address"),
    [
        ("/", OverviewRoute()),
        ("/simple/", SimpleIndexRoute()),
        ("/simple/a-b/", SimpleProjectRoute("a-b")),
        ("/projects/a-b/", ProjectOverviewRoute("a-b")),
        ("/health", FixedRoute("health")),
        (f"/files/{SHA256}/a-1.tar.gz", FileRoute(SHA256, "a-1.tar.gz")),
        (f"/files/{SHA256}/a-1%2Bb-py3-none-any.whl.metadata", FileRoute(SHA256, "a-1+b-py3-none-any.whl", True)),
        ("/simple", MovedRoute("simple/")),
        ("/projects", MovedRoute("projects/")),
        ("/projects/", MovedRoute("../")),
        ("/simple/a", MovedRoute("a/")),
        ("/simple/A_b", MovedRoute("a-b/")),
        ("/simple/A__.b/", MovedRoute("../a-b/")),
        ("/projects/%41/", MovedRoute("../a/")),
    ],
)
def test_addresses(path: str, address: Route) -> None:
    assert parse_route(path.encode()) == address


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("", 400),
        ("*", 400),
        ("http://elsewhere/simple/", 400),
        ("//", 404),
        ("//simple/", 404),
        ("/simple//", 400),
        ("/simple/../", 400),
        ("/simple/%2e%2e/", 400),
        ("/simple/..%2f..%2fetc/", 400),
        ("/simple/a%00b/", 400),
        ("/simple/a\\b/", 400),
        ("/simple/a%5Cb/", 400),
        ("/simple/%D0%B0bc/", 400),  # a Cyrillic letter that looks like a Latin one
        ("/simple/%ff/", 400),
        ("/simple/a%0d%0ab/", 400),
        ("/simple/-a/", 400),
        ("/simple/a/b/", 404),
        ("/simple/" + "a" * 2000 + "/", 414),
        ("/files/../etc/passwd", 404),
        ("/files/%2e%2e/passwd", 400),
        (f"/files/{SHA256}/..", 400),
        (f"/files/{SHA256}/%2e%2e%2fledger.key", 400),
        (f"/files/{SHA256}/a%00.whl", 400),
        (f"/files/{SHA256.upper()}/a.whl", 400),
        (f"/files/{SHA256[1:]}/a.whl", 400),
        (f"/files/{SHA256}/", 400),
        ("/ledger.key", 404),
        ("/health/", 404),
        ("/static/../../ledger.key", 404),
    ],
)
def test_impossible_addresses_are_refused(path: str, status: int) -> None:
    refusal = parse_route(path.encode())
    assert isinstance(refusal, RefusedRoute)
    assert refusal.status == status
    assert refusal.reason


def test_addresses_of_downloads_are_read_back() -> None:
    name = "a-1!1.0+local.1-py3-none-any.whl"
    assert parse_route(b"/" + render_file_path(SHA256, name).encode()) == FileRoute(SHA256, name)


@pytest.mark.parametrize(
    ("accept", "query", "form"),
    [
        ("", "", TEXT_HTML),
        ("*/*", "", TEXT_HTML),
        ("text/*", "", TEXT_HTML),
        ("text/html,application/xhtml+xml,*/*;q=0.8", "", TEXT_HTML),
        ("application/*", "", SIMPLE_JSON),
        ("application/vnd.pypi.simple.v1+json", "", SIMPLE_JSON),
        ("application/vnd.pypi.simple.latest+json", "", SIMPLE_JSON),
        ("APPLICATION/vnd.pypi.simple.v1+JSON ; q=1.0", "", SIMPLE_JSON),
        ("application/vnd.pypi.simple.v1+html", "", SIMPLE_HTML),
        # pip and uv
        (f"{JSON}, application/vnd.pypi.simple.v1+html; q=0.1, text/html; q=0.01", "", SIMPLE_JSON),
        (f"{JSON}, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.01", "", SIMPLE_JSON),
        ("text/html;q=0.5, application/vnd.pypi.simple.v1+json;q=0.4", "", TEXT_HTML),
        ("text/html;q=0, */*;q=0.1", "", SIMPLE_JSON),
        ("application/vnd.pypi.simple.v1+json;q=0.001", "", SIMPLE_JSON),
        ("application/vnd.pypi.simple.v2+json", "", None),
        ("image/png", "", None),
        ("text/html;q=0", "", None),
        ("text/html;q=7, image/png", "", None),
        ("text/html;q=nan, text/html;q=-1, text/html;q=1e0", "", None),
        (",;,;q=,q=1,/", "", None),
        ("image/png", "format=application/vnd.pypi.simple.v1+json", SIMPLE_JSON),
        ("image/png", "format=application%2Fvnd.pypi.simple.v1%2Bhtml", SIMPLE_HTML),
        ("", "a=b&format=json", SIMPLE_JSON),
        ("", "format=html&format=json", TEXT_HTML),
        ("*/*", "format=", None),
        ("*/*", "format=xml", None),
    ],
)
def test_choice_of_format(accept: str, query: str, form: PageFormat | None) -> None:
    assert choose_format(accept, query) == form


def test_absurd_accept_header_takes_no_time() -> None:
    began = time.perf_counter()
    assert choose_format(",".join(f"a/b;q=0.{n}" for n in range(5000)) + ", text/html") is None
    assert time.perf_counter() - began < 0.05


@pytest.mark.parametrize(
    ("header", "accepts"),
    [
        ("", False),
        ("gzip", True),
        ("gzip, deflate, br", True),
        ("br;q=1.0, gzip;q=0.8", True),
        ("gzip;q=0", False),
        ("x-gzip", True),
        ("*", True),
        ("*;q=0", False),
        ("gzip;q=0, *", False),
        ("identity", False),
    ],
)
def test_gzip(header: str, accepts: bool) -> None:
    assert accepts_gzip(header) is accepts


def test_errors_are_json_for_those_who_ask_for_it() -> None:
    assert prefers_json("application/vnd.pypi.simple.v1+json, text/html; q=0.01")
    assert prefers_json("application/json")
    assert not prefers_json("")
    assert not prefers_json("*/*")
    assert not prefers_json("text/html, */*")


@pytest.mark.parametrize(
    ("header", "is_known"),
    [('"a"', True), ('W/"a"', True), ('"b", "a"', True), ("*", True), ('"b"', False), ("a", False), ("", False)],
)
def test_if_none_match(header: str, is_known: bool) -> None:
    assert is_match(header, '"a"') is is_known


@pytest.mark.parametrize(
    ("since", "is_unchanged"),
    [
        ("Sat, 31 Jan 2026 12:00:00 GMT", True),
        ("Sun, 01 Feb 2026 12:00:00 GMT", True),
        ("Sat, 31 Jan 2026 11:59:59 GMT", False),
        ("yesterday", False),
        ("Sat, 99 Jan 99999999 12:00:00 GMT", False),
        ("", False),
    ],
)
def test_if_modified_since(since: str, is_unchanged: bool) -> None:
    assert is_unmodified(since, "Sat, 31 Jan 2026 12:00:00 GMT") is is_unchanged
    assert not is_unmodified(since, ""), "what has no date is always sent"


def test_dates() -> None:
    assert render_date("2026-01-31T12:00:00.123456Z") == "Sat, 31 Jan 2026 12:00:00 GMT"
    assert render_date("2026-01-31T12:00:00Z") == "Sat, 31 Jan 2026 12:00:00 GMT"
    assert render_date("") == render_date("soon") == ""


@pytest.mark.parametrize(
    ("header", "span"),
    [
        ("bytes=0-0", ByteRange(0, 1)),
        ("bytes=0-", ByteRange(0, 100)),
        ("bytes=10-19", ByteRange(10, 20)),
        ("bytes=90-1000", ByteRange(90, 100)),
        ("bytes=-10", ByteRange(90, 100)),
        ("bytes=-1000", ByteRange(0, 100)),
        ("Bytes = 5-6", ByteRange(5, 7)),
        # Not understood, and so passed over: the whole file is sent.
        ("", None),
        ("bytes=", None),
        ("bytes=-", None),
        ("bytes=a-b", None),
        ("bytes=9-3", None),
        ("lines=1-2", None),
        ("bytes=0-1,5-6", None),
        ("bytes=0x1-0x2", None),
        ("bytes=١-٢", None),
        ("bytes=" + "9" * 50 + "-", None),
    ],
)
def test_ranges(header: str, span: ByteRange | None) -> None:
    assert parse_range(header, "", 100, '"e"', "date") == span


@pytest.mark.parametrize(
    "header", ["bytes=100-", "bytes=99999999999-", "bytes=-0", "bytes=" + ",".join(["0-0"] * 1000)]
)
def test_ranges_that_cannot_be_satisfied(header: str) -> None:
    with pytest.raises(UnsatisfiableError):
        parse_range(header, "", 100, '"e"', "date")


@pytest.mark.parametrize(
    ("if_range", "span"), [('"e"', ByteRange(0, 1)), ("date", ByteRange(0, 1)), ('"x"', None), ('W/"e"', None)]
)
def test_if_range(if_range: str, span: ByteRange | None) -> None:
    assert parse_range("bytes=0-0", if_range, 100, '"e"', "date") == span


@pytest.mark.parametrize(
    ("tag", "name", "detail"),
    [
        ("manylinux_2_17_x86_64.manylinux2014_x86_64", "Linux x86_64", "glibc 2.17 or later"),
        ("manylinux_2_5_i686.manylinux1_i686.manylinux_2_17_i686", "Linux i686", "glibc 2.5 or later"),
        ("musllinux_1_2_aarch64", "Linux aarch64", "musl 1.2 or later"),
        ("macosx_11_0_arm64", "macOS arm64", "11.0 or later"),
        ("win_amd64", "Windows x86_64", ""),
        ("win32", "Windows x86", ""),
        ("linux_armv7l", "linux_armv7l", ""),
        ("any", "any", ""),
    ],
)
def test_names_of_platforms(tag: str, name: str, detail: str) -> None:
    platform = name_platform(tag)
    assert (platform.name, platform.detail) == (name, detail)


@pytest.mark.parametrize(
    ("python_tag", "abi_tag", "name", "detail"),
    [
        ("cp313", "cp313", "CPython 3.13", ""),
        ("cp313", "cp313t", "CPython 3.13", "free-threaded"),
        ("cp311", "abi3", "CPython 3.11", "and later"),
        ("py3", "none", "Python 3", ""),
        ("py2.py3", "none", "Python 3", ""),
        ("pp310", "pypy310_pp73", "PyPy 3.10", ""),
        ("graalpy312", "graalpy250_312_native", "graalpy 3.12", ""),
        ("x", "y", "x", "y"),
    ],
)
def test_names_of_interpreters(python_tag: str, abi_tag: str, name: str, detail: str) -> None:
    interpreter = name_interpreter(python_tag, abi_tag)
    assert (interpreter.name, interpreter.detail) == (name, detail)


@dataclass(frozen=True)
class Wheel:
    name: str


def test_grid_has_a_cell_for_each_pair() -> None:
    names = [
        "a-1-cp313-cp313-win_amd64.whl",
        "a-1-cp39-cp39-win_amd64.whl",
        "a-1-cp313-cp313t-macosx_11_0_arm64.whl",
        "a-1-2-cp313-cp313-win_amd64.whl",
    ]
    grid = make_grid(map(Wheel, names))
    assert [column.name for column in grid.interpreters] == ["CPython 3.9", "CPython 3.13", "CPython 3.13"]
    assert [row.name for row, _ in grid.rows] == ["macOS arm64", "Windows x86_64"]
    mac, windows = (cells for _, cells in grid.rows)
    assert [[wheel.name for wheel in cell] for cell in mac] == [[], [], [names[2]]]
    assert [[wheel.name for wheel in cell] for cell in windows] == [[names[1]], [names[0], names[3]], []]
