"""``zigbuild compare``: explains the differences between two wheels."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path

from ...core.base.errors import MismatchError, NotFoundError, Problem
from ...rebuild.compare.explanation import explain
from ..difference_lines import print_differences
from ..session import Session, format_count, format_size


def run(arguments: Namespace, session: Session) -> int:
    paths: tuple[Path, Path] = (arguments.expected, arguments.found)
    if missing := [Problem("there is no such wheel", str(path)) for path in paths if not path.is_file()]:
        raise NotFoundError.of(missing)
    expected, found = (path.read_bytes() for path in paths)
    differences = explain(expected, found)
    if arguments.json:
        document = {
            "expected": _describe(paths[0], expected),
            "found": _describe(paths[1], found),
            "identical": not differences,
            "differences": [asdict(difference) for difference in differences],
        }
        session.result_json(document)
    else:
        print_differences(differences, session)
    if differences:
        session.say(f"{format_count(len(differences), 'difference')} between {paths[0]} and {paths[1]}")
        return MismatchError.exit_code
    session.say(f"{paths[0]} and {paths[1]} are the same, {format_size(len(expected))}")
    return 0


def _describe(path: Path, data: bytes) -> dict[str, object]:
    return {"file": str(path), "size": len(data), "sha256": sha256(data).hexdigest()}
