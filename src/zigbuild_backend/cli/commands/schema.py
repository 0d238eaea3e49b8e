"""``zigbuild schema``: prints the JSON schema of ``[tool.zigbuild]``."""

from __future__ import annotations

from argparse import Namespace

from ...core.settings.json_schema import render_schema
from ..session import Session


def run(_arguments: Namespace, session: Session) -> int:
    session.result(render_schema().rstrip("\n"))
    return 0
