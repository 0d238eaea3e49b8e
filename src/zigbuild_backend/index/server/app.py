"""The index as an ASGI application."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from ...core.base.errors import ZigbuildError
from ..files import File
from ..recreator import Recreator
from ..repository import Repository
from ..upstream import Upstream
from .client_limits import OverloadError
from .file_status import StatusReader
from .html_pages import HtmlPages
from .http_conditions import UnsatisfiableError, is_match, is_unmodified, parse_range
from .http_request import HttpRequest, parse_request
from .metrics import CONTENT_TYPE, Exposition, Gauge
from .representations import Representations
from .request_dispatch import Maker, ReadyResponse, RequestDispatcher
from .requested_files import RequestedFiles
from .responses import (
    Representation,
    Response,
    make_accelerated,
    make_error,
    make_error_response,
    make_part,
    make_text,
    make_whole,
)
from .sending import Send, send_response
from .server_settings import ServerSettings
from .telemetry import Telemetry

Receive = Callable[[], Awaitable[Any]]

_FLUSH_SECONDS = 5.0
"""How often it is written which files were used."""


class App:
    """The application; see :func:`create_app`. It is made outside of the event loop that it runs in."""

    def __init__(
        self,
        repository: Repository,
        recreator: Recreator,
        upstream: Upstream | None,
        settings: ServerSettings,
        journal: Telemetry,
    ) -> None:
        self._repository = repository
        self._recreator = recreator
        self._settings = settings
        self._journal = journal
        self._holdings = StatusReader(repository, recreator.is_under_way)
        self._downloads = RequestedFiles(
            repository, recreator, journal.metrics, patience=settings.patience, client_builds=settings.client_builds
        )
        pages = Representations(repository, upstream)
        people = HtmlPages(pages, self._holdings)
        self._exposition = Exposition(journal.metrics, self._read_gauges)
        fixed: dict[str, Maker] = {
            "health": self._check_health,
            "metrics": self._make_metrics,
            "style.css": people.make_style,
        }
        self._answers = RequestDispatcher(repository, pages, people, fixed)
        self._flushing: asyncio.Task[None] | None = None

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._serve(scope, send)
        elif scope["type"] == "lifespan":
            await self._live(receive, send)

    def stop(self) -> None:
        """Lets no request wait for a file any longer; those that are being sent are sent to their end."""
        self._downloads.stop()

    async def close(self) -> None:
        """Ends what goes on beside the requests."""
        self.stop()
        if self._flushing:
            self._flushing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._flushing
        await asyncio.to_thread(self._close)

    def _close(self) -> None:
        self._downloads.close()
        self._answers.close()
        with contextlib.suppress(ZigbuildError):
            self._repository.ledger.flush_uses()

    async def _serve(self, scope: Any, send: Send) -> None:
        started = time.perf_counter()
        request = parse_request(scope, is_proxied=bool(self._settings.accel))
        route, response = "other", None
        try:
            plan = self._answers.find_plan(request)
            route = plan.route
            if request.method not in ("GET", "HEAD"):
                response = make_error(405, "nothing can be changed here", request.accept_text, allow="GET, HEAD")
            elif isinstance(plan, ReadyResponse):
                response = plan.response
            else:
                made = await self._answers.find(plan, started)
                response = await self._respond(made, request) if isinstance(made, Representation) else made
        except (OverloadError, ZigbuildError) as error:
            response = make_error_response(error, request.accept_text)
            if isinstance(error, ZigbuildError) and response.status >= 500:
                self._journal.note_problem(error.problems[0])
        except Exception as error:
            self._journal.note_bug(error, request.path)
            response = make_error(500, "this is a bug; it stands in the server's log", request.accept_text)
        await self._send(response, scope, send, request)
        size = 0 if request.method == "HEAD" else response.size
        self._journal.note_request(request, route, response.status, size, time.perf_counter() - started)
        if self._flushing is None:
            self._flushing = asyncio.create_task(self._flush())

    async def _send(self, response: Response, scope: Any, send: Send, request: HttpRequest) -> None:
        try:
            await send_response(response, scope, send)
        except FileNotFoundError:
            gone = make_error(503, "it was dropped in this very moment", request.accept_text, retry_after="1")
            await send_response(gone, scope, send)
        except Exception as error:
            self._journal.note_bug(error, request.path)
            raise  # too late to say it: the server cuts the connection off

    async def _respond(self, made: Representation, request: HttpRequest) -> Response:
        """*made*, or the part of it that is asked for, or that the client has it already."""
        if request.if_none_match:
            is_known = is_match(request.if_none_match.decode("latin-1"), made.etag)
        else:
            since = request.if_modified_since
            is_known = bool(since) and is_unmodified(since.decode("latin-1"), made.last_modified)
        if is_known:
            return Response(304, made.unchanged_headers)
        if made.file is None or request.method == "HEAD":
            return Response(200, made.headers, made.body, size=made.size)
        return await self._respond_file(made, made.file, request)

    async def _respond_file(self, made: Representation, file: File, request: HttpRequest) -> Response:
        path = self._downloads.find_seen(file) or await self._downloads.obtain(file, request.client)
        self._repository.ledger.count_use(file.sha256)
        if self._settings.accel and path.is_relative_to(self._repository.folder):
            return make_accelerated(made, self._settings.accel, path.relative_to(self._repository.folder).as_posix())
        size = file.size or path.stat().st_size
        try:
            span = request.range and parse_range(
                request.range.decode("latin-1"), request.if_range.decode("latin-1"), size, made.etag, made.last_modified
            )
        except UnsatisfiableError as error:
            return make_error(416, str(error), request.accept_text, content_range=f"bytes */{size}")
        return make_part(made, path, span, size) if span else make_whole(made, path, size)

    def _check_health(self) -> Response:
        """Whether the ledger can be read; raises if it can not."""
        if not (self._repository.folder / "ledger.sqlite").is_file():
            return make_text(503, "text/plain; charset=utf-8", b"the ledger is gone\n", retry_after="30")
        self._repository.ledger.files("")
        return make_text(200, "text/plain; charset=utf-8", b"ready\n")

    def _make_metrics(self) -> Response:
        return make_text(200, CONTENT_TYPE, self._exposition.render())

    def _read_gauges(self) -> Iterator[Gauge]:
        load = self._recreator.load()
        yield Gauge("zigbuild_recreating_files", "Files that are being brought back.", load.flights)
        yield Gauge("zigbuild_queue_length", "Files that wait for a builder.", load.waiting)
        yield Gauge("zigbuild_queue_age_seconds", "How long the oldest has been waited for.", load.oldest_seconds)
        yield Gauge("zigbuild_waiting_requests", "Requests that wait for files.", self._downloads.waiting)
        stats = self._holdings.read_all().stats
        yield Gauge("zigbuild_projects", "Projects that are recorded.", len(stats.projects))
        yield Gauge("zigbuild_altered_rows", "Rows of the ledger that somebody else has altered.", stats.altered)
        sizes = {"recorded": stats.total.recorded, "whole": stats.total.whole, "members": stats.total.members}
        yield Gauge("zigbuild_bytes", "Bytes of files: recorded, held whole, held as members of wheels.", sizes)

    async def _flush(self) -> None:
        """Writes now and then which files were used."""
        while True:
            await asyncio.sleep(_FLUSH_SECONDS)
            with contextlib.suppress(ZigbuildError):  # if it can't be written now, it is written later
                await asyncio.to_thread(self._repository.ledger.flush_uses)

    async def _live(self, receive: Receive, send: Send) -> None:
        """Answers servers that tell an application when they begin and end."""
        while True:
            message = await receive()
            if message["type"] == "lifespan.shutdown":
                await self.close()
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return


def create_app(
    repository: Repository,
    recreator: Recreator,
    upstream: Upstream | None,
    settings: ServerSettings,
    journal: Telemetry,
) -> App:
    """The ASGI application that serves *repository*, and what *upstream* has, if there is one."""
    return App(repository, recreator, upstream, settings, journal)
