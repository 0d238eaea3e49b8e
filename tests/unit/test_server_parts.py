"""The parts of the server that remember, count and tell: memory, limiter, clients, log, figures and refusals."""

from __future__ import annotations

import asyncio
import io
import json

import pytest

from zigbuild_backend.core.archive.archive_writer import WriteError
from zigbuild_backend.core.base.errors import MismatchError, NotFoundError
from zigbuild_backend.index.server.client_limits import ClientLimiter, OverloadError
from zigbuild_backend.index.server.http_request import parse_request
from zigbuild_backend.index.server.log_writer import LogWriter, make_logger, render_request
from zigbuild_backend.index.server.metrics import Exposition, Gauge, Metrics
from zigbuild_backend.index.server.response_cache import ResponseCache
from zigbuild_backend.index.server.responses import make_constant, make_error_response


def test_the_cache_drops_what_is_old_and_what_does_not_fit() -> None:
    cache = ResponseCache(room=10_000)
    page = make_constant(b"x" * 2000, "text/plain")
    cache.store("a", page, generation=1, expires=100)
    assert cache.find("a", 1, now=99) is page
    assert cache.find("a", 2, now=99) is None, "something was recorded since"
    assert cache.find("a", 1, now=101) is None
    for key in "bcdefgh":
        cache.store(key, page, generation=1, expires=100)
    assert cache.find("a", 1, now=0) is None
    assert cache.find("h", 1, now=0) is page
    cache.store("h", page, generation=2, expires=100)
    assert cache.find("h", 2, now=0) is page


def test_a_client_is_admitted_in_order_and_forgotten() -> None:
    async def run() -> None:
        limiter, order = ClientLimiter(per_client=1, waiting=1, total=3), []

        async def visit(name: str, client: str, seconds: float = 0.0) -> None:
            async with limiter.admitted(client, patience=5):
                order.append(name)
                await asyncio.sleep(seconds)

        first = asyncio.create_task(visit("first", "a", 0.1))
        second = asyncio.create_task(visit("second", "a"))
        await asyncio.sleep(0)
        with pytest.raises(OverloadError) as crowded:
            await visit("third", "a")
        assert crowded.value.retry_after > 0
        await visit("other", "b")
        assert order == ["first", "other"]
        await asyncio.gather(first, second)
        assert order == ["first", "other", "second"]
        assert len(limiter) == 0
        assert not limiter._queues

    asyncio.run(run())


def test_a_request_that_waits_too_long_is_refused() -> None:
    async def run() -> None:
        limiter = ClientLimiter(per_client=1, waiting=5, total=5)
        async with limiter.admitted("a", patience=1):
            with pytest.raises(OverloadError):
                async with limiter.admitted("a", patience=0.01):
                    pass
        assert len(limiter) == 0

    asyncio.run(run())


def scope_of(**values: object) -> dict[str, object]:
    scope = {"method": "GET", "raw_path": b"/", "query_string": b"", "scheme": "http", "client": ("10.0.0.1", 5)}
    return {**scope, "headers": [], **values}


def test_clients_are_who_they_are_unless_a_proxy_names_them() -> None:
    headers = [(b"x-real-ip", b"192.0.2.7"), (b"x-forwarded-proto", b"https"), (b"host", b"index.test")]
    request = parse_request(scope_of(headers=headers), is_proxied=False)
    assert (request.client, request.base) == ("10.0.0.1", "http://index.test")
    request = parse_request(scope_of(headers=headers), is_proxied=True)
    assert (request.client, request.base) == ("192.0.2.7", "https://index.test")
    request = parse_request(scope_of(headers=[(b"x-real-ip", b"<script>")]), is_proxied=True)
    assert request.client == "10.0.0.1"


def test_hostile_host_is_shown_nowhere() -> None:
    request = parse_request(scope_of(headers=[(b"host", b'"><script>')]), is_proxied=False)
    assert request.base == "http://HOST"


def test_headers_that_come_twice_are_one_list() -> None:
    headers = [(b"accept", b"image/png"), (b"accept", b"text/html")]
    assert parse_request(scope_of(headers=headers), is_proxied=False).accept == b"image/png,text/html"


def test_log_is_a_json_object_a_line_whatever_is_in_it() -> None:
    stream = io.StringIO()
    writer = LogWriter(stream)
    hostile = b'/"\\\n\x00\xff{}'
    request = parse_request(scope_of(raw_path=hostile, headers=[(b"user-agent", hostile)]), is_proxied=False)
    writer.add(render_request(request, "other", 404, 12, 0.00012))
    make_logger(writer).warning("recreation", way="failed", reason=hostile.decode("latin-1"))
    writer.close()
    line, event = map(json.loads, stream.getvalue().splitlines())
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "request",
        "level": "info",
        "method": "GET",
        "path": hostile.decode("latin-1"),
        "status": 404,
        "bytes": 12,
        "seconds": 0.00012,
        "client": "10.0.0.1",
        "agent": hostile.decode("latin-1"),
        "route": "other",
    }
    assert (event["event"], event["level"], event["way"]) == ("recreation", "warning", "failed")


def test_log_that_nobody_reads_holds_nothing_up() -> None:
    stream = io.StringIO()
    stream.close()
    writer = LogWriter(stream)
    for _ in range(100_000):
        writer.add("line")
    assert len(writer._lines) <= 20_000
    writer.close()


def test_figures_are_what_prometheus_reads() -> None:
    metrics = Metrics()
    metrics.count_request("file", 200, 1000, 0.0003)
    metrics.count_request("file", 404, 10, 40.0)
    metrics.count_recreation("rebuilt")
    exposition = Exposition(metrics, lambda: [Gauge("g", "one", 3), Gauge("h", "by kind", {"a": 1, "b": 2})])
    lines = exposition.render().decode().splitlines()
    for line in (
        'zigbuild_requests_total{route="file",status="200"} 1.0',
        'zigbuild_requests_total{route="file",status="404"} 1.0',
        'zigbuild_response_bytes_total{route="file"} 1010.0',
        'zigbuild_request_seconds_bucket{le="0.00025",route="file"} 0.0',
        'zigbuild_request_seconds_bucket{le="0.0005",route="file"} 1.0',
        'zigbuild_request_seconds_bucket{le="30",route="file"} 1.0',
        'zigbuild_request_seconds_bucket{le="+Inf",route="file"} 2.0',
        'zigbuild_request_seconds_sum{route="file"} 40.0003',
        'zigbuild_recreations_total{kind="rebuilt"} 1.0',
        "g 3.0",
        'h{kind="b"} 2.0',
    ):
        assert line in lines


@pytest.mark.parametrize(
    ("error", "status", "text"),
    [
        (NotFoundError("this project is not recorded", where="spam"), 404, "spam: this project is not recorded"),
        (MismatchError("was altered", where="a.whl"), 404, "a.whl: was altered"),
        (MismatchError("is damaged", where="/srv/data/ledger.sqlite"), 503, "the repository: is damaged"),
        (WriteError("disk full", where="/srv/data"), 503, "the repository: disk full"),
        (OverloadError("too many", 7), 503, "too many"),
    ],
)
def test_errors_say_their_reason_and_no_place_of_the_machine(error: Exception, status: int, text: str) -> None:
    response = make_error_response(error, "")  # type: ignore[arg-type]
    assert response.status == status
    assert text in response.body.decode()
    assert b"/srv" not in response.body
    headers = dict(response.headers)
    assert (b"retry-after" in headers) == (status == 503)
    document = json.loads(make_error_response(error, "application/json").body)  # type: ignore[arg-type]
    assert (document["status"], document["detail"]) == (status, text)
