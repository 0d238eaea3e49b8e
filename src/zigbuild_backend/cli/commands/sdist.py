"""``zigbuild sdist``: builds the sdist; for a recipe, copies the one of upstream."""

from __future__ import annotations

from argparse import Namespace

from ...core.base.epoch import read_epoch
from ...core.base.store import write_atomically
from ...core.project.recipes import find_sdist, open_project
from ...core.wheel.sdist_maker import make_sdist
from ..session import Session
from ..wheel_selection import read_overrides


def run(arguments: Namespace, session: Session) -> int:
    epoch, overrides = read_epoch(session.environ), read_overrides(arguments, session)
    if archive := find_sdist(arguments.project, session.machine, session.cwd):
        path = arguments.out / archive.name
        arguments.out.mkdir(parents=True, exist_ok=True)
        write_atomically(path, archive.read_bytes())
    else:
        checkout = open_project(arguments.project, session.machine, session.cwd, overrides)
        path = make_sdist(checkout, arguments.out, epoch=epoch)
    session.result(str(path))
    return 0
