"""``zigbuild sdist``: builds the sdist."""

from __future__ import annotations

from argparse import Namespace

from ..hooks import read_epoch
from ..recipes import open_project
from ..sdist import make_sdist
from .session import Session


def run(arguments: Namespace, session: Session) -> int:
    epoch = read_epoch(session.environ)
    project, root = open_project(arguments.project, session.store, session.environ, session.cwd)
    session.result(str(make_sdist(project, root, arguments.out, epoch=epoch)))
    return 0
