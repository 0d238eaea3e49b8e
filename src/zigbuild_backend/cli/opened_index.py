"""Opens the repository and remote indexes for the commands of the index, and reports the problems of wheels."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager

from ..core.base.errors import NotFoundError, Problem
from ..index.peers import open_peers
from ..index.remote_indexes import RemoteIndexes
from ..index.repository import Repository, find_repository_folder, open_repository
from ..index.upstream import ProblemListener, open_upstream
from .session import Session, format_count, join_shortened


@contextmanager
def opened_repository(arguments: Namespace, session: Session) -> Iterator[Repository]:
    """Open the repository that exists, and close it afterwards.

    :raises NotFoundError: if there is none.
    """
    folder = find_repository_folder(arguments.data, session.environ)
    if not folder.is_dir():
        raise NotFoundError("there is no repository", where=str(folder), hint="zigbuild cache add FILE")
    repository = open_repository(folder, session.environ, session.say)
    try:
        yield repository
    finally:
        repository.close()


@contextmanager
def opened_remotes(
    repository: Repository, arguments: Namespace, session: Session, listen: ProblemListener
) -> Iterator[RemoteIndexes]:
    """Open the indexes that ``--upstream`` and ``--peer`` name, and close them afterwards.

    *listen* is called with each problem of upstream that does not stop the command.

    :raises ConfigurationError: if one of them is no URL.
    :raises NotFoundError: if the packages that read indexes are not installed.
    """
    with ExitStack() as stack:
        upstream = open_upstream(repository.ledger, arguments.upstream, session.environ, listen)
        if upstream:
            stack.callback(upstream.close)
        peers = open_peers(arguments.peers, session.environ) if arguments.peers else None
        if peers:
            stack.callback(peers.close)
        yield RemoteIndexes(upstream, peers)


def report_wheel_problems(problems: Iterable[tuple[str, Problem]], session: Session) -> None:
    """Print each distinct problem once, with the wheels it concerns; *problems* are pairs of wheel name and problem."""
    pairs = list(problems)
    names = {name for name, _ in pairs}
    groups: dict[str, dict[str, Problem]] = {}
    for name, problem in pairs:
        is_elsewhere = problem.where and problem.where not in names
        message = f"{problem.where}: {problem.message}" if is_elsewhere else problem.message
        groups.setdefault(message, {})[name] = problem
    for message, group in groups.items():
        first = next(iter(group.values()))
        if len(group) == 1:
            session.fail(first)
            continue
        hint = first.hint.replace(first.where, "").rstrip() if first.where in names else first.hint
        session.fail(Problem(message, format_count(len(group), "wheel"), hint))
        session.announce(f"  wheels: {join_shortened(group)}")
