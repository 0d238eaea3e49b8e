"""``zigbuild headers list``: lists the CPython headers on this machine."""

from __future__ import annotations

from argparse import Namespace

from ...core.base.errors import Problem
from ...core.cpython.known_headers import KnownHeaders, list_header_sets
from ..session import Session


def run(arguments: Namespace, session: Session) -> int:
    known = list_header_sets(session.machine)
    if arguments.json:
        session.result_json({"headers": [_to_document(headers) for headers in known]})
        return 0
    for headers in known:
        origins = ", ".join(headers.origins) or "kept in the cache"
        session.result(
            f"{'*' if headers.is_chosen else ' '} {headers.version:<9} sha256:{headers.digest[:12]}  {origins}"
        )
    if known:
        session.say("wheels are compiled with the headers marked by *")
    else:
        session.notice(
            Problem(
                "there are no CPython headers on this machine",
                hint="install any CPython with its headers, or: zigbuild headers add PATH_OR_URL",
            )
        )
    return 0


def _to_document(headers: KnownHeaders) -> dict[str, object]:
    return {
        "version": headers.version,
        "digest": headers.digest,
        "origins": list(headers.origins),
        "chosen": headers.is_chosen,
    }
