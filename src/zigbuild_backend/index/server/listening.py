"""Runs the application in granian, with limits for slow and large requests, until a signal stops the process."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterable
from urllib.parse import urlsplit

from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.server.embed import Server

from ...core.base.errors import ConfigurationError
from ...rebuild.sandbox.command import Command, CompletedCommand, Sandbox
from .app import IndexApp
from .server_settings import ServerSettings

GRACE_SECONDS = 30.0
"""The time that responses have to complete once the server is told to stop."""

_END_SECONDS = 20.0
"""The time that builds and downloads have to end after that."""

_HEADER_SECONDS = 10
"""The time that a request's headers can take, and that a connection can be idle."""
_HEADER_BYTES = 16 << 10
_CONNECTIONS = 4096
_BACKLOG = 1024
_PORTS = {"http": 80, "https": 443}
_SIGNALS = (signal.SIGTERM, signal.SIGINT)


def find_listen_address(settings: ServerSettings) -> str:
    """Return the IP address to listen on, after a check that its port is free.

    :raises ConfigurationError: if the port is in use, or the address is not one of this machine.
    """
    where = f"{settings.host}:{settings.port}"
    try:
        (family, _, _, _, address), *_ = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            # granian sets SO_REUSEPORT: without this check, two servers on one port would answer in turn.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen(1)
    except (OSError, OverflowError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        hint = "choose another --port, or stop the program there" if "in use" in reason else "check --host and --port"
        raise ConfigurationError(f"cannot be listened on: {reason}", where=where, hint=hint) from None
    return str(address[0])


def check_not_own_address(settings: ServerSettings, address: str, urls: Iterable[str]) -> None:
    """Check that none of the remote *urls* is this server, listening on *address*.

    :raises ConfigurationError: if one is: a request for an unknown project would wait for itself.
    """
    ours = {settings.host, address, "localhost", "127.0.0.1", "::1"}
    for url in urls:
        parts = urlsplit(url)
        if parts.hostname in ours and (parts.port or _PORTS.get(parts.scheme)) == settings.port:
            raise ConfigurationError(
                "is the URL of this server",
                where=f"{parts.scheme}://{parts.hostname}:{settings.port}{parts.path}",
                hint="name the index behind it with --upstream URL, or serve alone with --upstream none",
            )


async def listen(
    app: IndexApp, address: str, port: int, tell_ready: Callable[[], None], stopping: threading.Event
) -> None:
    """Serve *app* until a signal stops the process, then complete the responses that are being sent.

    *tell_ready* is called once connections are accepted; *stopping* is set when the server begins to stop.
    """
    server = Server(
        app,
        address=address,
        port=port,
        interface=Interfaces.ASGINL,
        http=HTTPModes.http1,
        websockets=False,
        backlog=_BACKLOG,
        backpressure=_CONNECTIONS,
        http1_settings=HTTP1Settings(header_read_timeout=_HEADER_SECONDS * 1000, max_buffer_size=_HEADER_BYTES),
        log_enabled=False,
    )
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in _SIGNALS:
        loop.add_signal_handler(number, ended.set)
    # Imported modules are never garbage: without this, each collection would scan them during a request.
    gc.collect()
    gc.freeze()
    serving = asyncio.create_task(server.serve())
    waiting = asyncio.create_task(ended.wait())
    server.on_startup(tell_ready)
    await asyncio.wait({serving, waiting}, return_when=asyncio.FIRST_COMPLETED)
    for number in _SIGNALS:
        loop.remove_signal_handler(number)  # a second signal ends the process at once
    exit_within(GRACE_SECONDS + _END_SECONDS)
    stopping.set()
    app.stop()
    server.stop()  # type: ignore[no-untyped-call]  # granian has no types for it
    await asyncio.wait({serving}, timeout=GRACE_SECONDS)
    waiting.cancel()
    await app.close()
    if serving.done():
        serving.result()


def raise_open_file_limit() -> None:
    """Raise the limit of open files as far as allowed: each connection is one."""
    if sys.platform != "win32":
        import resource

        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = 4 * _CONNECTIONS if hard == resource.RLIM_INFINITY else min(4 * _CONNECTIONS, hard)
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))


class InterruptibleSandbox:
    """Runs programs in *sandbox*, and ends them, with the threads that wait for them, once *stopping* is set."""

    def __init__(self, sandbox: Sandbox, stopping: threading.Event) -> None:
        self._sandbox = sandbox
        self._stopping = stopping

    def run(self, command: Command, on_tick: Callable[[], None] | None = None) -> CompletedCommand:
        """Run *command* as :meth:`Sandbox.run` does."""

        def check() -> None:
            if self._stopping.is_set():
                # Not an error, which would be recorded as a failure of the build.
                raise SystemExit
            if on_tick:
                on_tick()

        return self._sandbox.run(command, check)


def exit_within(seconds: float) -> None:
    """Exit the process with code 0 if it has not ended within *seconds*; no stored data is lost."""

    def end() -> None:
        sys.stdout.flush()
        os._exit(0)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
