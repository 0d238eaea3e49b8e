"""Drops the bytes of wheels that can be recreated: the whole file, or its members too.

A wheel with a buildinfo can be dropped once it was rebuilt identically in a different build environment. A wheel
without one is kept as its members, from which it is assembled; they are purged only if another index was seen to have
the same bytes, since nothing else can recreate it.
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

_CHALLENGED_LEVEL = 5
_DEFAULT_SECONDS = 1.0  # of a rebuild that was never measured


@dataclass(frozen=True)
class Eviction:
    """A dropped wheel, and the bytes that this frees."""

    file: File
    freed: int


@dataclass(frozen=True)
class EvictionReport:
    """The wheels that were dropped (or would be), problems of those refused, and the bytes held before and after."""

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
    """Drop the wheels among *files*; with *wanted*, only as many as free that many bytes.

    The wheels that are cheapest to recreate are dropped first. With *is_purge* their members are dropped too, except
    those that other wheels need. With *is_dry* nothing is dropped.

    :raises ConfigurationError: if another process drops files.
    """
    with _locked_for_eviction(repository):
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
    """Return the reason why the wheel *file* cannot be dropped, or None if it can."""
    try:
        verifications = repository.ledger.verifications(file.sha256)
        level = repository.ledger.level(file.sha256)
        if file.spec:
            repository.find_sdist(read_rebuild_request(repository, file).spec)
    except (MismatchError, NotFoundError) as error:
        return error.problems[0]
    reached = {check.level for check in verifications if check.is_good and check.level <= level}
    if not file.spec:
        if not is_purge or _CHALLENGED_LEVEL in reached:
            return None
        return Problem(
            "has no buildinfo, so it can only be recreated from its members",
            where=file.name,
            hint="leave out --purge; or, if another index has it for good: zigbuild cache challenge URL",
        )
    if DROPPABLE_LEVEL in reached:
        return None
    failed = [check.explanation for check in verifications if not check.is_good]
    return Problem(
        f"was not proven to be rebuildable: it has reached level {level}, {LEVELS[level]}"
        + (f"; {failed[-1]}" if failed else ""),
        where=file.name,
        hint=f"zigbuild cache prove {file.name}",
    )


def choose_evictions(
    repository: Repository, files: Iterable[File], wanted: int | None, *, is_purge: bool
) -> Iterator[Eviction]:
    """Yield wheels to drop until *wanted* bytes are freed, those first that free most bytes for their weight."""
    space = SpaceForecast(repository, is_purge=is_purge)
    droppable = [file for file in files if space.is_droppable(file)]
    gain = {file.name: space.measure_freed(file) / _weigh(repository, file) for file in droppable}
    freed = 0
    for file in sorted(droppable, key=lambda file: (-gain[file.name], file.name)):
        if wanted is not None and freed >= wanted:
            return
        eviction = Eviction(file, space.measure_freed(file))
        if eviction.freed <= 0:  # its members would take more space than the whole file
            continue
        space.mark_dropped(file)
        freed += eviction.freed
        yield eviction


def drop_whole_file(repository: Repository, file: File) -> None:
    """Store the members of the wheel *file*, and delete the whole file.

    Killed at any moment, the wheel is still held whole or can be assembled.

    :raises NotFoundError: if its bytes are not held.
    :raises MismatchError: if the members give another wheel; the whole file stays then.
    """
    path = repository.blobs.verified_path(file.sha256)
    if path is None:
        raise NotFoundError("its bytes are not held", where=file.name)
    layout = read_layout(path)
    if layout != repository.ledger.layout(file.sha256):  # the ledger has its outline so far
        repository.ledger.record(file, layout=layout)
    store_members(path, layout, repository.members)
    digest = hashlib.sha256()
    for block in assemble_wheel(layout, repository.members):
        digest.update(block)
    is_same = digest.hexdigest() == file.sha256
    if not is_same or repository.ledger.level(file.sha256) < 2:
        repository.ledger.record_verification(
            Verification(file.sha256, 2, is_same, {}, "" if is_same else "other bytes", render_now())
        )
    if not is_same:
        raise MismatchError("its members give another wheel", where=file.name, hint="it was not dropped")
    repository.blobs.remove(file.sha256)


def remove_unused_members(repository: Repository, purged: frozenset[str]) -> None:
    """Delete the members that no wheel needs, except those with the hashes *purged*, which are dropped."""
    needed = count_needed_members(repository, purged)
    for sha256 in list(repository.members.list()):
        if sha256 not in needed:
            repository.members.remove(sha256)


def _weigh(repository: Repository, file: File) -> float:
    """Return the weight of the wheel: the seconds of its rebuild, times how often it was used."""
    usage = repository.ledger.usage(file.sha256)
    return (usage.rebuild_seconds or _DEFAULT_SECONDS) * (1 + usage.uses)


@contextmanager
def _locked_for_eviction(repository: Repository) -> Iterator[None]:
    """Lock the repository against other processes that drop files, which could delete members that were counted on."""
    with hold_lock(repository.folder / "locks" / "evict.lock") as is_ours:
        if not is_ours:
            raise ConfigurationError(
                "another process is dropping files", where=str(repository.folder), hint="try again when it is done"
            )
        yield
