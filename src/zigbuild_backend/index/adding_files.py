"""Takes files into the repository: checks them, keeps their bytes and what is in them, and what rebuilds need.

The bytes are safe on disk before the row that names them is written, so that one who is killed leaves no row without.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from ..core.audit.wheel_audit import check_wheel
from ..core.base.errors import ConfigurationError, MismatchError, NotFoundError, Problem, ZigbuildError
from ..core.base.store import Store, digest_file
from ..core.cpython.windows_exports import read_stable_abi
from ..core.fetch.sdists import open_sdist
from ..core.project.pkg_info import FILE_NAME as PKG_INFO
from ..core.project.pkg_info import read_pkg_info
from ..core.wheel.buildinfo import FILE_NAME as BUILDINFO
from ..core.wheel.buildinfo import digest_members, digest_spec, parse_buildinfo
from ..core.wheel.spec import WheelSpec
from ..rebuild.wheel_specs import check_spec
from ..release.release_manifest import parse_manifest
from .files import File, Verification, check_same_bytes, parse_file_name
from .ledger import LedgerEntry
from .ledger_history import render_now
from .rebuild_inputs import RebuildInputs, Say
from .repository import Repository
from .wheel_pieces import read_outline


@dataclass(frozen=True)
class AddedFile:
    """What came of a file: its row in the ledger, or the error for which it was refused.

    ``is_new`` says whether its name was not known before. ``notices`` say what keeps a wheel from being rebuilt.
    """

    name: str
    file: File | None = None
    is_new: bool = False
    error: ZigbuildError | None = None
    notices: tuple[Problem, ...] = ()


def add_files(
    repository: Repository,
    paths: Iterable[Path],
    recipes: Iterable[Path],
    *,
    user: Store,
    environ: Mapping[str, str],
    cwd: Path,
    say: Say,
) -> Iterator[AddedFile]:
    """Takes in files, sdists before wheels, and gives what came of each; one that is refused stops no other.

    The files that a manifest (``.json``) lists are recorded too, whose bytes may come later or never.
    What the wheels are rebuilt from is taken along: *recipes* and those found by name from *cwd*, headers and sdists
    from the *user*'s store, and the backends that built them.

    :raises ZigbuildError: if a recipe is not sound.
    """
    intake = _FileAdder(repository, user, environ, say)
    intake.inputs.offer_recipes(cwd)
    for folder in recipes:
        intake.inputs.keep_recipe(folder)
    yield from intake.adopted()
    for path in sorted(paths, key=lambda path: (path.suffix == ".whl", path.name)):
        taken = intake.take(path)
        yield from intake.adopted()
        yield from taken
    intake.complete_earlier_wheels()


@dataclass(frozen=True)
class _FileContents:
    """What a file says of itself."""

    metadata: bytes
    buildinfo: bytes | None = None
    spec: WheelSpec | None = None
    notices: tuple[Problem, ...] = ()

    @property
    def requires_python(self) -> str:
        from packaging.metadata import parse_email

        return parse_email(self.metadata)[0].get("requires_python", "")


class _FileAdder:
    """One run, in which sdists may come along that nobody named."""

    def __init__(self, repository: Repository, user: Store, environ: Mapping[str, str], say: Say) -> None:
        self.repository = repository
        self.inputs = RebuildInputs(repository, user, environ, say, self._adopt)
        self._adopted: list[AddedFile] = []
        self._releases: set[tuple[str, str]] = set()

    def take(self, path: Path) -> tuple[AddedFile, ...]:
        """Takes in a file, or what a manifest lists, or says why not."""
        try:
            return self._take_manifest(path) if path.suffix == ".json" else (self._take(path),)
        except ZigbuildError as error:
            return (AddedFile(path.name, error=error),)
        except OSError as error:
            kind = NotFoundError if isinstance(error, FileNotFoundError) else ConfigurationError
            return (AddedFile(path.name, error=kind(f"cannot be read: {error.strerror or error}", where=str(path))),)

    def adopted(self) -> list[AddedFile]:
        """The sdists that came along since this was asked for last."""
        adopted, self._adopted = self._adopted, []
        return adopted

    def complete_earlier_wheels(self) -> None:
        """Keeps what wheels of earlier runs are rebuilt from and lacked, now that their sdists are here."""
        ledger = self.repository.ledger
        for file in (file for project, _ in sorted(self._releases) for file in ledger.files(project)):
            if file.spec and (file.project, file.version) in self._releases:
                self.inputs.keep(parse_buildinfo(ledger.buildinfo(file.sha256)))

    def _adopt(self, path: Path) -> None:
        self._adopted += (taken for taken in self.take(path) if taken.is_new or taken.error)

    def _take(self, path: Path) -> AddedFile:
        project, version = parse_file_name(path.name)
        sha256, size = digest_file(path), path.stat().st_size
        file = File(project, version, path.name, size, sha256, upload_time=render_now())
        is_new = self._is_new(file)
        if file.is_wheel:
            is_checked = not is_new and self.repository.ledger.level(sha256) > 0
            inside, layout = self._read_wheel(path, is_checked=is_checked), read_outline(path)
        else:
            inside, layout = self._read_sdist(path, file), None
        self.repository.blobs.add(path, sha256)
        notices = inside.notices + (self.inputs.keep(inside.spec) if inside.spec else ())
        file = replace(
            file,
            requires_python=inside.requires_python,
            spec=digest_spec(inside.spec) if inside.spec else "",
        )
        ledger = self.repository.ledger
        verdict = None
        if file.is_wheel and not ledger.level(sha256):
            verdict = Verification(sha256, 1, True, {}, "", render_now())
        self._record(LedgerEntry(file, inside.metadata, inside.buildinfo, layout, verdict))
        return AddedFile(file.name, ledger.find(file.name), is_new, notices=notices)

    def _take_manifest(self, path: Path) -> tuple[AddedFile, ...]:
        """Records what a manifest lists, without bytes."""
        manifest = parse_manifest(path.read_bytes())
        moment, added = render_now(), []
        for released, wheel in [(manifest.sdist, None), *((wheel.file, wheel) for wheel in manifest.wheels)]:
            try:
                if wheel:
                    check_spec(wheel.spec)
                project, version = parse_file_name(released.name)
                file = File(project, version, released.name, released.size, released.sha256, upload_time=moment)
                if wheel:
                    file = replace(file, spec=digest_spec(wheel.spec))
                is_new = self._is_new(file)
                self._record(LedgerEntry(file, buildinfo=wheel.buildinfo if wheel else None))
                notices = self.inputs.keep(wheel.spec) if wheel else ()
                added.append(AddedFile(file.name, self.repository.ledger.find(file.name), is_new, notices=notices))
            except ZigbuildError as error:
                added.append(AddedFile(released.name, error=error))
        return tuple(added)

    def _record(self, entry: LedgerEntry) -> None:
        if problems := self.repository.ledger.record_all([entry], is_mending=True):
            raise MismatchError.of(problems)

    def _is_new(self, file: File) -> bool:
        """Whether the name is not known.

        :raises MismatchError: if it is, with other bytes: told before anything is kept.
        """
        try:
            known = self.repository.ledger.find(file.name)
        except (NotFoundError, MismatchError):  # an altered row is replaced
            return True
        check_same_bytes(known, file)
        return False

    def _read_wheel(self, path: Path, *, is_checked: bool) -> _FileContents:
        """What is in a wheel that was found to be sound, now if it *is_checked* not yet.

        :raises MismatchError: if it is not sound, or its buildinfo is that of another.
        """
        if not is_checked:
            report = check_wheel(path, stable_abi=lambda python: read_stable_abi(python.minor))
            if report.problems:
                raise MismatchError.of(report.problems)
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            (info,) = {name.partition("/")[0] for name in names if name.partition("/")[0].endswith(".dist-info")}
            metadata = archive.read(f"{info}/METADATA")
            if f"{info}/{BUILDINFO}" not in names:
                return _FileContents(metadata)
            buildinfo, record = archive.read(f"{info}/{BUILDINFO}"), archive.read(f"{info}/RECORD")
        try:
            spec = check_spec(parse_buildinfo(buildinfo))
        except (MismatchError, ConfigurationError) as error:
            return _FileContents(metadata, notices=error.problems)
        rows = record.splitlines(keepends=True)
        others = b"".join(row for row in rows if not row.startswith(f"{info}/{BUILDINFO},".encode()))
        if spec.file_name != path.name or digest_members(others) != json.loads(buildinfo).get("members"):
            raise MismatchError(
                "its buildinfo is that of another wheel, or it was altered since it was built",
                where=path.name,
                hint="build it again, or get it from where it was published",
            )
        return _FileContents(metadata, buildinfo, spec)

    def _read_sdist(self, path: Path, file: File) -> _FileContents:
        """What is in an sdist, which wheels of its tree are rebuilt from henceforth.

        :raises ConfigurationError: if it is not sound, or that of another release than its name says.
        """
        from packaging.utils import canonicalize_name

        root = open_sdist(path, self.repository.store)
        metadata = read_pkg_info(root, {})
        if (canonicalize_name(metadata.name), metadata.version) != (file.project, file.version):
            raise ConfigurationError(
                f"is the sdist of {metadata.name} {metadata.version}, not what its name says", where=path.name
            )
        self.inputs.note_source(root, file.sha256)
        self._releases.add((file.project, file.version))
        return _FileContents((root / PKG_INFO).read_bytes())
