"""Adds files to the repository: checks them, stores their bytes and metadata, and gathers the inputs of rebuilds.

The bytes are on disk before the row that names them is written, so a killed process leaves no row without bytes.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterable, Iterator
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
from .rebuild_inputs import RebuildInputs
from .repository import Repository
from .wheel_pieces import read_outline


@dataclass(frozen=True)
class AddedFile:
    """The result for one file: its row in the ledger, or the error for which it was refused.

    ``is_new`` says whether its name was not recorded before; ``notices`` say which inputs of a rebuild are missing.
    """

    name: str
    file: File | None = None
    is_new: bool = False
    error: ZigbuildError | None = None
    notices: tuple[Problem, ...] = ()


def add_files(
    repository: Repository, paths: Iterable[Path], *, recipes: Iterable[Path] = (), user_store: Store, cwd: Path
) -> Iterator[AddedFile]:
    """Add files, sdists before wheels, and yield the result of each; a refused file does not stop the others.

    For a manifest (``.json``) the files that it lists are recorded; their bytes can be added later.
    The inputs of rebuilds are stored with the wheels: *recipes* and those that can be named in *cwd*, headers and
    sdists from *user_store*, and the backends that built the wheels.

    :raises ZigbuildError: if a recipe is invalid.
    """
    adder = _FileAdder(repository, user_store)
    adder.inputs.add_recipe_candidates(cwd)
    for folder in recipes:
        adder.inputs.store_recipe(folder)
    yield from adder.pop_recipe_sdists()
    for path in sorted(paths, key=lambda path: (path.suffix == ".whl", path.name)):
        added = adder.add(path)
        yield from adder.pop_recipe_sdists()
        yield from added
    adder.complete_earlier_wheels()


@dataclass(frozen=True)
class _FileContents:
    """The texts in a wheel or sdist, and the specification of a wheel of ours."""

    metadata: bytes
    buildinfo: bytes | None = None
    spec: WheelSpec | None = None
    notices: tuple[Problem, ...] = ()

    @property
    def requires_python(self) -> str:
        from packaging.metadata import parse_email

        return parse_email(self.metadata)[0].get("requires_python", "")


class _FileAdder:
    """Adds files in one run, in which sdists can be added that nobody named."""

    def __init__(self, repository: Repository, user_store: Store) -> None:
        self.repository = repository
        self.inputs = RebuildInputs(repository, user_store, self._add_recipe_sdist)
        self._recipe_sdists: list[AddedFile] = []
        self._releases: set[tuple[str, str]] = set()

    def add(self, path: Path) -> tuple[AddedFile, ...]:
        """Add a file, or the files that a manifest lists; return an error for each that is refused."""
        try:
            return self._add_manifest(path) if path.suffix == ".json" else (self._add(path),)
        except ZigbuildError as error:
            return (AddedFile(path.name, error=error),)
        except OSError as error:
            error_class = NotFoundError if isinstance(error, FileNotFoundError) else ConfigurationError
            problem = f"cannot be read: {error.strerror or error}"
            return (AddedFile(path.name, error=error_class(problem, where=str(path))),)

    def pop_recipe_sdists(self) -> list[AddedFile]:
        """Return the sdists that were added on the way since the last call."""
        adopted, self._recipe_sdists = self._recipe_sdists, []
        return adopted

    def complete_earlier_wheels(self) -> None:
        """Gather the missing inputs of earlier wheels of the releases whose sdists were added in this run."""
        ledger = self.repository.ledger
        for file in (file for project, _ in sorted(self._releases) for file in ledger.files(project)):
            if file.spec and (file.project, file.version) in self._releases:
                self.inputs.gather_inputs(parse_buildinfo(ledger.buildinfo(file.sha256)))

    def _add_recipe_sdist(self, path: Path) -> None:
        self._recipe_sdists += (added for added in self.add(path) if added.is_new or added.error)

    def _add(self, path: Path) -> AddedFile:
        project, version = parse_file_name(path.name)
        sha256, size = digest_file(path), path.stat().st_size
        file = File(project, version, path.name, size, sha256, upload_time=render_now())
        is_new = self._is_new(file)
        if file.is_wheel:
            is_checked = not is_new and self.repository.ledger.level(sha256) > 0
            contents, layout = self._read_wheel(path, is_checked=is_checked), read_outline(path)
        else:
            contents, layout = self._read_sdist(path, file), None
        self.repository.blobs.add(path, sha256)
        notices = contents.notices + (self.inputs.gather_inputs(contents.spec) if contents.spec else ())
        file = replace(
            file,
            requires_python=contents.requires_python,
            spec=digest_spec(contents.spec) if contents.spec else "",
        )
        ledger = self.repository.ledger
        verification = None
        if file.is_wheel and not ledger.level(sha256):
            verification = Verification(sha256, 1, True, {}, "", render_now())
        self._record(LedgerEntry(file, contents.metadata, contents.buildinfo, layout, verification))
        return AddedFile(file.name, ledger.find(file.name), is_new, notices=notices)

    def _add_manifest(self, path: Path) -> tuple[AddedFile, ...]:
        """Record the files that a manifest lists, without their bytes."""
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
                notices = self.inputs.gather_inputs(wheel.spec) if wheel else ()
                added.append(AddedFile(file.name, self.repository.ledger.find(file.name), is_new, notices=notices))
            except ZigbuildError as error:
                added.append(AddedFile(released.name, error=error))
        return tuple(added)

    def _record(self, entry: LedgerEntry) -> None:
        if problems := self.repository.ledger.record_all([entry], is_mending=True):
            raise MismatchError.of(problems)

    def _is_new(self, file: File) -> bool:
        """Return whether the name is not recorded yet.

        :raises MismatchError: if it is recorded with other bytes; nothing has been stored then.
        """
        try:
            known = self.repository.ledger.find(file.name)
        except (NotFoundError, MismatchError):  # an altered row is replaced
            return True
        check_same_bytes(known, file)
        return False

    def _read_wheel(self, path: Path, *, is_checked: bool) -> _FileContents:
        """Return the contents of a wheel, which is audited first unless it *is_checked*.

        :raises MismatchError: if the audit fails, or its buildinfo is that of another wheel.
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
                "has the buildinfo of another wheel, or was altered after it was built",
                where=path.name,
                hint="build it again, or get it from where it was published",
            )
        return _FileContents(metadata, buildinfo, spec)

    def _read_sdist(self, path: Path, file: File) -> _FileContents:
        """Return the contents of an sdist, and record it as the source of wheels with its tree.

        :raises ConfigurationError: if it is invalid, or its metadata names another release than its file name.
        """
        from packaging.utils import canonicalize_name

        root = open_sdist(path, self.repository.store)
        metadata = read_pkg_info(root, {})
        if (canonicalize_name(metadata.name), metadata.version) != (file.project, file.version):
            raise ConfigurationError(
                f"is the sdist of {metadata.name} {metadata.version}, which its file name does not say",
                where=path.name,
                hint="rename it, or get it from where it was published",
            )
        self.inputs.record_source(root, file.sha256)
        self._releases.add((file.project, file.version))
        return _FileContents((root / PKG_INFO).read_bytes())
