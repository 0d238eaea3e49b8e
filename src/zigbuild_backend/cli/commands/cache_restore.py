"""``zigbuild cache restore``: brings dropped bytes back, by whatever way there is."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence

from ...core.base.errors import NotFoundError, ZigbuildError
from ...index.file_selection import select_files
from ...index.files import File
from ...index.recreator import Recreator
from ...index.repository import Repository
from ..opened_index import opened_remotes, opened_repository
from ..sandbox_choice import choose_sandbox
from ..session import Session, format_count

_WAYS = {
    "whole": "there already",
    "members": "put together",
    "peer": "fetched",
    "upstream": "fetched",
    "rebuilt": "rebuilt",
}


def run(arguments: Namespace, session: Session) -> int:
    with opened_repository(arguments, session) as repository:
        files = [
            file
            for file in select_files(repository.ledger, arguments.selection)
            if repository.presence(file) != "whole"
        ]
        if not files:
            session.say("nothing to do: all bytes are there")
            return 0
        failed = _restore(repository, files, arguments, session)
    session.say(f"{format_count(len(files) - failed, 'file')} restored, {failed or 'none'} failed")
    return NotFoundError.exit_code if failed else 0


def _restore(repository: Repository, files: Sequence[File], arguments: Namespace, session: Session) -> int:
    """Restores *files*, and gives how many could not be."""

    def observe(kind: str, file: File, _seconds: float, place: str) -> None:
        if way := _WAYS.get(kind):
            session.result(f"{file.name}: {way}{f', from {place}' if place else ''}")

    failed = 0
    with opened_remotes(repository, arguments, session, session.notice) as elsewhere:
        recreator = Recreator(
            repository,
            choose_sandbox(arguments, session, is_required=True),
            environ=session.environ,
            peers=elsewhere.peers,
            upstream=elsewhere.upstream,
            queue=len(files),
            retry_seconds=0,
            say=session.say,
            observe=observe,
        )
        for future in [recreator.request(file) for file in files]:
            try:
                future.result()
            except ZigbuildError as error:
                failed += 1
                for problem in error.problems:
                    session.fail(problem)
        recreator.close()  # whoever interrupts does not wait for builds to end
    return failed
