"""The original wheels that a command rebuilds: named by their files, or by a manifest if the files are gone."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ..core.base.errors import MismatchError, NotFoundError, ZigbuildError
from ..core.fetch.sdists import fetch_file
from ..core.wheel.spec import WheelSpec
from ..rebuild.source_finder import SourcePlaces, WheelSource, find_source
from ..rebuild.wheel_rebuild import RebuildSetup, Rebuilt, rebuild
from ..rebuild.wheel_specs import read_spec
from ..release.release_manifest import FILE_NAME, Manifest, ReleasedFile, parse_manifest
from .heartbeat import Heartbeat
from .session import Session, format_seconds


@dataclass(frozen=True)
class OriginalWheel:
    """A wheel that is to be rebuilt.

    ``path`` is where it lies, None if it is gone; ``folder`` is where its sdist may lie.
    """

    spec: WheelSpec
    file: ReleasedFile
    path: Path | None
    manifest: Manifest | None
    folder: Path


@dataclass(frozen=True)
class RebuildBatch:
    """Wheels that were built from one source, and that source, or the error that prevents it from being found."""

    wheels: list[OriginalWheel]
    source: WheelSource | ZigbuildError


def read_manifest(path: Path) -> Manifest:
    """Return the manifest in the file *path*.

    :raises NotFoundError: if it cannot be read.
    :raises MismatchError: if it is not a manifest.
    """
    try:
        return parse_manifest(path.read_bytes())
    except OSError as error:
        raise NotFoundError(f"cannot be read: {error.strerror}", where=str(path), hint="check the path") from None


def find_original(path: Path, manifest_path: Path | None) -> OriginalWheel:
    """Return the wheel at *path*; if it is gone, the one of that name in the manifest (default: the one beside it).

    :raises NotFoundError: if it is in neither.
    :raises MismatchError: if the file differs from its name or from the manifest.
    """
    manifest = read_manifest(manifest_path) if manifest_path else None
    if path.is_file():
        spec, file = read_spec(path), read_released(path)
        if manifest and manifest.find(path.name).file != file:
            raise MismatchError(
                f"its sha256 is {file.sha256}, the manifest says {manifest.find(path.name).file.sha256}",
                where=path.name,
                hint="to rebuild the wheel of the manifest, move this file away and run 'zigbuild rebuild'",
            )
        return OriginalWheel(spec, file, path, manifest, path.parent)
    beside = path.parent / FILE_NAME
    if not manifest and beside.is_file():
        manifest_path, manifest = beside, read_manifest(beside)
    if not manifest or not manifest_path:
        raise NotFoundError(
            "there is no such wheel", where=str(path), hint="if it is gone, give its manifest: --manifest FILE"
        )
    wheel = manifest.find(path.name)
    return OriginalWheel(wheel.spec, wheel.file, None, manifest, manifest_path.parent)


def read_released(path: Path) -> ReleasedFile:
    """Return the file *path* as it stands in manifests."""
    data = path.read_bytes()
    return ReleasedFile(path.name, len(data), hashlib.sha256(data).hexdigest())


def group_by_source(wheels: Iterable[OriginalWheel], sdist: Path | None, session: Session) -> Iterator[RebuildBatch]:
    """Yield the *wheels* by the source that they were built from, which is looked for; *sdist* is the one given."""
    batches: dict[tuple[str, ...], list[OriginalWheel]] = {}
    for wheel in wheels:
        key = (wheel.spec.name, wheel.spec.version, wheel.spec.source, wheel.spec.recipe, str(wheel.folder))
        batches.setdefault(key, []).append(wheel)
    for batch in batches.values():
        try:
            yield RebuildBatch(batch, _find_source(batch[0], sdist, session))
        except ZigbuildError as error:
            yield RebuildBatch(batch, error)


def _find_source(wheel: OriginalWheel, sdist: Path | None, session: Session) -> WheelSource:
    if wheel.manifest and not sdist:
        known = wheel.manifest.sdist
        near = wheel.folder / known.name
        sdist = near if near.is_file() else _fetch_sdist(wheel.manifest.name, known, session)
        if sdist and (found := read_released(sdist)) != known:
            raise MismatchError(
                f"its sha256 is {found.sha256}, the manifest says {known.sha256}",
                where=str(sdist),
                hint="give the sdist of that release: --sdist FILE",
            )
    return find_source(wheel.spec, session.machine, SourcePlaces(session.cwd, sdist, wheel.folder))


def _fetch_sdist(project: str, file: ReleasedFile, session: Session) -> Path | None:
    """Return the sdist that a manifest names by its hash, if an index has it."""
    try:
        return fetch_file(project, file.name, file.sha256, session.machine)
    except NotFoundError:
        return None  # a search by name and version may find more, or says what to do


def rebuild_batch(
    batch: RebuildBatch, out: Path, setup: RebuildSetup, session: Session
) -> Iterator[tuple[OriginalWheel, Rebuilt]]:
    """Rebuild the wheels of *batch* into the folder *out*; yield each with its result."""
    if isinstance(batch.source, ZigbuildError):
        yield from ((wheel, Rebuilt(wheel.spec, error=batch.source)) for wheel in batch.wheels)
        return
    by_name = {wheel.spec.file_name: wheel for wheel in batch.wheels}
    start = time.monotonic()
    heartbeat = Heartbeat(session, lambda: f"still building after {format_seconds(time.monotonic() - start)}")
    with heartbeat.running():
        for rebuilt in rebuild([wheel.spec for wheel in by_name.values()], batch.source, out, setup):
            yield by_name[rebuilt.spec.file_name], rebuilt
