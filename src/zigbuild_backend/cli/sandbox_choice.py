"""Chooses the sandbox of the commands that run a foreign source."""

from __future__ import annotations

from argparse import Namespace

from ..core.base.errors import NotFoundError, Problem
from ..rebuild.sandbox.bubblewrap import find_sandbox
from ..rebuild.sandbox.command import Sandbox
from ..rebuild.sandbox.unconfined import Unconfined
from .session import Session


def choose_sandbox(arguments: Namespace, session: Session, *, is_required: bool) -> Sandbox:
    """Return the sandbox of this machine, or with ``--no-isolation`` :class:`.Unconfined`.

    If this machine has no sandbox and none is required, print a notice and return :class:`.Unconfined`, too.

    :raises NotFoundError: if this machine has no sandbox, and one is required.
    """
    if arguments.no_isolation:
        return Unconfined()
    try:
        return find_sandbox(session.environ)
    except NotFoundError as error:
        if is_required:
            raise
        problem = error.problems[0]
        session.notice(
            Problem(f"no sandbox: {problem.message}; the source is built without one", problem.where, problem.hint)
        )
        return Unconfined()
