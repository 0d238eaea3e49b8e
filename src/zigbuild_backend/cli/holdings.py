"""What the commands about the repository share: opening it, and choosing how it builds."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager

from ..errors import NotFoundError
from ..repository import Repository, find_folder, open_repository
from ..sandbox import Sandbox, Unconfined, find_sandbox
from .session import Session


@contextmanager
def opened_repository(arguments: Namespace, session: Session) -> Iterator[Repository]:
    """The repository that there is, open meanwhile.

    :raises NotFoundError: if there is none.
    """
    folder = find_folder(arguments.data, session.environ)
    if not folder.is_dir():
        raise NotFoundError("there is no repository", where=str(folder), hint="zigbuild cache add FILE")
    repository = open_repository(folder, session.environ)
    try:
        yield repository
    finally:
        repository.close()


def choose_sandbox(arguments: Namespace, session: Session) -> Sandbox:
    """What builds run in: the sandbox, unless the user has given it up.

    :raises NotFoundError: if there is none on this machine.
    """
    return Unconfined() if arguments.no_isolation else find_sandbox(session.environ)
