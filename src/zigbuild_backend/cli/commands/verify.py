"""``zigbuild verify``: rebuilds wheels, compares the bytes, and explains the differences."""

from __future__ import annotations

import hashlib
import json
import time
from argparse import Namespace
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ...core.base import store_folders
from ...core.base.errors import MismatchError, NotFoundError, ZigbuildError
from ...rebuild.build_variations import Variation, contrasting_variations, default_variation
from ...rebuild.compare.difference import Difference
from ...rebuild.compare.explanation import explain
from ...rebuild.wheel_rebuild import RebuildSetup, Rebuilt
from ...rebuild.wheel_specs import read_buildinfo
from ..difference_lines import print_differences
from ..original_wheels import (
    OriginalWheel,
    RebuildBatch,
    find_original,
    group_by_source,
    read_manifest,
    rebuild_batch,
)
from ..sandbox_choice import choose_sandbox
from ..session import Session, choose_exit_code, format_count, format_seconds, to_json

_REBUILT, _VARIED = 3, 4
"""Verification levels: rebuilt identically on this machine, and in build environments that differ."""


@dataclass(frozen=True)
class Attempt:
    """A rebuild of a wheel in one variation, and its differences from the original."""

    variation: Variation
    rebuilt: Rebuilt
    differences: tuple[Difference, ...]


@dataclass(frozen=True)
class VerifiedWheel:
    """A wheel with all attempts to rebuild it."""

    wheel: OriginalWheel
    attempts: tuple[Attempt, ...]

    @property
    def error(self) -> ZigbuildError | None:
        """The first error that prevented a rebuild."""
        return next((attempt.rebuilt.error for attempt in self.attempts if attempt.rebuilt.error), None)

    @property
    def differences(self) -> tuple[Difference, ...]:
        """The differences of the first attempt that has some."""
        return next((attempt.differences for attempt in self.attempts if attempt.differences), ())

    @property
    def level(self) -> int:
        if self.error or self.differences:
            return 0
        return _VARIED if len(self.attempts) > 1 else _REBUILT

    @property
    def verdict(self) -> str:
        if self.differences:
            return "differs"
        return "not verified" if self.error else "same"


def run(arguments: Namespace, session: Session) -> int:
    start = time.monotonic()
    errors: list[ZigbuildError] = []
    originals = list(_find_originals(arguments, errors))
    verified: list[VerifiedWheel] = []
    if originals:
        setups = list(_list_setups(arguments, session))
        for batch in group_by_source(originals, arguments.sdist, session):
            found = _verify(batch, setups, session)
            if not arguments.json:
                _print(found, session)
            verified += found
    if arguments.json:
        session.result_json({"wheels": [_to_document(wheel) for wheel in verified]})
    errors += [wheel.error for wheel in verified if wheel.error]
    for problem in dict.fromkeys(problem for error in errors for problem in error.problems):
        session.fail(problem)
    if verified:
        same = sum(wheel.level > 0 for wheel in verified)
        seconds = format_seconds(time.monotonic() - start)
        session.say(f"{format_count(len(verified), 'wheel')}, {same} with the same bytes when rebuilt, {seconds}")
    if any(wheel.differences for wheel in verified):
        return MismatchError.exit_code
    return choose_exit_code(errors)


def _list_setups(arguments: Namespace, session: Session) -> Iterator[RebuildSetup]:
    """Yield the setup of each attempt."""
    sandbox = choose_sandbox(arguments, session, is_required=False)
    variations = contrasting_variations(session.environ) if arguments.contrast else (default_variation(),)
    for variation in variations:
        yield RebuildSetup(session.machine, sandbox, variation, arguments.headers)


def _find_originals(arguments: Namespace, errors: list[ZigbuildError]) -> Iterator[OriginalWheel]:
    """Yield the wheels that are named; append to *errors* for each that cannot be read."""
    for path in arguments.wheels:
        found = sorted(path.glob("*.whl")) if path.is_dir() else [path]
        if not found and arguments.manifest:
            found = [path / wheel.file.name for wheel in read_manifest(arguments.manifest).wheels]
        if not found:
            errors.append(NotFoundError("there is no wheel in this folder", where=str(path)))
        for file in found:
            try:
                yield find_original(file, arguments.manifest)
            except ZigbuildError as error:
                errors.append(error)


def _verify(batch: RebuildBatch, setups: Sequence[RebuildSetup], session: Session) -> list[VerifiedWheel]:
    spec = batch.wheels[0].spec
    session.say(f"rebuilding {format_count(len(batch.wheels), 'wheel')} of {spec.name} {spec.version}")
    attempts: dict[str, list[Attempt]] = defaultdict(list)
    with session.store.scratch(store_folders.VERIFY) as scratch:
        for setup in setups:
            for wheel, rebuilt in rebuild_batch(batch, scratch, setup, session):
                differences = _explain(wheel, rebuilt.path) if rebuilt.path else ()
                attempts[wheel.file.name].append(Attempt(setup.variation, rebuilt, differences))
    return [VerifiedWheel(wheel, tuple(attempts[wheel.file.name])) for wheel in batch.wheels]


def _explain(wheel: OriginalWheel, found: Path) -> tuple[Difference, ...]:
    """Return the differences between the original and the file *found*."""
    data = found.read_bytes()
    if wheel.path:
        return explain(wheel.path.read_bytes(), data)
    sha256 = hashlib.sha256(data).hexdigest()
    if sha256 == wheel.file.sha256:
        return ()
    what = f"its sha256 is {sha256}, that of the original {wheel.file.sha256}"
    return (Difference("archive", what, _find_reason(wheel, json.loads(read_buildinfo(found)))),)


def _find_reason(wheel: OriginalWheel, found: Mapping[str, Any]) -> str:
    """Return the reason why a wheel that is gone had other bytes, as far as its buildinfo says."""
    assert wheel.manifest, "a wheel that is gone is known by a manifest"
    expected = json.loads(wheel.manifest.find(wheel.file.name).buildinfo)
    if keys := sorted(key for key in expected.keys() | found.keys() if expected.get(key) != found.get(key)):
        if keys != ["members"]:
            return f"the buildinfos differ in {', '.join(keys)}"
        return (
            "the specification is the same, but a file has another content; without the wheel it is unknown which one"
        )
    return "all files are the same; the archive around them differs"


def _print(verified: Sequence[VerifiedWheel], session: Session) -> None:
    for wheel in verified:
        session.result(f"{wheel.wheel.path or wheel.wheel.file.name}: {wheel.verdict}")
        print_differences(wheel.differences, session, indent="  ")


def _to_document(verified: VerifiedWheel) -> dict[str, Any]:
    file = verified.wheel.file
    return {
        "file": file.name,
        "size": file.size,
        "sha256": file.sha256,
        "verdict": verified.verdict,
        "level": verified.level,
        "attempts": [
            {
                "circumstance": attempt.variation.to_json(),
                "sha256": attempt.rebuilt.sha256,
                "seconds": round(attempt.rebuilt.seconds, 3),
                "problems": to_json(attempt.rebuilt.error.problems) if attempt.rebuilt.error else [],
            }
            for attempt in verified.attempts
        ],
        "differences": [asdict(difference) for difference in verified.differences],
    }
