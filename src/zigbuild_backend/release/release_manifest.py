"""The manifest of a release: the hashes of its sdist and wheels, and the buildinfo of each wheel.

With it, wheels can be deleted and rebuilt byte for byte. Its text is canonical JSON (RFC 8785), and lists the wheels by
name, so that one release has one manifest.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..core.base.errors import ConfigurationError, MismatchError, NotFoundError
from ..core.wheel.buildinfo import digest_spec, parse_buildinfo
from ..core.wheel.spec import WheelSpec

FILE_NAME = "zigbuild-manifest.json"
SCHEMA = 1

_FILE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+!-]*")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class ReleasedFile:
    """A file of a release: its name, its size in bytes and its sha256 (hex)."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True)
class ReleasedWheel:
    """A wheel of a release, with the text of its ``zigbuild-buildinfo.json``."""

    file: ReleasedFile
    buildinfo: bytes

    @property
    def spec(self) -> WheelSpec:
        return parse_buildinfo(self.buildinfo)

    @property
    def members(self) -> str:
        """The digest of its files, see :func:`~zigbuild_backend.core.wheel.buildinfo.digest_members`."""
        return str(json.loads(self.buildinfo).get("members", ""))


@dataclass(frozen=True)
class Manifest:
    """The content of a manifest."""

    name: str
    version: str
    sdist: ReleasedFile
    wheels: tuple[ReleasedWheel, ...]

    def find(self, name: str) -> ReleasedWheel:
        """Return the wheel with the file name *name*.

        :raises NotFoundError: if there is none.
        """
        for wheel in self.wheels:
            if wheel.file.name == name:
                return wheel
        raise NotFoundError(
            f"is not in the manifest of {self.name} {self.version}", where=name, hint="the manifest lists file names"
        )


def make_manifest(sdist: ReleasedFile, wheels: Iterable[ReleasedWheel]) -> Manifest:
    """Return the manifest of a release.

    :raises ConfigurationError: if there is no wheel.
    :raises MismatchError: if the wheels belong to several releases.
    """
    ordered = tuple(sorted(wheels, key=lambda wheel: wheel.file.name))
    releases = {(wheel.spec.name, wheel.spec.version): wheel.file.name for wheel in ordered}
    if not releases:
        raise ConfigurationError("a manifest needs at least one wheel", where=sdist.name, hint="name them too")
    if len(releases) > 1:
        raise MismatchError(
            "belong to several releases", where=", ".join(releases.values()), hint="write a manifest for each release"
        )
    ((name, version),) = releases
    return Manifest(name, version, sdist, ordered)


def render_manifest(manifest: Manifest) -> bytes:
    """Return the text of a manifest."""
    return _canonical(
        {
            "schema": SCHEMA,
            "name": manifest.name,
            "version": manifest.version,
            "sdist": _describe(manifest.sdist),
            "wheels": [
                {
                    **_describe(wheel.file),
                    "spec": digest_spec(wheel.spec),
                    "buildinfo": json.loads(wheel.buildinfo),
                }
                for wheel in manifest.wheels
            ],
        }
    )


def parse_manifest(data: bytes) -> Manifest:
    """Parse the text of a manifest.

    :raises MismatchError: if it is not a manifest, has another schema, or contradicts itself.
    """
    try:
        table = json.loads(data)
        if table["schema"] != SCHEMA:
            raise MismatchError(
                f"its schema is {table['schema']!r}, this version reads {SCHEMA}",
                where=FILE_NAME,
                hint="use a newer zigbuild-backend",
            )
        wheels = []
        for row in table["wheels"]:
            wheel = ReleasedWheel(_parse_file(row), _canonical(row["buildinfo"]))
            if digest_spec(wheel.spec) != row["spec"] or wheel.spec.file_name != wheel.file.name:
                raise MismatchError(
                    "its name, buildinfo and digest contradict each other",
                    where=wheel.file.name,
                    hint="was it altered?",
                )
            wheels.append(wheel)
        manifest = make_manifest(_parse_file(table["sdist"]), wheels)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise MismatchError(f"is not a manifest: {error!r}", where=FILE_NAME, hint="was it altered?") from None
    if (manifest.name, manifest.version) != (table.get("name"), table.get("version")):
        raise MismatchError("names another release than its wheels", where=FILE_NAME, hint="was it altered?")
    return manifest


def _describe(file: ReleasedFile) -> dict[str, Any]:
    return {"file": file.name, "size": file.size, "sha256": file.sha256}


def _parse_file(row: Mapping[str, Any]) -> ReleasedFile:
    name, size, sha256 = row["file"], row["size"], row["sha256"]
    if not (_FILE_NAME.fullmatch(name) and _SHA256.fullmatch(sha256) and type(size) is int and size >= 0):
        raise ValueError(f"{name!r} needs a file name, a size in bytes and a sha256")
    return ReleasedFile(name, size, sha256)


def _canonical(table: Mapping[str, Any]) -> bytes:
    """Return canonical JSON (RFC 8785) for strings, small integers, arrays and objects with ASCII keys."""
    return json.dumps(table, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
