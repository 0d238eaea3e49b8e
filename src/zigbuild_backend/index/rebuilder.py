"""Wheels of the ledger, made again from what it knows of them. What becomes of the bytes is for others to decide."""

from __future__ import annotations

import shutil
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from ..core.base import store_folders
from ..core.base.errors import MismatchError, NotFoundError
from ..core.base.machine import Machine
from ..core.base.store import Store, hold_lock, remove_abandoned, temporary_folder
from ..core.wheel.buildinfo import digest_spec, parse_buildinfo
from ..core.wheel.spec import WheelSpec
from ..rebuild.build_variations import Variation
from ..rebuild.compare.explanation import explain
from ..rebuild.sandbox.bubblewrap import end_orphaned_sandboxes
from ..rebuild.sandbox.command import Sandbox
from ..rebuild.source_finder import SourcePlaces, find_source
from ..rebuild.wheel_rebuild import RebuildSetup, Rebuilt, rebuild
from .files import File
from .repository import Repository
from .wheel_pieces import WheelLayout, assemble_wheel, read_layout

_BEGINNING = 60.0  # seconds within which a new folder's lock is held for sure
_ABANDONED = 3600.0  # seconds after which nobody goes on with a temporary file: the time limit of builds is less
_FEW = 8
"""Differences that an explanation lists."""


@dataclass(frozen=True)
class RebuildRequest:
    """A wheel of the ledger to be made again, and its specification."""

    file: File
    spec: WheelSpec

    @property
    def batch(self) -> WheelSpec:
        """What it has in common with all wheels that one graph makes at once."""
        return replace(self.spec, tag="", target=None, python=None)


@dataclass(frozen=True)
class Rebuilder:
    """Where wheels are made again: the repository with all they need, and a sandbox."""

    repository: Repository
    sandbox: Sandbox
    environ: Mapping[str, str]
    say: Callable[[str], None]

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """A new folder in the quarantine, for what is not known to be right. It is gone afterwards.

        What processes that were killed have left there is deleted.
        """
        builds = self.repository.folder / "quarantine" / "builds"
        builds.mkdir(parents=True, exist_ok=True)
        for lock in builds.glob("*/lock"):
            with suppress(OSError), hold_lock(lock) as is_left:
                if is_left and time.time() - lock.stat().st_mtime > _BEGINNING:
                    end_orphaned_sandboxes(lock.parent)
                    shutil.rmtree(lock.parent, ignore_errors=True)
        _clear_leftovers(self.repository.store)
        with temporary_folder(builds) as folder, hold_lock(folder / "lock"):
            out = folder / "out"
            out.mkdir()
            yield out

    def make(
        self, orders: Sequence[RebuildRequest], out: Path, variation: Variation
    ) -> Iterator[tuple[RebuildRequest, Rebuilt]]:
        """Makes the wheels of one batch in the folder *out*; gives what came of each as it is done.

        :raises NotFoundError: if something that they share, such as the sdist, is not at hand.
        :raises MismatchError: if what is at hand is not what they were made of.
        """
        by_spec = {order.spec: order for order in orders}
        spec, repository = orders[0].spec, self.repository
        recipe = repository.find_recipe(spec.recipe) if spec.recipe else None
        places = SourcePlaces(out, repository.find_sdist(spec), recipes=(recipe,) if recipe else ())
        source = find_source(spec, Machine(repository.store, self.environ), places)
        setup = RebuildSetup(Machine(repository.store, self.environ, self.say), self.sandbox, variation)
        for rebuilt in rebuild(list(by_spec), source, out, setup):
            yield by_spec[rebuilt.spec], rebuilt


def read_rebuild_request(repository: Repository, file: File) -> RebuildRequest:
    """What must be known to make *file* again.

    :raises NotFoundError: if it is nothing that can be made again.
    :raises MismatchError: if the ledger's buildinfo is not that of the file, or was altered.
    """
    if not file.is_wheel:
        raise NotFoundError("is no wheel: nothing makes it again", where=file.name)
    if not file.spec:
        raise NotFoundError("has no buildinfo: nothing tells how it was made", where=file.name)
    spec = parse_buildinfo(repository.ledger.buildinfo(file.sha256))
    if digest_spec(spec) != file.spec or spec.file_name != file.name:
        raise MismatchError(
            "the buildinfo in the ledger is that of another wheel", where=file.name, hint="add the wheel again"
        )
    return RebuildRequest(file, spec)


def explain_difference(repository: Repository, file: File, found: Path) -> str:
    """What differs between the wheel *file* of the ledger and the one that was made instead, as far as can be told."""
    try:
        expected = _read_expected(repository, file)
        if expected is not None:
            places = [f"{difference.place}: {difference.what}" for difference in explain(expected, found.read_bytes())]
        else:
            places = _compare_layouts(repository.ledger.layout(file.sha256), read_layout(found))
    except MismatchError as error:
        return str(error.problems[0])
    rest = [f"and {len(places) - _FEW} more"] if len(places) > _FEW else []
    return "; ".join(places[:_FEW] + rest) or "nothing is left of the wheel to compare with"


def _clear_leftovers(store: Store) -> None:
    """Deletes what was left in the caches by builds that were killed: compilers leave megabytes each time."""
    caches = (
        f"{store_folders.WORK}/*/cache",
        f"{store_folders.WORK}/*/cache/apart/*",
        store_folders.ZIG_LOCAL,
        store_folders.ZIG,
    )
    for pattern in ("*/.new-*", f"{store_folders.WORK}/*/.new-*"):
        remove_abandoned(store.root.glob(pattern))
    for cache in caches:
        for path in store.root.glob(f"{cache}/tmp/*"):
            with suppress(OSError):
                if time.time() - path.lstat().st_mtime > _ABANDONED:
                    shutil.rmtree(path) if path.is_dir() else path.unlink()


def _read_expected(repository: Repository, file: File) -> bytes | None:
    """The wheel as it was, if it is there or can be put together."""
    if path := repository.blobs.find_path(file.sha256):
        return path.read_bytes()
    layout = repository.ledger.layout(file.sha256)
    try:
        return b"".join(assemble_wheel(layout, repository.members)) if layout else None
    except NotFoundError:
        return None


def _compare_layouts(expected: WheelLayout | None, found: WheelLayout) -> list[str]:
    """The members that differ, by what the directories of both archives say."""
    ours, theirs = _read_directory(expected), _read_directory(found)
    if not ours:
        return []
    return [
        f"{name}: {'is not in it' if name not in theirs else 'is new' if name not in ours else 'has another content'}"
        for name in sorted(ours.keys() | theirs.keys())
        if ours.get(name) != theirs.get(name)
    ] or ["archive: the same members are packed in another way"]


def _read_directory(layout: WheelLayout | None) -> dict[str, tuple[int, int]]:
    """Member → checksum and size, read from a file with holes where the members are; empty if it can't be read."""
    with tempfile.TemporaryFile() as file:
        for piece in layout.pieces if layout else ():
            if isinstance(piece, bytes):
                file.write(piece)
            else:
                file.seek(piece.size, 1)
        try:
            with zipfile.ZipFile(file) as archive:
                return {member.filename: (member.CRC, member.file_size) for member in archive.infolist()}
        except (zipfile.BadZipFile, ValueError, EOFError):
            return {}
