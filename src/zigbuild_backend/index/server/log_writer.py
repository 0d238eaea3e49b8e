"""The log, one JSON object per line: events are rendered by structlog, requests by :func:`render_request`.

A thread writes the lines, so that logging a request costs microseconds, and a slow reader of the log blocks no request.
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
"""The largest number of lines that wait to be written; further ones are counted and left out."""

_LONGEST = 512
"""Bytes after which texts from clients are cut."""

_PAUSE = 0.2
"""Seconds between two writes."""


class LogWriter:
    """Writes lines to *stream* a few times a second, until it is closed. Thread-safe."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lines: deque[str] = deque()
        self._dropped = 0
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="log", daemon=True)
        self._thread.start()

    def add(self, line: str) -> None:
        """Queue a line for the next write."""
        if len(self._lines) < _MOST_LINES:
            self._lines.append(line)
        else:
            self._dropped += 1

    def close(self) -> None:
        """Write the lines that are left."""
        self._closing.set()
        self._thread.join()

    debug = info = warning = error = critical = exception = msg = add
    """The methods that structlog calls; the line holds the level."""

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
                return  # the reader of the log has gone, which must not stop the server


def make_logger(writer: LogWriter) -> Any:
    """Return a structlog logger that writes JSON lines to *writer*."""
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
    """Return the line of a request; *size* is that of the response's body, in bytes."""
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
