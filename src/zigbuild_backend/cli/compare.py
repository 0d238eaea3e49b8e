"""``zigbuild compare``: what differs between two wheels, and why it may."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import asdict
from hashlib import sha256

from ..compare import explain
from ..errors import MismatchError, NotFoundError, Problem
from .session import Session, format_count


def run(arguments: Namespace, session: Session) -> int:
    paths = (arguments.expected, arguments.found)
    if missing := [Problem("there is no such wheel", str(path)) for path in paths if not path.is_file()]:
        raise NotFoundError.of(missing)
    expected, found = (path.read_bytes() for path in paths)
    differences = explain(expected, found)
    if arguments.json:
        session.result_json(
            {
                "expected": {"file": str(paths[0]), "sha256": sha256(expected).hexdigest(), "size": len(expected)},
                "found": {"file": str(paths[1]), "sha256": sha256(found).hexdigest(), "size": len(found)},
                "identical": not differences,
                "differences": [asdict(difference) for difference in differences],
            }
        )
    else:
        for difference in differences:
            session.result(f"{difference.place}: {difference.what}")
            if difference.why:
                session.result(f"  why: {difference.why}")
    if differences:
        session.say(f"{format_count(len(differences), 'difference')} between {paths[0]} and {paths[1]}")
        return MismatchError.exit_code
    session.say(f"{paths[0]} and {paths[1]} are the same {len(expected)} bytes")
    return 0
