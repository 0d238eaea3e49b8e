"""``zigbuild headers add``: keeps CPython headers, with which wheels for their version are compiled."""

from __future__ import annotations

from argparse import Namespace

from ...core.cpython.header_sets import add_header_set
from ..session import Session


def run(arguments: Namespace, session: Session) -> int:
    added = add_header_set(arguments.source, session.machine, sha256=arguments.sha256)
    session.result(f"{added.version} sha256:{added.digest[:12]}")
    session.say(f"wheels for CPython 3.{added.minor} are compiled with these headers from now on")
    return 0
