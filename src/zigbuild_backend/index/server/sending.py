"""Sends responses through ASGI; files are sent block by block.

ASGI servers can send a file by its path, but open it only after the response has started, when it may have been
dropped. Here it is opened first.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, BinaryIO

from .http_conditions import ByteRange
from .responses import Response

Send = Callable[[Any], Awaitable[None]]

_PIECE = 256 << 10


async def send_response(response: Response, scope: Any, send: Send) -> None:
    """Send *response*, without its body if the request is HEAD."""
    is_bodiless = scope["method"] == "HEAD"
    if response.path is None or is_bodiless:
        await _start(response, send)
        await send({"type": "http.response.body", "body": b"" if is_bodiless else response.body})
        return
    span = response.span or ByteRange(0, response.size)
    if span.stop - span.start <= _PIECE:  # reading it takes less time than starting a thread
        with response.path.open("rb", buffering=0) as unbuffered:
            unbuffered.seek(span.start)
            body = unbuffered.read(span.stop - span.start)
        if len(body) != span.stop - span.start:
            raise EOFError("the file is shorter than it was")
        await _start(response, send)
        await send({"type": "http.response.body", "body": body})
        return
    # Once it is open, the file can be deleted, and is still sent completely.
    file = await asyncio.to_thread(response.path.open, "rb")
    try:
        await _start(response, send)
        await _send_pieces(file, span, send)
    finally:
        file.close()


async def _start(response: Response, send: Send) -> None:
    await send({"type": "http.response.start", "status": response.status, "headers": response.headers})


async def _send_pieces(file: BinaryIO, span: ByteRange, send: Send) -> None:
    file.seek(span.start)
    left = span.stop - span.start
    while left:
        piece = await asyncio.to_thread(file.read, min(left, _PIECE))
        if not piece:
            raise EOFError("the file is shorter than it was")
        left -= len(piece)
        await send({"type": "http.response.body", "body": piece, "more_body": left > 0})
