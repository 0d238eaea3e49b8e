"""The log: a JSON object a line, for what happens (by structlog) and for each request.

A request's line is written by hand, and all lines by a thread of their own: so that logging every request costs
microseconds, and a slow reader of the log stops no request.
"""

from __future__ import annotations

import json
import threading
from collections import deque
from datetime import datetime, timezone
from functools import lru_cache
from typing import Any, TextIO

import structlog

from .http_request import HttpRequest

_MOST_LINES = 20_000
"""Lines that may wait to be written; what comes on top is counted, and left out."""

_LONGEST = 512
"""Bytes of what clients say that are written down."""

_PAUSE = 0.2
"""Seconds between two writings."""


class LogWriter:
    """Writes lines to *stream*, a few times a second, until it is closed. Usable from any thread."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lines: deque[str] = deque()
        self._dropped = 0
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="log", daemon=True)
        self._thread.start()

    def add(self, line: str) -> None:
        """Takes a line, to be written soon."""
        if len(self._lines) < _MOST_LINES:
            self._lines.append(line)
        else:
            self._dropped += 1

    def close(self) -> None:
        """Writes what is left."""
        self._closing.set()
        self._thread.join()

    debug = info = warning = error = critical = exception = msg = add
    """structlog's names for it: the level stands in the line."""

    def _run(self) -> None:
        while not self._closing.wait(_PAUSE):
            self._write()
        self._write()

    def _write(self) -> None:
        lines = [self._lines.popleft() for _ in range(len(self._lines))]
        dropped, self._dropped = self._dropped, 0
        if dropped:
            lines.append(json.dumps({"event": "log lines left out", "count": dropped, "timestamp": _now()}))
        if lines:
            try:
                self._stream.write("\n".join(lines) + "\n")
                self._stream.flush()
            except (OSError, ValueError):
                return  # whoever read the log has gone: that is no reason to stop serving


def make_logger(writer: LogWriter) -> Any:
    """A structlog logger that writes JSON lines to *writer*."""
    return structlog.wrap_logger(
        writer,
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=True),
        ],
        wrapper_class=structlog.BoundLogger,
    )


def render_request(request: HttpRequest, route: str, status: int, size: int, seconds: float) -> str:
    """The line of one request; *size* is that of the response's body in bytes."""
    return (
        f'{{"event":"request","method":{_quote(request.method)},"path":{_quote_bytes(request.path[:_LONGEST])},'
        f'"status":{status},"bytes":{size},"seconds":{seconds:.6f},"client":{_quote(request.client)},'
        f'"agent":{_quote_bytes(request.agent[:_LONGEST])},"route":"{route}","level":"info","timestamp":"{_now()}"}}'
    )


@lru_cache(maxsize=1024)
def _quote(text: str) -> str:
    return json.dumps(text[:_LONGEST])


@lru_cache(maxsize=1024)
def _quote_bytes(data: bytes) -> str:
    return json.dumps(data.decode("latin-1"))


def _now() -> str:
    return f"{datetime.now(timezone.utc).isoformat(timespec='microseconds')[:-6]}Z"  # much faster than strftime
