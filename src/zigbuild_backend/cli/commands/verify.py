"""``zigbuild verify``: are wheels, made again, the same bytes? If not, what differs and why?"""

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
from ...rebuild.circumstances import Circumstance, contrast, usual
from ...rebuild.compare.difference import Difference
from ...rebuild.compare.explanation import explain
from ...rebuild.rebuilding_wheels import Rebuilt
from ...rebuild.sandbox.limits import Sandbox
from ...rebuild.wheel_specs import read_buildinfo
from ..released_wheels import Release, Wanted, choose_sandbox, find_wanted, group_by_source, make_again, read_manifest
from ..session import Session, choose_exit_code, format_count, format_seconds, to_json
from .compare import print_differences

_REBUILT, _CONTRASTED = 3, 4
"""Verification levels: made again identically on this machine, and in circumstances that differ."""


@dataclass(frozen=True)
class Attempt:
    """A wheel made again in some circumstance, and how it differs from the original."""

    circumstance: Circumstance
    rebuilt: Rebuilt
    differences: tuple[Difference, ...]


@dataclass(frozen=True)
class Verdict:
    """What is known of a wheel in the end."""

    wheel: Wanted
    attempts: tuple[Attempt, ...]

    @property
    def error(self) -> ZigbuildError | None:
        """What prevented it from being made again."""
        return next((attempt.rebuilt.error for attempt in self.attempts if attempt.rebuilt.error), None)

    @property
    def differences(self) -> tuple[Difference, ...]:
        """Those of the first attempt that has some."""
        return next((attempt.differences for attempt in self.attempts if attempt.differences), ())

    @property
    def level(self) -> int:
        if self.error or self.differences:
            return 0
        return _CONTRASTED if len(self.attempts) > 1 else _REBUILT

    @property
    def word(self) -> str:
        if self.differences:
            return "differs"
        return "not verified" if self.error else "same"


def run(arguments: Namespace, session: Session) -> int:
    start = time.monotonic()
    errors: list[ZigbuildError] = []
    wanted = list(_find_all_wanted(arguments, errors))
    verdicts: list[Verdict] = []
    if wanted:
        sandbox = choose_sandbox(arguments, session)
        circumstances = contrast(session.environ) if arguments.contrast else (usual(),)
        for release in group_by_source(wanted, arguments, session):
            found = _verify(release, circumstances, sandbox, arguments, session)
            if not arguments.json:
                _print(found, session)
            verdicts += found
    if arguments.json:
        session.result_json({"wheels": [_to_document(verdict) for verdict in verdicts]})
    errors += [verdict.error for verdict in verdicts if verdict.error]
    for problem in dict.fromkeys(problem for error in errors for problem in error.problems):
        session.fail(problem)
    if verdicts:
        same = sum(verdict.level > 0 for verdict in verdicts)
        seconds = format_seconds(time.monotonic() - start)
        session.say(f"{format_count(len(verdicts), 'wheel')}, {same} the same bytes when made again, {seconds}")
    if any(verdict.differences for verdict in verdicts):
        return MismatchError.exit_code
    return choose_exit_code(errors)


def _find_all_wanted(arguments: Namespace, errors: list[ZigbuildError]) -> Iterator[Wanted]:
    """The wheels that are named; for each that cannot be looked at, *errors* grows."""
    for path in arguments.wheels:
        found = sorted(path.glob("*.whl")) if path.is_dir() else [path]
        if not found and arguments.manifest:
            found = [path / wheel.file.name for wheel in read_manifest(arguments.manifest).wheels]
        if not found:
            errors.append(NotFoundError("there is no wheel in this folder", where=str(path)))
        for file in found:
            try:
                yield find_wanted(file, arguments.manifest)
            except ZigbuildError as error:
                errors.append(error)


def _verify(
    release: Release, circumstances: Sequence[Circumstance], sandbox: Sandbox, arguments: Namespace, session: Session
) -> list[Verdict]:
    spec = release.wheels[0].spec
    session.say(f"making {format_count(len(release.wheels), 'wheel')} of {spec.name} {spec.version} again")
    attempts: dict[str, list[Attempt]] = defaultdict(list)
    with session.store.scratch(store_folders.VERIFY) as scratch:
        for circumstance in circumstances:
            for wheel, rebuilt in make_again(release, scratch, circumstance, sandbox, arguments, session):
                differences = _explain(wheel, rebuilt.path) if rebuilt.path else ()
                attempts[wheel.file.name].append(Attempt(circumstance, rebuilt, differences))
    return [Verdict(wheel, tuple(attempts[wheel.file.name])) for wheel in release.wheels]


def _explain(wheel: Wanted, found: Path) -> tuple[Difference, ...]:
    """How the file *found* differs from the wheel."""
    data = found.read_bytes()
    if wheel.path:
        return explain(wheel.path.read_bytes(), data)
    if hashlib.sha256(data).hexdigest() == wheel.file.sha256:
        return ()
    what = f"its sha256 is {hashlib.sha256(data).hexdigest()}, that of the original {wheel.file.sha256}"
    return (Difference("archive", what, _find_reason(wheel, json.loads(read_buildinfo(found)))),)


def _find_reason(wheel: Wanted, found: Mapping[str, Any]) -> str:
    """Why a wheel that is gone was another one, as far as its buildinfo tells."""
    assert wheel.manifest, "a wheel that is gone is known by a manifest"
    expected = json.loads(wheel.manifest.find(wheel.file.name).buildinfo)
    if keys := sorted(key for key in expected.keys() | found.keys() if expected.get(key) != found.get(key)):
        if keys != ["members"]:
            return f"the buildinfos differ in {', '.join(keys)}"
        return "the specification is the same, but the content of a file differs; the wheel is gone, so not known which"
    return "all files are the same; what differs is the archive around them"


def _print(verdicts: Sequence[Verdict], session: Session) -> None:
    for verdict in verdicts:
        session.result(f"{verdict.wheel.path or verdict.wheel.file.name}: {verdict.word}")
        print_differences(verdict.differences, session, indent="  ")


def _to_document(verdict: Verdict) -> dict[str, Any]:
    return {
        "file": verdict.wheel.file.name,
        "size": verdict.wheel.file.size,
        "sha256": verdict.wheel.file.sha256,
        "verdict": verdict.word,
        "level": verdict.level,
        "attempts": [
            {
                "circumstance": attempt.circumstance.to_json(),
                "sha256": attempt.rebuilt.sha256,
                "seconds": round(attempt.rebuilt.seconds, 3),
                "problems": to_json(attempt.rebuilt.error.problems) if attempt.rebuilt.error else [],
            }
            for attempt in verdict.attempts
        ],
        "differences": [asdict(difference) for difference in verdict.differences],
    }
