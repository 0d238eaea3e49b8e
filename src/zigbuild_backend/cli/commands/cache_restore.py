"""``zigbuild cache restore``: recreates dropped bytes."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence

from ...core.base.errors import NotFoundError, ZigbuildError
from ...index.file_selection import select_files
from ...index.files import File
from ...index.recreations import Outcome
from ...index.recreator import RecreationLimits, Recreator
from ...index.repository import Repository
from ..opened_index import opened_remotes, opened_repository
from ..sandbox_choice import choose_sandbox
from ..session import Session, format_count

_WAYS = {
    "whole": "already held",
    "members": "assembled",
    "peer": "downloaded",
    "upstream": "downloaded",
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
            session.say("nothing to do: all files are held")
            return 0
        failed = _restore(repository, files, arguments, session)
    session.say(f"{format_count(len(files) - failed, 'file')} restored, {failed or 'none'} failed")
    return NotFoundError.exit_code if failed else 0


def _restore(repository: Repository, files: Sequence[File], arguments: Namespace, session: Session) -> int:
    """Recreate *files*, and return how many of them failed."""

    def observe(outcome: Outcome, file: File, _seconds: float, place: str) -> None:
        if way := _WAYS.get(outcome):
            session.result(f"{file.name}: {way}{f' from {place}' if place else ''}")

    failed = 0
    with opened_remotes(repository, arguments, session, session.notice) as remotes:
        limits = RecreationLimits(under_way=len(files), retry_seconds=0)
        recreator = Recreator(
            repository, choose_sandbox(arguments, session, is_required=True), remotes, limits, observe
        )
        for future in [recreator.request(file) for file in files]:
            try:
                future.result()
            except ZigbuildError as error:
                failed += 1
                for problem in error.problems:
                    session.fail(problem)
        recreator.close()  # not in a finally: an interrupted command does not wait for builds
    return failed
