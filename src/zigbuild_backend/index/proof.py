"""Proves that wheels can be rebuilt: twice, in variations that differ in everything that one machine can vary."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..core.base.errors import ToolchainError, ZigbuildError
from ..rebuild.build_variations import Variation
from ..rebuild.wheel_rebuild import Rebuilt
from .files import DROPPABLE_LEVEL, File, Verification
from .ledger_history import render_now
from .rebuild_differences import explain_difference
from .rebuilder import Rebuilder, RebuildRequest, read_rebuild_request
from .repository import Repository

_SAME_VARIATION_LEVEL = 3


@dataclass(frozen=True)
class Proof:
    """The result for one wheel: ``is_good`` if every rebuild gave the recorded bytes, and the level that this shows.

    ``error`` is set if the wheel could not be rebuilt, so that nothing was shown.
    """

    file: File
    is_good: bool = False
    level: int = 0
    explanation: str = ""
    error: ZigbuildError | None = None


@dataclass
class _Trial:
    """The progress of one wheel: the variations that gave its bytes, and the one or the error that stopped it."""

    request: RebuildRequest
    same: list[Variation] = field(default_factory=list)
    differs_in: Variation | None = None
    explanation: str = ""
    error: ZigbuildError | None = None


def prove_wheels(rebuilder: Rebuilder, files: Iterable[File], variations: Sequence[Variation]) -> Iterator[Proof]:
    """Rebuild each wheel among *files* in each of the *variations*; record the results, and yield them by release.

    Files that are not wheels are skipped.
    """
    batches: dict[Any, list[_Trial]] = {}
    for file in files:
        if not file.is_wheel:
            continue
        try:
            request = read_rebuild_request(rebuilder.repository, file)
        except ZigbuildError as error:
            yield Proof(file, error=error)
        else:
            batches.setdefault(request.graph_key, []).append(_Trial(request))
    for trials in batches.values():
        for variation in variations:
            _try(rebuilder, trials, variation)
        for trial in trials:
            yield _conclude(rebuilder.repository, trial)


def _try(rebuilder: Rebuilder, trials: Sequence[_Trial], variation: Variation) -> None:
    """Rebuild the wheels of *trials* in one variation, except those that failed or differed before."""
    going = {trial.request.file.name: trial for trial in trials if not trial.error and not trial.differs_in}
    if not going:
        return
    where = describe_variation(variation)
    with rebuilder.scratch_folder() as out:
        try:
            for request, rebuilt in rebuilder.rebuild([trial.request for trial in going.values()], out, variation):
                trial = going.pop(request.file.name)
                _compare(rebuilder.repository, trial, rebuilt, variation)
                result = "failed" if trial.error else "DIFFERS" if trial.differs_in else "identical"
                rebuilder.repository.machine.say(f"{request.file.name}: {result} ({where})")
                if rebuilt.path:
                    rebuilt.path.unlink()
        except ZigbuildError as error:
            for trial in going.values():
                trial.error = error
            return
    for trial in going.values():
        trial.error = ToolchainError("the build ended without it", where=trial.request.file.name)


def _compare(repository: Repository, trial: _Trial, rebuilt: Rebuilt, variation: Variation) -> None:
    file = trial.request.file
    if rebuilt.path is None:
        trial.error = rebuilt.error or ToolchainError("the build made nothing", where=file.name)
    elif rebuilt.sha256 == file.sha256:
        trial.same.append(variation)
        if len(trial.same) == 1:
            repository.ledger.record_rebuild_seconds(file.sha256, rebuilt.seconds)
    else:
        trial.differs_in = variation
        trial.explanation = explain_difference(repository, file, rebuilt.path)


def _conclude(repository: Repository, trial: _Trial) -> Proof:
    """Record the verification of a wheel, if it was rebuilt at least once, and return the result."""
    file = trial.request.file
    level = DROPPABLE_LEVEL if len(set(trial.same)) > 1 else _SAME_VARIATION_LEVEL
    told: dict[str, Any] = {"same": [variation.to_json() for variation in trial.same]}
    if trial.differs_in:
        # A mismatch in the first variation refutes every level; one in a later variation only the contrast.
        level = DROPPABLE_LEVEL if trial.same else _SAME_VARIATION_LEVEL
        told["differs"] = trial.differs_in.to_json()
    if trial.same or trial.differs_in:
        verification = Verification(file.sha256, level, trial.differs_in is None, told, trial.explanation, render_now())
        repository.ledger.record_verification(verification)
        if verification.is_good:
            repository.ledger.clear_failure(file.sha256)
        return Proof(file, verification.is_good, level, trial.explanation, trial.error)
    return Proof(file, error=trial.error)


def describe_variation(variation: Variation) -> str:
    """Return the Python, caches, umask and time zone of a variation, in one line."""
    told = variation.to_json()
    return f"{told['python']}, {told['caches']} caches, umask {told['umask']}, {told['timezone']}"
