"""The wheels that a command shall make again: named by their files, or by a manifest when they are gone."""

from __future__ import annotations

import contextlib
import hashlib
import threading
import time
from argparse import Namespace
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ..core.base.errors import MismatchError, NotFoundError, Problem, ZigbuildError
from ..core.fetch.sdists import fetch_file
from ..core.wheel.spec import WheelSpec
from ..rebuild.circumstances import Circumstance
from ..rebuild.rebuilding_wheels import Rebuilt, rebuild
from ..rebuild.sandbox.bubblewrap import find_sandbox
from ..rebuild.sandbox.limits import Sandbox
from ..rebuild.sandbox.unconfined import Unconfined
from ..rebuild.source_finder import Source, find_source
from ..rebuild.wheel_specs import read_spec
from ..release.release_manifest import FILE_NAME, Manifest, ReleasedFile, parse_manifest
from .session import Session, format_seconds

_SILENCE = 20.0
"""Seconds after which a run that says nothing looks as if it hung."""


@dataclass(frozen=True)
class Wanted:
    """A wheel that is to be made again.

    ``path`` is where it lies, None if it is gone; ``folder`` is where its sdist may lie.
    """

    spec: WheelSpec
    file: ReleasedFile
    path: Path | None
    manifest: Manifest | None
    folder: Path


@dataclass(frozen=True)
class Release:
    """Wheels that were built from one source, and that source, or why it cannot be had."""

    wheels: list[Wanted]
    source: Source | ZigbuildError


def read_manifest(path: Path) -> Manifest:
    """The manifest in the file *path*.

    :raises NotFoundError: if it cannot be read.
    :raises MismatchError: if it is none.
    """
    try:
        return parse_manifest(path.read_bytes())
    except OSError as error:
        raise NotFoundError(f"cannot be read: {error.strerror}", where=str(path), hint="check the path") from None


def find_wanted(path: Path, manifest_path: Path | None) -> Wanted:
    """The wheel at *path*; where there is none, the one of that name in the manifest, by default the one beside it.

    :raises NotFoundError: if it is in neither.
    :raises MismatchError: if it is not what its name or the manifest says.
    """
    manifest = read_manifest(manifest_path) if manifest_path else None
    if path.is_file():
        spec, file = read_spec(path), read_released(path)
        if manifest and manifest.find(path.name).file != file:
            raise MismatchError(
                f"its sha256 is {file.sha256}, the manifest says {manifest.find(path.name).file.sha256}",
                where=path.name,
                hint="to make the wheel of the manifest: zigbuild rebuild, where this file is not",
            )
        return Wanted(spec, file, path, manifest, path.parent)
    beside = path.parent / FILE_NAME
    if not manifest and beside.is_file():
        manifest_path, manifest = beside, read_manifest(beside)
    if not manifest or not manifest_path:
        raise NotFoundError(
            "there is no such wheel", where=str(path), hint="if it is gone, give its manifest: --manifest FILE"
        )
    wheel = manifest.find(path.name)
    return Wanted(wheel.spec, wheel.file, None, manifest, manifest_path.parent)


def read_released(path: Path) -> ReleasedFile:
    """The file *path* as it stands in manifests."""
    data = path.read_bytes()
    return ReleasedFile(path.name, len(data), hashlib.sha256(data).hexdigest())


def group_by_source(wanted: Iterable[Wanted], arguments: Namespace, session: Session) -> Iterator[Release]:
    """The wheels by what they were built from, which is looked for."""
    releases: dict[tuple[str, ...], list[Wanted]] = {}
    for wheel in wanted:
        key = (wheel.spec.name, wheel.spec.version, wheel.spec.source, wheel.spec.recipe, str(wheel.folder))
        releases.setdefault(key, []).append(wheel)
    for wheels in releases.values():
        try:
            yield Release(wheels, _find_source(wheels[0], arguments.sdist, session))
        except ZigbuildError as error:
            yield Release(wheels, error)


def _find_source(wheel: Wanted, sdist: Path | None, session: Session) -> Source:
    if wheel.manifest and not sdist:
        known = wheel.manifest.sdist
        near = wheel.folder / known.name
        sdist = near if near.is_file() else _fetch(wheel.manifest.name, known, session)
        if sdist and (found := read_released(sdist)) != known:
            raise MismatchError(
                f"its sha256 is {found.sha256}, the manifest says {known.sha256}",
                where=str(sdist),
                hint="get the very sdist of the release, and give it with --sdist",
            )
    return find_source(wheel.spec, session.machine, session.cwd, sdist=sdist, beside=wheel.folder)


def _fetch(name: str, file: ReleasedFile, session: Session) -> Path | None:
    """The sdist that a manifest names by its hash, if an index has it."""
    try:
        return fetch_file(name, file.name, file.sha256, session.machine)
    except NotFoundError:
        return None  # a search by name and version may find more, or says what to do


def choose_sandbox(arguments: Namespace, session: Session) -> Sandbox:
    """The sandbox of this machine; where there is none the user is told, and builds see all of the machine."""
    if arguments.no_isolation:
        return Unconfined()
    try:
        return find_sandbox(session.environ)
    except NotFoundError as error:
        problem = error.problems[0]
        session.notice(
            Problem(f"no sandbox: {problem.message}; the source is built without one", problem.where, problem.hint)
        )
        return Unconfined()


def make_again(
    release: Release, out: Path, circumstance: Circumstance, sandbox: Sandbox, arguments: Namespace, session: Session
) -> Iterator[tuple[Wanted, Rebuilt]]:
    """Makes the wheels of a release into the folder *out*, and gives with each what came of it."""
    if isinstance(release.source, ZigbuildError):
        yield from ((wheel, Rebuilt(wheel.spec, error=release.source)) for wheel in release.wheels)
        return
    by_name = {wheel.spec.file_name: wheel for wheel in release.wheels}
    with _broken_silence(session):
        for rebuilt in rebuild(
            [wheel.spec for wheel in by_name.values()],
            release.source,
            out,
            session.machine,
            sandbox=sandbox,
            circumstance=circumstance,
            headers=arguments.headers,
        ):
            yield by_name[rebuilt.spec.file_name], rebuilt


@contextlib.contextmanager
def _broken_silence(session: Session) -> Iterator[None]:
    """Says now and then that something goes on."""
    is_over = threading.Event()
    start = time.monotonic()

    def speak() -> None:
        while not is_over.wait(_SILENCE):
            session.say(f"still building after {format_seconds(time.monotonic() - start)}")

    thread = threading.Thread(target=speak, daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()
