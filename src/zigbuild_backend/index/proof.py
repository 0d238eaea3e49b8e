"""Proves that wheels can be made again: twice, in variations that differ in all that this machine can vary."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..core.base.errors import ToolchainError, ZigbuildError
from ..rebuild.build_variations import Variation
from ..rebuild.wheel_rebuild import Rebuilt
from .files import DROPPABLE_LEVEL, File, Verification
from .ledger_history import render_now
from .rebuilder import Rebuilder, RebuildRequest, explain_difference, read_rebuild_request
from .repository import Repository

_SAME_HOST = 3


@dataclass(frozen=True)
class Proof:
    """What came of a wheel: whether the same bytes came twice, and up to which level that was shown.

    With ``error`` it could not be made at all, so that nothing is proven either way.
    """

    file: File
    is_good: bool = False
    level: int = 0
    explanation: str = ""
    error: ZigbuildError | None = None


@dataclass
class _Trial:
    """How making a wheel again has gone so far: the variations that gave its bytes, and what stopped that."""

    order: RebuildRequest
    same: list[Variation] = field(default_factory=list)
    differs_in: Variation | None = None
    explanation: str = ""
    error: ZigbuildError | None = None


def prove_wheels(
    repository: Repository, files: Iterable[File], workbench: Rebuilder, variations: Sequence[Variation]
) -> Iterator[Proof]:
    """Makes each wheel among *files* in each of the *variations*, release by release; records and gives what came.

    What all variations make of a wheel is compared with the ledger. Sdists are passed over.
    """
    batches: dict[Any, list[_Trial]] = {}
    for file in files:
        if not file.is_wheel:
            continue
        try:
            order = read_rebuild_request(repository, file)
        except ZigbuildError as error:
            yield Proof(file, error=error)
        else:
            batches.setdefault(order.batch, []).append(_Trial(order))
    for trials in batches.values():
        for variation in variations:
            _try(repository, trials, workbench, variation)
        for trial in trials:
            yield _conclude(repository, trial)


def _try(repository: Repository, trials: Sequence[_Trial], workbench: Rebuilder, variation: Variation) -> None:
    """Makes the wheels of *trials* in one variation, but for those about which all is said."""
    going = {trial.order.file.name: trial for trial in trials if not trial.error and not trial.differs_in}
    if not going:
        return
    where = describe_variation(variation)
    with workbench.scratch() as out:
        try:
            for order, rebuilt in workbench.make([trial.order for trial in going.values()], out, variation):
                trial = going.pop(order.file.name)
                _judge(repository, trial, rebuilt, variation)
                became = "failed" if trial.error else "DIFFERS" if trial.differs_in else "the same"
                workbench.say(f"{order.file.name}: {became} ({where})")
                if rebuilt.path:
                    rebuilt.path.unlink()
        except ZigbuildError as error:
            for trial in going.values():
                trial.error = error
            return
    for trial in going.values():
        trial.error = ToolchainError("the build ended without it", where=trial.order.file.name)


def _judge(repository: Repository, trial: _Trial, rebuilt: Rebuilt, variation: Variation) -> None:
    file = trial.order.file
    if rebuilt.path is None:
        trial.error = rebuilt.error or ToolchainError("the build made nothing", where=file.name)
    elif rebuilt.sha256 == file.sha256:
        trial.same.append(variation)
        if len(trial.same) == 1:
            repository.ledger.note_cost(file.sha256, rebuilt.seconds)
    else:
        trial.differs_in = variation
        trial.explanation = explain_difference(repository, file, rebuilt.path)


def _conclude(repository: Repository, trial: _Trial) -> Proof:
    """Records what was shown of a wheel, if anything was, and gives it."""
    file = trial.order.file
    level = DROPPABLE_LEVEL if len(set(trial.same)) > 1 else _SAME_HOST
    told: dict[str, Any] = {"same": [variation.to_json() for variation in trial.same]}
    if trial.differs_in:
        # The bytes that came first decide about all that was shown before, others only about what they contrast with.
        level = DROPPABLE_LEVEL if trial.same else _SAME_HOST
        told["differs"] = trial.differs_in.to_json()
    if trial.same or trial.differs_in:
        verdict = Verification(file.sha256, level, trial.differs_in is None, told, trial.explanation, render_now())
        repository.ledger.add_verdict(verdict)
        if verdict.is_good:
            repository.ledger.forget_failure(file.sha256)
        return Proof(file, verdict.is_good, level, trial.explanation, trial.error)
    return Proof(file, error=trial.error)


def describe_variation(variation: Variation) -> str:
    """What is special about a variation, in a few words."""
    told = variation.to_json()
    return f"{told['python']}, {told['caches']} caches, umask {told['umask']}, {told['timezone']}"
