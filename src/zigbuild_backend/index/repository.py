"""The repository: releases whose wheels may be thrown away, since the same bytes can be made again.

The :mod:`.ledger` says what was published and is never thrown away; :mod:`.blobs` hold bytes, which may be.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..core.base import store_folders
from ..core.base.errors import ConfigurationError, NotFoundError
from ..core.base.store import Store
from ..core.wheel.spec import WheelSpec
from .blobs import Blobs, LocalBlobs
from .files import File, Presence
from .ledger import Ledger
from .object_storage import VARIABLE as STORAGE
from .object_storage import open_object_storage

VARIABLE = "ZIGBUILD_DATA_DIR"
"""The environment variable that names the folder of the repository."""

_SHA256 = re.compile("[0-9a-f]{64}")

SOURCE_TOPIC = "source"
"""The topic of the ledger's notes that say in which file the source tree of a specification is."""


@dataclass(frozen=True)
class Repository:
    """An open repository: ``blobs`` are whole files, ``members`` parts of wheels, ``store`` caches of rebuilds."""

    folder: Path
    ledger: Ledger
    blobs: Blobs
    members: Blobs
    store: Store

    def presence(self, file: File) -> Presence:
        """How the bytes of *file* are held, as far as can be told without reading them.

        :raises MismatchError: if its row in the ledger was altered.
        """
        if self.blobs.has(file.sha256):
            return "whole"
        layout = self.ledger.layout(file.sha256) if file.is_wheel else None
        if layout and all(self.members.has(piece.sha256) for piece in layout.kept):
            return "members"
        return "dropped"

    def find_recipe(self, digest: str) -> Path | None:
        """The folder of the recipe with that digest, if it was added."""
        folder = self.folder / store_folders.RECIPES / digest
        return folder if _SHA256.fullmatch(digest) and folder.is_dir() else None

    def find_sdist(self, spec: WheelSpec) -> Path:
        """The source that a wheel was built from, in a file that is unaltered; its name is a hash.

        :raises NotFoundError: if it is not here.
        """
        note = self.ledger.recall(SOURCE_TOPIC, render_source_key(spec))
        path = self.blobs.find_path(note[0].decode()) if note else None
        if path is None:
            raise NotFoundError(
                f"the sdist that wheels of {spec.name} {spec.version} were built from is not in the repository",
                where=spec.file_name,
                hint=f"zigbuild cache add {spec.name}-{spec.version}.tar.gz",
            )
        return path

    def lock_file(self, sha256: str) -> Path:
        """The file whose lock is held by whoever makes the bytes with that hash."""
        return self.folder / "locks" / f"{sha256}.lock"

    def close(self) -> None:
        """Writes what is still in memory, and closes all files. Nothing but counts of use is lost without it."""
        self.ledger.close()
        self.blobs.close()
        self.members.close()


def render_source_key(spec: WheelSpec) -> str:
    """The key of such a note: the digests of the tree and of the recipe that made it what it is."""
    return f"{spec.source} {spec.recipe}".rstrip()


def find_repository_folder(given: Path | None, environ: Mapping[str, str]) -> Path:
    """The folder of the repository: *given*, else ``ZIGBUILD_DATA_DIR``, else ``zigbuild`` among the user's data.

    :raises ConfigurationError: if none of these is known.
    """
    if given:
        return given.absolute()
    if chosen := environ.get(VARIABLE):
        return Path(chosen).absolute()
    for key, below in (("LOCALAPPDATA", ""), ("XDG_DATA_HOME", ""), ("HOME", ".local/share")):
        if base := environ.get(key):
            return Path(base, below, "zigbuild").absolute()
    raise ConfigurationError("there is no home folder to keep it in", where=VARIABLE, hint="set it, or give --data DIR")


def open_repository(folder: Path, environ: Mapping[str, str]) -> Repository:
    """The repository in *folder*, which is made if there is none; see :class:`~.ledger.Ledger` for what may be wrong.

    Bytes are in the folder, or in the object storage that ``ZIGBUILD_BLOBS`` names. What processes that were killed
    have left half-written is deleted.
    """
    folder.mkdir(parents=True, exist_ok=True)
    ledger = Ledger(folder / "ledger.sqlite", folder / "ledger.key")
    try:
        blobs, members = (_open_blobs(folder, kind, environ) for kind in ("blobs", "members"))
    except BaseException:
        ledger.close()
        raise
    return Repository(folder, ledger, blobs, members, Store(folder / "cache"))


def _open_blobs(folder: Path, kind: str, environ: Mapping[str, str]) -> Blobs:
    url = environ.get(STORAGE)
    local = LocalBlobs(folder / "spool" / kind if url else folder / kind, folder / "quarantine")
    local.clean()
    return open_object_storage(url, kind, local, environ) if url else local
