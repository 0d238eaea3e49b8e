"""Rebuilds wheels of the ledger from their recorded specifications; the callers decide what to do with the bytes."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from ..core.base import store_folders
from ..core.base.errors import MismatchError, NotFoundError
from ..core.base.store import Store, hold_lock, remove_abandoned, temporary_folder
from ..core.wheel.buildinfo import digest_spec, parse_buildinfo
from ..core.wheel.spec import WheelSpec
from ..rebuild.build_variations import Variation
from ..rebuild.sandbox.bubblewrap import end_orphaned_sandboxes
from ..rebuild.sandbox.command import Sandbox
from ..rebuild.source_finder import SourcePlaces, find_source
from ..rebuild.wheel_rebuild import RebuildSetup, Rebuilt, rebuild
from .files import File
from .repository import Repository

_LOCK_SECONDS = 60.0
"""Seconds within which a process has certainly locked the folder that it created."""

_ABANDONED_SECONDS = 3600.0
"""Age of a temporary file that no process uses any more: the time limit of builds is shorter."""


@dataclass(frozen=True)
class RebuildRequest:
    """A wheel of the ledger that is to be rebuilt, and its specification."""

    file: File
    spec: WheelSpec

    @property
    def graph_key(self) -> WheelSpec:
        """Return the part of the specification that all wheels of one zig graph share."""
        return replace(self.spec, tag="", target=None, python=None)


@dataclass(frozen=True)
class Rebuilder:
    """Rebuilds wheels of *repository* in *sandbox*."""

    repository: Repository
    sandbox: Sandbox

    @contextmanager
    def scratch_folder(self) -> Iterator[Path]:
        """Yield a new folder in the quarantine, for wheels that are not verified yet, and delete it afterwards.

        Folders and temporary files of processes that were killed are deleted too.
        """
        builds = self.repository.folder / "quarantine" / "builds"
        builds.mkdir(parents=True, exist_ok=True)
        for lock in builds.glob("*/lock"):
            with suppress(OSError), hold_lock(lock) as is_left:
                if is_left and time.time() - lock.stat().st_mtime > _LOCK_SECONDS:
                    end_orphaned_sandboxes(lock.parent)
                    shutil.rmtree(lock.parent, ignore_errors=True)
        _remove_abandonedovers(self.repository.store)
        with temporary_folder(builds) as folder, hold_lock(folder / "lock"):
            out = folder / "out"
            out.mkdir()
            yield out

    def rebuild(
        self, requests: Sequence[RebuildRequest], out: Path, variation: Variation
    ) -> Iterator[tuple[RebuildRequest, Rebuilt]]:
        """Rebuild wheels with the same graph key into the folder *out*; yield the result of each when it is ready.

        :raises NotFoundError: if an input that they share, for example the sdist, is missing.
        :raises MismatchError: if an input is not the one that they were built from.
        """
        by_spec = {request.spec: request for request in requests}
        spec, repository = requests[0].spec, self.repository
        recipe = repository.recipe_folder(spec.recipe) if spec.recipe else None
        places = SourcePlaces(out, repository.find_sdist(spec), recipes=(recipe,) if recipe else ())
        source = find_source(spec, repository.machine, places)
        setup = RebuildSetup(repository.machine, self.sandbox, variation)
        for rebuilt in rebuild(list(by_spec), source, out, setup):
            yield by_spec[rebuilt.spec], rebuilt


def read_rebuild_request(repository: Repository, file: File) -> RebuildRequest:
    """Read the specification of *file* from the ledger.

    :raises NotFoundError: if *file* is no wheel, or has no buildinfo.
    :raises MismatchError: if the ledger's buildinfo is that of another wheel, or was altered.
    """
    if not file.is_wheel:
        raise NotFoundError("is no wheel: only wheels can be rebuilt", where=file.name)
    if not file.spec:
        raise NotFoundError("has no buildinfo, so it cannot be rebuilt", where=file.name)
    spec = parse_buildinfo(repository.ledger.buildinfo(file.sha256))
    if digest_spec(spec) != file.spec or spec.file_name != file.name:
        raise MismatchError(
            "the buildinfo in the ledger is that of another wheel", where=file.name, hint="add the wheel again"
        )
    return RebuildRequest(file, spec)


def _remove_abandonedovers(store: Store) -> None:
    """Delete temporary files of builds that were killed: each leaves megabytes in the compilers' caches."""
    work = store_folders.WORK
    caches = (f"{work}/*/cache", f"{work}/*/cache/apart/*", store_folders.ZIG_LOCAL, store_folders.ZIG)
    for pattern in ("*/.new-*", f"{work}/*/.new-*"):
        remove_abandoned(store.root.glob(pattern))
    for cache in caches:
        for path in store.root.glob(f"{cache}/tmp/*"):
            with suppress(OSError):
                if time.time() - path.lstat().st_mtime > _ABANDONED_SECONDS:
                    shutil.rmtree(path) if path.is_dir() else path.unlink()
