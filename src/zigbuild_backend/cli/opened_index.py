"""What the commands about the repository share: opening it, where else bytes may be had, and how it builds."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from ..core.base.errors import NotFoundError, Problem
from ..index.peers import Peers, open_peers
from ..index.repository import Repository, find_repository_folder, open_repository
from ..index.upstream import ProblemListener, Upstream, open_upstream
from .session import Session, format_count, join_shortened


@dataclass(frozen=True)
class RemoteIndexes:
    """Where else the bytes of a repository may be had: the index upstream, and other caches."""

    upstream: Upstream | None
    peers: Peers | None

    @property
    def urls(self) -> tuple[str, ...]:
        return tuple(url for place in (self.upstream, self.peers) if place for url in place.urls)


@contextmanager
def opened_repository(arguments: Namespace, session: Session) -> Iterator[Repository]:
    """The repository that there is, open meanwhile.

    :raises NotFoundError: if there is none.
    """
    folder = find_repository_folder(arguments.data, session.environ)
    if not folder.is_dir():
        raise NotFoundError("there is no repository", where=str(folder), hint="zigbuild cache add FILE")
    repository = open_repository(folder, session.environ)
    try:
        yield repository
    finally:
        repository.close()


@contextmanager
def opened_remotes(
    repository: Repository, arguments: Namespace, session: Session, listen: ProblemListener
) -> Iterator[RemoteIndexes]:
    """The places that ``--upstream`` and ``--peer`` name, open meanwhile; *listen* is told what stops nothing.

    :raises ConfigurationError: if one of them is no URL.
    :raises NotFoundError: if what speaks with indexes is not installed.
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
    """Says each distinct problem once, with the wheels that it is about: each has the name of its wheel beside it."""
    told = list(problems)
    names = {name for name, _ in told}
    groups: dict[str, dict[str, Problem]] = {}
    for name, problem in told:
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
