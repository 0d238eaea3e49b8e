"""``zigbuild serve``: an index for pip, uv and people, which recreates the wheels whose bytes were dropped."""

from __future__ import annotations

import asyncio
import sys
import threading
from argparse import Namespace
from contextlib import ExitStack
from typing import TYPE_CHECKING

from ...core.base.errors import NotFoundError, Problem
from ...core.base.pins import NAME
from ...index.recreator import Recreator
from ...index.repository import Repository, find_repository_folder, open_repository
from ..opened_index import opened_remotes
from ..sandbox_choice import choose_sandbox
from ..session import Session

if TYPE_CHECKING:
    from ...index.server.server_settings import ServerSettings


def run(arguments: Namespace, session: Session) -> int:
    try:
        from ...index.server.app import create_app
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
        session.notice(Problem("builds are not isolated: whoever's sources are rebuilt here can do what this user can"))
    stopping = threading.Event()
    with ExitStack() as stack:
        repository = open_repository(find_repository_folder(arguments.data, session.environ), session.environ)
        stack.callback(repository.close)
        journal = Telemetry(sys.stdout, is_logging_requests=settings.is_logging_requests)
        stack.callback(journal.close)
        elsewhere = stack.enter_context(opened_remotes(repository, arguments, session, journal.note_problem))
        check_not_own_address(settings, address, elsewhere.urls)
        recreator = Recreator(
            repository,
            InterruptibleSandbox(sandbox, stopping),
            environ=session.environ,
            peers=elsewhere.peers,
            upstream=elsewhere.upstream,
            builders=arguments.builders,
            say=lambda text: journal.note("build", text=text),
            observe=journal.note_recreation,
        )
        app = create_app(repository, recreator, elsewhere.upstream, settings, journal)
        raise_open_file_limit()
        asyncio.run(listen(app, address, settings.port, lambda: _greet(settings, repository, session), stopping))
        recreator.close()
        journal.note("stopped")
    return 0


def _greet(settings: ServerSettings, repository: Repository, session: Session) -> None:
    """Tells where the index is, and how it is used."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    url = f"http://{host}:{settings.port}"
    session.say(f"zigbuild: serving {repository.folder} on {url}/ (end it with Ctrl-C)")
    session.say(f"  pip install --index-url {url}/simple/ PROJECT")
    session.say(f"  uv pip install --default-index {url}/simple/ PROJECT")
    if not repository.ledger.projects():
        session.say("  nothing is recorded yet: zigbuild cache add FILE")
