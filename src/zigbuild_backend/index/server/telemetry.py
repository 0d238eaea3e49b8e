"""The server's telemetry: a log of events and requests, and metrics."""

from __future__ import annotations

from typing import Any, TextIO

from ...core.base.errors import Problem
from ..files import File
from ..recreations import Outcome
from .http_request import HttpRequest
from .log_writer import LogWriter, make_logger, render_request
from .metrics import Metrics

_WARNINGS = frozenset({"mismatch", "failed"})


class Telemetry:
    """Counts metrics, and writes JSON lines to *stream*: events, and requests if *is_logging_requests*. Thread-safe."""

    def __init__(self, stream: TextIO, *, is_logging_requests: bool = True) -> None:
        self.metrics = Metrics()
        self._writer = LogWriter(stream)
        self._logger: Any = make_logger(self._writer)
        self._is_logging_requests = is_logging_requests

    def close(self) -> None:
        """Write the lines that are left."""
        self._writer.close()

    def report_request(self, request: HttpRequest, route: str, status: int, size: int, seconds: float) -> None:
        """Count and log a request that was answered; called in the event loop only."""
        self.metrics.count_request(route, status, size, seconds)
        if self._is_logging_requests:
            self._writer.add(render_request(request, route, status, size, seconds))

    def report_recreation(self, outcome: Outcome, file: File, seconds: float, reason: str) -> None:
        """Count and log the outcome of a recreation; an :data:`~..recreations.OutcomeObserver`."""
        self.metrics.count_recreation(outcome)
        write = self._logger.warning if outcome in _WARNINGS else self._logger.info
        write("recreation", way=outcome, file=file.name, sha256=file.sha256, seconds=round(seconds, 3), reason=reason)

    def log_problem(self, problem: Problem) -> None:
        """Log a problem that stops nothing."""
        self._logger.warning("problem", where=problem.where, message=problem.message)

    def log_bug(self, error: BaseException, path: bytes) -> None:
        """Log an unexpected exception that ended a request."""
        self._logger.error("bug", path=path.decode("latin-1"), exc_info=error)

    def log_event(self, event: str, **values: object) -> None:
        """Log a rare event."""
        self._logger.info(event, **values)
