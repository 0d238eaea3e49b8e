"""``zigbuild rebuild``: makes wheels again from their buildinfo and the sdist."""

from __future__ import annotations

import time
from argparse import Namespace
from pathlib import Path
from typing import Any

from ...core.base.errors import ConfigurationError, MismatchError, ZigbuildError
from ...core.base.store import temporary_folder
from ...rebuild.build_variations import default_variation
from ...rebuild.wheel_rebuild import RebuildSetup, Rebuilt
from ..original_wheels import (
    OriginalWheel,
    find_original,
    group_by_source,
    read_manifest,
    read_released,
    rebuild_batch,
)
from ..sandbox_choice import choose_sandbox
from ..session import Session, choose_exit_code, format_count, format_seconds, format_size, to_json

_ALL = "all"
"""The argument that stands for every wheel of a manifest."""


def run(arguments: Namespace, session: Session) -> int:
    start = time.monotonic()
    originals = _find_originals(arguments)
    sandbox = choose_sandbox(arguments, session, is_required=False)
    setup = RebuildSetup(session.machine, sandbox, default_variation(), arguments.headers)
    session.say(f"rebuilding {format_count(len(originals), 'wheel')}")
    arguments.out.mkdir(parents=True, exist_ok=True)
    errors: list[ZigbuildError] = []
    rows: list[dict[str, Any]] = []
    # Only the wheel itself may have its name in the --out folder: results are compared in another folder.
    with temporary_folder(arguments.out) as scratch:
        for batch in group_by_source(originals, arguments.sdist, session):
            for wheel, rebuilt in rebuild_batch(batch, scratch, setup, session):
                error = _find_error(wheel, rebuilt)
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


def _find_error(wheel: OriginalWheel, rebuilt: Rebuilt) -> ZigbuildError | None:
    """Return the error of a rebuild: the wheel could not be made, or it has other bytes than the original."""
    if rebuilt.error or rebuilt.sha256 == wheel.file.sha256:
        return rebuilt.error
    return MismatchError(
        f"the rebuilt wheel has the sha256 {rebuilt.sha256}, the original {wheel.file.sha256}; it is not kept",
        where=wheel.file.name,
        hint="'zigbuild verify' says what differs",
    )


def _find_originals(arguments: Namespace) -> list[OriginalWheel]:
    """Return the wheels that are asked for, but not those of a manifest that are in the ``--out`` folder already."""
    if arguments.wheel != _ALL:
        return [find_original(Path(arguments.wheel), arguments.manifest)]
    if not arguments.manifest:
        raise ConfigurationError("needs a manifest", where=_ALL, hint="name the release's manifest: --manifest FILE")
    manifest = read_manifest(arguments.manifest)
    paths = ((arguments.out / wheel.file.name, wheel) for wheel in manifest.wheels)
    return [
        OriginalWheel(wheel.spec, wheel.file, None, manifest, arguments.manifest.parent)
        for path, wheel in paths
        if not path.is_file() or read_released(path) != wheel.file
    ]


def _to_row(wheel: OriginalWheel, rebuilt: Rebuilt, error: ZigbuildError | None) -> dict[str, Any]:
    return {
        "file": wheel.file.name,
        "size": wheel.file.size,
        "sha256": wheel.file.sha256,
        "identical": error is None,
        "seconds": round(rebuilt.seconds, 3),
        "problems": to_json(error.problems) if error else [],
    }
