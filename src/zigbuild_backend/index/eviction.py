"""Drops the bytes of wheels that can be brought back: softly, down to their members, or altogether.

A wheel that tells how it was made may go once it was proven that it can be made again in a different circumstance. One
that doesn't is only ever kept as its members, out of which it is put together; these go too only if another cache was
seen to have the same bytes, since nothing else brings them back.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from ..core.base.errors import ConfigurationError, MismatchError, NotFoundError, Problem
from ..core.base.store import hold_lock
from .disk_space import SpaceForecast, count_needed_members, measure_held
from .files import DROPPABLE_LEVEL, LEVELS, File, Verification
from .ledger_history import render_now
from .rebuilder import read_rebuild_request
from .repository import Repository
from .wheel_pieces import assemble_wheel, read_layout, store_members

_WITNESSED = 5
_GUESS = 1.0  # seconds of a rebuild that was never measured


@dataclass(frozen=True)
class Eviction:
    """A wheel that goes, and the bytes that this frees."""

    file: File
    freed: int


@dataclass(frozen=True)
class EvictionReport:
    """What was dropped (or would be), why others were not, and the bytes that the repository held before and holds."""

    dropped: tuple[Eviction, ...]
    refused: tuple[Problem, ...]
    before: int
    after: int

    @property
    def freed(self) -> int:
        return self.before - self.after


def evict(
    repository: Repository,
    files: Iterable[File],
    *,
    wanted: int | None = None,
    is_purge: bool = False,
    is_dry: bool = False,
) -> EvictionReport:
    """Drops the wheels among *files*, or only as many as free *wanted* bytes, what costs least first.

    With *is_purge* their members go, too, but for those that other wheels are kept as.

    :raises ConfigurationError: if another process is at it.
    """
    with _alone(repository):
        refused: list[Problem] = []
        admitted: list[File] = []
        for file in files:
            if not file.is_wheel:
                continue
            problem = check_droppable(repository, file, is_purge=is_purge)
            if problem:
                refused.append(problem)
            else:
                admitted.append(file)
        before = measure_held(repository)
        chosen = tuple(choose_evictions(repository, admitted, wanted, is_purge=is_purge))
        if is_dry:
            return EvictionReport(chosen, tuple(refused), before, before - sum(eviction.freed for eviction in chosen))
        for eviction in chosen:
            if is_purge:
                repository.blobs.remove(eviction.file.sha256)
            else:
                drop_whole_file(repository, eviction.file)
        if is_purge:
            remove_unused_members(repository, frozenset(eviction.file.sha256 for eviction in chosen))
        return EvictionReport(chosen, tuple(refused), before, measure_held(repository))


def check_droppable(repository: Repository, file: File, *, is_purge: bool) -> Problem | None:
    """Why the wheel *file* may not be dropped, if there is a reason."""
    try:
        verdicts = repository.ledger.verdicts(file.sha256)
        level = repository.ledger.level(file.sha256)
        if file.spec:
            repository.find_sdist(read_rebuild_request(repository, file).spec)
    except (MismatchError, NotFoundError) as error:
        return error.problems[0]
    reached = {verdict.level for verdict in verdicts if verdict.is_good and verdict.level <= level}
    if not file.spec:
        if not is_purge or _WITNESSED in reached:
            return None
        return Problem(
            "does not tell how it was made, so that its members are all that brings it back",
            where=file.name,
            hint="leave out --purge; or, if another index has it for good: zigbuild cache challenge URL",
        )
    if DROPPABLE_LEVEL in reached:
        return None
    bad = [verdict.explanation for verdict in verdicts if not verdict.is_good]
    return Problem(
        f"was not proven to be rebuildable: what was shown of it is level {level}, {LEVELS[level]}"
        + (f"; {bad[-1]}" if bad else ""),
        where=file.name,
        hint=f"zigbuild cache prove {file.name}",
    )


def choose_evictions(
    repository: Repository, files: Iterable[File], wanted: int | None, *, is_purge: bool
) -> Iterator[Eviction]:
    """Those of *files* to drop until *wanted* bytes are freed: first what frees most for the worth of having it."""
    space = SpaceForecast(repository, is_purge=is_purge)
    there = [file for file in files if space.is_there(file)]
    worth = {file.name: space.measure(file) / _weigh(repository, file) for file in there}
    freed = 0
    for file in sorted(there, key=lambda file: (-worth[file.name], file.name)):
        if wanted is not None and freed >= wanted:
            return
        eviction = Eviction(file, space.measure(file))
        if eviction.freed <= 0:  # what is kept of it would take more than all of it
            continue
        space.take(file)
        freed += eviction.freed
        yield eviction


def drop_whole_file(repository: Repository, file: File) -> None:
    """Keeps the wheel *file* as its members alone. It can be put together at every moment, whenever this is ended.

    :raises NotFoundError: if its bytes are not there.
    :raises MismatchError: if the members don't make the wheel; it stays then.
    """
    path = repository.blobs.find_path(file.sha256)
    if path is None:
        raise NotFoundError("its bytes are not there", where=file.name)
    layout = read_layout(path)
    if layout != repository.ledger.layout(file.sha256):  # which has an outline so far
        repository.ledger.record(file, layout=layout)
    store_members(path, layout, repository.members)
    digest = hashlib.sha256()
    for block in assemble_wheel(layout, repository.members):
        digest.update(block)
    is_same = digest.hexdigest() == file.sha256
    if not is_same or repository.ledger.level(file.sha256) < 2:
        repository.ledger.add_verdict(
            Verification(file.sha256, 2, is_same, {}, "" if is_same else "other bytes", render_now())
        )
    if not is_same:
        raise MismatchError("its members make other bytes", where=file.name, hint="it was not dropped")
    repository.blobs.remove(file.sha256)


def remove_unused_members(repository: Repository, purged: frozenset[str]) -> None:
    """Deletes the members that no wheel is kept as, when those with the hashes *purged* are not any more."""
    needed = count_needed_members(repository, purged)
    for sha256 in list(repository.members.list()):
        if sha256 not in needed:
            repository.members.remove(sha256)


def _weigh(repository: Repository, file: File) -> float:
    """What having the wheel is worth: the seconds of a rebuild, as often as it is asked for."""
    usage = repository.ledger.usage(file.sha256)
    return (usage.rebuild_seconds or _GUESS) * (1 + usage.uses)


@contextmanager
def _alone(repository: Repository) -> Iterator[None]:
    """Keeps other processes from dropping members that were just counted on."""
    with hold_lock(repository.folder / "locks" / "evict.lock") as is_ours:
        if not is_ours:
            raise ConfigurationError(
                "another process drops files just now", where=str(repository.folder), hint="wait until it is done"
            )
        yield
