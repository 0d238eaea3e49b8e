"""The repository: releases whose wheels can be dropped, since their bytes can be recreated.

The :mod:`.ledger` records every published file and never forgets one; :mod:`.blobs` hold the bytes, which can be
dropped.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..core.base import store_folders
from ..core.base.errors import ConfigurationError, NotFoundError
from ..core.base.machine import Machine, Say, say_nothing
from ..core.base.store import Store
from ..core.wheel.spec import WheelSpec
from .blobs import Blobs, LocalBlobs
from .files import File, Presence, is_sha256
from .ledger import Ledger
from .object_storage import VARIABLE as STORAGE_VARIABLE
from .object_storage import open_object_storage
from .wheel_pieces import WheelLayout

VARIABLE = "ZIGBUILD_DATA_DIR"
"""The environment variable that names the folder of the repository."""

SOURCE_TOPIC = "source"
"""The topic of the notes that map :func:`render_source_key` to the sha256 of the sdist or archive."""


@dataclass(frozen=True)
class Repository:
    """An open repository: ``blobs`` holds whole files, ``members`` parts of wheels.

    ``machine`` is the one that rebuilds run on; its store is in the repository's folder.
    """

    folder: Path
    ledger: Ledger
    blobs: Blobs
    members: Blobs
    machine: Machine

    @property
    def store(self) -> Store:
        """Return the store that rebuilds read and write."""
        return self.machine.store

    def presence(self, file: File) -> Presence:
        """Return how the bytes of *file* are held, without reading them.

        :raises MismatchError: if its row in the ledger was altered.
        """
        if self.blobs.has(file.sha256):
            return "whole"
        return "members" if self.held_layout(file) else "dropped"

    def held_layout(self, file: File) -> WheelLayout | None:
        """Return the layout of the wheel *file* if all its members are held, else None.

        :raises MismatchError: if its row in the ledger was altered.
        """
        layout = self.ledger.layout(file.sha256) if file.is_wheel else None
        return layout if layout and all(self.members.has(piece.sha256) for piece in layout.kept) else None

    def recipe_folder(self, digest: str) -> Path | None:
        """Return the folder of the recipe with that digest, or None if it was never added."""
        folder = self.folder / store_folders.RECIPES / digest
        return folder if is_sha256(digest) and folder.is_dir() else None

    def find_sdist(self, spec: WheelSpec) -> Path:
        """Return the verified sdist or archive that the wheel of *spec* was built from; its file name is its sha256.

        :raises NotFoundError: if the repository does not hold it.
        """
        note = self.ledger.read_note(SOURCE_TOPIC, render_source_key(spec))
        path = self.blobs.verified_path(note[0].decode()) if note else None
        if path is None:
            raise NotFoundError(
                f"the sdist that wheels of {spec.name} {spec.version} were built from is not in the repository",
                where=spec.file_name,
                hint=f"zigbuild cache add {spec.name}-{spec.version}.tar.gz",
            )
        return path

    def lock_file(self, sha256: str) -> Path:
        """Return the file that a process locks while it recreates the bytes with that hash."""
        return self.folder / "locks" / f"{sha256}.lock"

    def close(self) -> None:
        """Write the use counts that are still in memory, and close all files.

        A process that is killed before loses nothing but those counts.
        """
        self.ledger.close()
        self.blobs.close()
        self.members.close()


def render_source_key(spec: WheelSpec) -> str:
    """Return the key of the source note of *spec*: the digest of its source tree, then that of its recipe, if any."""
    return f"{spec.source} {spec.recipe}".rstrip()


def find_repository_folder(given: Path | None, environ: Mapping[str, str]) -> Path:
    """Return *given*, else ``ZIGBUILD_DATA_DIR``, else ``zigbuild`` in the user's data folder.

    :raises ConfigurationError: if none of them is set.
    """
    if given:
        return given.absolute()
    if chosen := environ.get(VARIABLE):
        return Path(chosen).absolute()
    for key, below in (("LOCALAPPDATA", ""), ("XDG_DATA_HOME", ""), ("HOME", ".local/share")):
        if base := environ.get(key):
            return Path(base, below, "zigbuild").absolute()
    raise ConfigurationError(
        "there is no home folder to keep the repository in", where=VARIABLE, hint="set it, or give --data DIR"
    )


def open_repository(folder: Path, environ: Mapping[str, str], say: Say = say_nothing) -> Repository:
    """Open the repository in *folder*, and create it if there is none; *say* shows the progress of rebuilds.

    The bytes are in *folder*, or in the object storage that ``ZIGBUILD_BLOBS`` names. Half-written files of processes
    that were killed are deleted. Errors are those of :class:`~.ledger.Ledger`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    ledger = Ledger(folder / "ledger.sqlite", folder / "ledger.key")
    try:
        blobs, members = (_open_blobs(folder, kind, environ) for kind in ("blobs", "members"))
    except BaseException:
        ledger.close()
        raise
    return Repository(folder, ledger, blobs, members, Machine(Store(folder / "cache"), environ, say))


def _open_blobs(folder: Path, kind: str, environ: Mapping[str, str]) -> Blobs:
    url = environ.get(STORAGE_VARIABLE)
    local = LocalBlobs(folder / "spool" / kind if url else folder / kind, folder / "quarantine")
    local.clean()
    return open_object_storage(url, kind, local, environ) if url else local
