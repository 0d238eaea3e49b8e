"""``zigbuild serve``: serves an index for pip, uv and browsers, which recreates the wheels whose bytes were dropped."""

from __future__ import annotations

import asyncio
import sys
import threading
from argparse import Namespace
from contextlib import ExitStack
from typing import TYPE_CHECKING

from ...core.base.errors import NotFoundError, Problem
from ...core.base.pins import NAME
from ...index.recreator import RecreationLimits, Recreator
from ...index.repository import Repository, find_repository_folder, open_repository
from ..opened_index import opened_remotes
from ..sandbox_choice import choose_sandbox
from ..session import Session

if TYPE_CHECKING:
    from ...index.server.server_settings import ServerSettings


def run(arguments: Namespace, session: Session) -> int:
    try:
        from ...index.server.app import IndexApp
        from ...index.server.listening import (
            InterruptibleSandbox,
            check_not_own_address,
            find_listen_address,
            listen,
            raise_open_file_limit,
        )
        from ...index.server.server_settings import ServerSettings
        from ...index.server.telemetry import Telemetry
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        raise NotFoundError(
            f"serving needs the package {package}, which is not installed", hint=f"pip install '{NAME}[server]'"
        ) from None

    settings = ServerSettings(
        host=arguments.host,
        port=arguments.port,
        patience=arguments.patience,
        accel=arguments.accel,
        is_logging_requests=not session.is_quiet,
    )
    address = find_listen_address(settings)
    sandbox = choose_sandbox(arguments, session, is_required=True)
    if arguments.no_isolation:
        session.notice(Problem("builds are not isolated: the sources that are rebuilt can do all that this user can"))
    stopping = threading.Event()
    with ExitStack() as stack:
        telemetry = Telemetry(sys.stdout, is_logging_requests=settings.is_logging_requests)
        stack.callback(telemetry.close)
        folder = find_repository_folder(arguments.data, session.environ)
        repository = open_repository(folder, session.environ, lambda text: telemetry.log_event("build", text=text))
        stack.callback(repository.close)
        remotes = stack.enter_context(opened_remotes(repository, arguments, session, telemetry.log_problem))
        check_not_own_address(settings, address, remotes.urls)
        limits = RecreationLimits(builds=arguments.builders)
        recreator = Recreator(
            repository, InterruptibleSandbox(sandbox, stopping), remotes, limits, telemetry.report_recreation
        )
        app = IndexApp(repository, recreator, remotes.upstream, settings, telemetry)
        raise_open_file_limit()
        asyncio.run(listen(app, address, settings.port, lambda: _greet(settings, repository, session), stopping))
        recreator.close()
        telemetry.log_event("stopped")
    return 0


def _greet(settings: ServerSettings, repository: Repository, session: Session) -> None:
    """Print the URL of the index, and the commands that install from it."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    url = f"http://{host}:{settings.port}"
    session.say(f"zigbuild: serving {repository.folder} on {url}/ (stop it with Ctrl-C)")
    session.say(f"  pip install --index-url {url}/simple/ PROJECT")
    session.say(f"  uv pip install --default-index {url}/simple/ PROJECT")
    if not repository.ledger.projects():
        session.say("  no file is recorded yet: zigbuild cache add FILE")
