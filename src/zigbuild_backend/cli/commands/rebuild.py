"""``zigbuild rebuild``: makes wheels again, from their buildinfo and the sdist."""

from __future__ import annotations

import time
from argparse import Namespace
from pathlib import Path
from typing import Any

from ...core.base.errors import ConfigurationError, MismatchError, ZigbuildError
from ...core.base.store import temporary_folder
from ...rebuild.circumstances import usual
from ...rebuild.rebuilding_wheels import Rebuilt
from ..released_wheels import (
    Wanted,
    choose_sandbox,
    find_wanted,
    group_by_source,
    make_again,
    read_manifest,
    read_released,
)
from ..session import Session, choose_exit_code, format_count, format_seconds, format_size, to_json

_ALL = "all"
"""What stands for every wheel of a manifest."""


def run(arguments: Namespace, session: Session) -> int:
    start = time.monotonic()
    wanted = _find_wanted(arguments)
    sandbox = choose_sandbox(arguments, session)
    session.say(f"making {format_count(len(wanted), 'wheel')} again")
    arguments.out.mkdir(parents=True, exist_ok=True)
    errors: list[ZigbuildError] = []
    rows: list[dict[str, Any]] = []
    # Nothing gets the name of a wheel but that wheel: what the build gives is looked at in another folder.
    with temporary_folder(arguments.out) as scratch:
        for release in group_by_source(wanted, arguments, session):
            for wheel, rebuilt in make_again(release, scratch, usual(), sandbox, arguments, session):
                error = find_error(wheel, rebuilt)
                rows.append(_to_row(wheel, rebuilt, error))
                if error:
                    errors.append(error)
                    for problem in error.problems:
                        session.fail(problem)
                elif rebuilt.path:
                    final = rebuilt.path.replace(arguments.out / wheel.file.name)
                    if not arguments.json:
                        session.result(str(final))
    seconds = time.monotonic() - start
    if arguments.json:
        session.result_json({"out": str(arguments.out), "seconds": round(seconds, 3), "wheels": rows})
    size = format_size(sum(row["size"] for row in rows if row["identical"]))
    made = format_count(len(rows) - len(errors), "wheel")
    session.say(f"{made}, the same bytes as before: {size}, {format_seconds(seconds)}")
    return choose_exit_code(errors)


def find_error(wheel: Wanted, rebuilt: Rebuilt) -> ZigbuildError | None:
    """What is wrong with a wheel that was made again: it could not be made, or is not what it was."""
    if rebuilt.error or rebuilt.sha256 == wheel.file.sha256:
        return rebuilt.error
    return MismatchError(
        f"what was made has the sha256 {rebuilt.sha256}, the original {wheel.file.sha256}; it is not kept",
        where=wheel.file.name,
        hint="'zigbuild verify' says what differs",
    )


def _find_wanted(arguments: Namespace) -> list[Wanted]:
    """The wheels that are asked for, but not those of a manifest that are there already."""
    if arguments.wheel != _ALL:
        return [find_wanted(Path(arguments.wheel), arguments.manifest)]
    if not arguments.manifest:
        raise ConfigurationError("all wheels of what?", where=_ALL, hint="name the release's manifest: --manifest FILE")
    manifest = read_manifest(arguments.manifest)
    paths = ((arguments.out / wheel.file.name, wheel) for wheel in manifest.wheels)
    return [
        Wanted(wheel.spec, wheel.file, None, manifest, arguments.manifest.parent)
        for path, wheel in paths
        if not path.is_file() or read_released(path) != wheel.file
    ]


def _to_row(wheel: Wanted, rebuilt: Rebuilt, error: ZigbuildError | None) -> dict[str, Any]:
    return {
        "file": wheel.file.name,
        "size": wheel.file.size,
        "sha256": wheel.file.sha256,
        "identical": error is None,
        "seconds": round(rebuilt.seconds, 3),
        "problems": to_json(error.problems) if error else [],
    }
