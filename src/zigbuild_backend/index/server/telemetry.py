"""What the server tells of itself: a log of events and requests, and figures."""

from __future__ import annotations

from typing import Any, TextIO

from ...core.base.errors import Problem
from ..files import File
from ..recreations import Outcome
from .http_request import HttpRequest
from .log_writer import LogWriter, make_logger, render_request
from .metrics import Metrics

_LOUD = frozenset({"mismatch", "failed"})


class Telemetry:
    """Writes JSON lines to *stream*: events, and with *is_logging_requests* each request. For any thread."""

    def __init__(self, stream: TextIO, *, is_logging_requests: bool = True) -> None:
        self.metrics = Metrics()
        self._writer = LogWriter(stream)
        self._logger: Any = make_logger(self._writer)
        self._is_logging_requests = is_logging_requests

    def close(self) -> None:
        """Writes what is left."""
        self._writer.close()

    def note_request(self, request: HttpRequest, route: str, status: int, size: int, seconds: float) -> None:
        """A request was answered; for the event loop only."""
        self.metrics.count_request(route, status, size, seconds)
        if self._is_logging_requests:
            self._writer.add(render_request(request, route, status, size, seconds))

    def note_recreation(self, kind: Outcome, file: File, seconds: float, reason: str) -> None:
        """A file was brought back, or could not be: what a recreator's observer is told."""
        self.metrics.count_recreation(kind)
        write = self._logger.warning if kind in _LOUD else self._logger.info
        write("recreation", way=kind, file=file.name, sha256=file.sha256, seconds=round(seconds, 3), reason=reason)

    def note_problem(self, problem: Problem) -> None:
        """Something is unfit, or not to be had, and stops nothing."""
        self._logger.warning("problem", where=problem.where, message=problem.message)

    def note_bug(self, error: BaseException, path: bytes) -> None:
        """A request failed by our own fault."""
        self._logger.error("bug", path=path.decode("latin-1"), exc_info=error)

    def note(self, event: str, **values: object) -> None:
        """Something happened that happens seldom."""
        self._logger.info(event, **values)
