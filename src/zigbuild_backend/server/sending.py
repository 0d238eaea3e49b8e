"""Puts a response on the wire by ASGI: a file by the server's own means if it has some, else piece by piece."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, BinaryIO

from .conditions import Span
from .responses import Response

Send = Callable[[Any], Awaitable[None]]

_PIECE = 256 << 10


async def send_response(response: Response, scope: Any, send: Send) -> None:
    """Sends *response*; to HEAD without what would be its body."""
    is_bodiless = scope["method"] == "HEAD"
    if response.path is None or is_bodiless:
        await _start(response, send)
        await send({"type": "http.response.body", "body": b"" if is_bodiless else response.body})
        return
    if response.span is None and "http.response.pathsend" in scope.get("extensions", ()):
        await _start(response, send)
        await send({"type": "http.response.pathsend", "path": str(response.path)})
        return
    # Opened before anything is sent: from here on the file can be deleted, and all of it is still sent.
    file = await asyncio.to_thread(response.path.open, "rb")
    try:
        await _start(response, send)
        await _send_pieces(file, response.span or Span(0, response.size), send)
    finally:
        file.close()


async def _start(response: Response, send: Send) -> None:
    await send({"type": "http.response.start", "status": response.status, "headers": response.headers})


async def _send_pieces(file: BinaryIO, span: Span, send: Send) -> None:
    file.seek(span.start)
    left = span.stop - span.start
    while left:
        piece = await asyncio.to_thread(file.read, min(left, _PIECE))
        if not piece:
            raise EOFError("the file is shorter than it was")
        left -= len(piece)
        await send({"type": "http.response.body", "body": piece, "more_body": left > 0})
