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
"""The time between two writes of the use counts to the ledger."""


class IndexApp:
    """Serves *repository*, and the projects of *upstream* if there is one.

    It must be created outside of the event loop that it runs in.
    """

    def __init__(
        self,
        repository: Repository,
        recreator: Recreator,
        upstream: Upstream | None,
        settings: ServerSettings,
        telemetry: Telemetry,
    ) -> None:
        self._repository = repository
        self._recreator = recreator
        self._settings = settings
        self._telemetry = telemetry
        self._status_reader = StatusReader(repository, recreator.is_under_way)
        self._files = RequestedFiles(
            repository, recreator, telemetry.metrics, patience=settings.patience, client_builds=settings.client_builds
        )
        representations = Representations(repository, upstream)
        html_pages = HtmlPages(representations, self._status_reader)
        self._exposition = Exposition(telemetry.metrics, self._read_gauges)
        fixed: dict[str, Maker] = {
            "health": self._check_health,
            "metrics": self._make_metrics,
            "style.css": html_pages.make_style,
        }
        self._dispatcher = RequestDispatcher(repository, representations, html_pages, fixed)
        self._flushing: asyncio.Task[None] | None = None

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._serve(scope, send)
        elif scope["type"] == "lifespan":
            await self._serve_lifespan(receive, send)

    def stop(self) -> None:
        """End requests that wait for a file; responses that are being sent are completed."""
        self._files.stop()

    async def close(self) -> None:
        """End the tasks and threads of the application."""
        self.stop()
        if self._flushing:
            self._flushing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._flushing
        await asyncio.to_thread(self._close)

    def _close(self) -> None:
        self._files.close()
        self._dispatcher.close()
        with contextlib.suppress(ZigbuildError):
            self._repository.ledger.flush_uses()

    async def _serve(self, scope: Any, send: Send) -> None:
        started = time.perf_counter()
        request = parse_request(scope, is_proxied=bool(self._settings.accel))
        label, response = "other", None
        try:
            plan = self._dispatcher.plan(request)
            label = plan.label
            if request.method not in ("GET", "HEAD"):
                response = make_error(405, "this index is read-only", request.accept_text, allow="GET, HEAD")
            elif isinstance(plan, ReadyResponse):
                response = plan.response
            else:
                made = await self._dispatcher.execute(plan, started)
                response = await self._respond(made, request) if isinstance(made, Representation) else made
        except (OverloadError, ZigbuildError) as error:
            response = make_error_response(error, request.accept_text)
            if isinstance(error, ZigbuildError) and response.status >= 500:
                self._telemetry.log_problem(error.problems[0])
        except Exception as error:
            self._telemetry.log_bug(error, request.path)
            response = make_error(500, "this is a bug; the server's log has the traceback", request.accept_text)
        await self._send(response, scope, send, request)
        size = 0 if request.method == "HEAD" else response.size
        self._telemetry.report_request(request, label, response.status, size, time.perf_counter() - started)
        if self._flushing is None:
            self._flushing = asyncio.create_task(self._flush_repeatedly())

    async def _send(self, response: Response, scope: Any, send: Send, request: HttpRequest) -> None:
        try:
            await send_response(response, scope, send)
        except FileNotFoundError:
            gone = make_error(503, "the file was dropped a moment ago", request.accept_text, retry_after="1")
            await send_response(gone, scope, send)
        except Exception as error:
            self._telemetry.log_bug(error, request.path)
            raise  # the status was sent already: the server can only close the connection

    async def _respond(self, made: Representation, request: HttpRequest) -> Response:
        """Return the response with *made*, or the requested part of it, or 304 if the client has it already."""
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
        path = self._files.unchanged_path(file) or await self._files.obtain(file, request.client)
        self._repository.ledger.count_use(file.sha256)
        if self._settings.accel and path.is_relative_to(self._repository.folder):
            return make_accelerated(made, self._settings.accel, path.relative_to(self._repository.folder).as_posix())
        size = file.size or path.stat().st_size
        try:
            part = request.range and parse_range(
                request.range.decode("latin-1"), request.if_range.decode("latin-1"), size, made.etag, made.last_modified
            )
        except UnsatisfiableError as error:
            return make_error(416, str(error), request.accept_text, content_range=f"bytes */{size}")
        return make_part(made, path, part, size) if part else make_whole(made, path, size)

    def _check_health(self) -> Response:
        """Return 200 if the ledger can be read, 503 if its file is missing.

        :raises ZigbuildError: if the ledger cannot be read.
        """
        if not (self._repository.folder / "ledger.sqlite").is_file():
            return make_text(503, "text/plain; charset=utf-8", b"the ledger is missing\n", retry_after="30")
        self._repository.ledger.files("")
        return make_text(200, "text/plain; charset=utf-8", b"ready\n")

    def _make_metrics(self) -> Response:
        return make_text(200, CONTENT_TYPE, self._exposition.render())

    def _read_gauges(self) -> Iterator[Gauge]:
        load = self._recreator.load()
        yield Gauge("zigbuild_recreating_files", "Files that are being recreated.", load.under_way)
        yield Gauge("zigbuild_queue_length", "Files that wait for a rebuild.", load.waiting)
        yield Gauge("zigbuild_queue_age_seconds", "Age of the oldest recreation under way.", load.oldest_seconds)
        yield Gauge("zigbuild_waiting_requests", "Requests that wait for files.", self._files.waiting)
        stats = self._status_reader.read_repository().stats
        yield Gauge("zigbuild_projects", "Recorded projects.", len(stats.projects))
        yield Gauge("zigbuild_altered_rows", "Rows of the ledger that somebody else altered.", stats.altered)
        sizes = {"recorded": stats.total.recorded, "whole": stats.total.whole, "members": stats.total.members}
        yield Gauge("zigbuild_bytes", "Bytes of files: recorded, held whole, held as members of wheels.", sizes)

    async def _flush_repeatedly(self) -> None:
        """Write the use counts every few seconds."""
        while True:
            await asyncio.sleep(_FLUSH_SECONDS)
            with contextlib.suppress(ZigbuildError):  # the next flush writes these counts too
                await asyncio.to_thread(self._repository.ledger.flush_uses)

    async def _serve_lifespan(self, receive: Receive, send: Send) -> None:
        """Answer the lifespan messages of ASGI servers."""
        while True:
            message = await receive()
            if message["type"] == "lifespan.shutdown":
                await self.close()
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return
