"""Fetches sdists and other sources, and unpacks them into the store.

The HTTP client and the unpacker are imported where they are used: most builds need neither.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from ..base import store_folders
from ..base.errors import NotFoundError
from ..base.machine import Machine
from ..base.store import Store, digest_stream, digest_tree
from .downloads import keep_download, keep_stream, write_blocks


def open_sdist(path: Path, store: Store) -> Path:
    """Return the root of the source tree in the sdist *path*, unpacked once.

    :raises NotFoundError: if there is no file of that path.
    :raises ConfigurationError: if it is no sound sdist; see :func:`~.unpack.unpack`.
    """
    try:
        file = path.open("rb")
    except OSError as error:
        raise NotFoundError(f"cannot be read: {error.strerror}", where=str(path), hint="check the path") from None
    with file:
        sha256 = digest_stream(file)
        file.seek(0)

        def make(folder: Path) -> None:
            from .unpack import unpack

            unpack(file, folder, path.name)

        return store.keep((store_folders.SOURCES, sha256), make)


def open_patched(path: Path, patches: Mapping[str, bytes], sha256: str, store: Store) -> Path:
    """Return the root of the source tree in the sdist *path*, whose *sha256* (hex) is given, with *patches* applied.

    :raises ConfigurationError: as :func:`open_sdist`, or if a patch does not fit.
    """
    root = open_sdist(path, store)
    if not patches:
        return root

    def make(folder: Path) -> None:
        import shutil

        from .patches import apply_patch, parse_patch

        shutil.copytree(root, folder)
        for name, data in patches.items():
            for patch in parse_patch(data, name):
                there = {patch.old: folder / patch.old} if patch.old and (folder / patch.old).is_file() else {}
                files = {path: place.read_bytes() for path, place in there.items()}
                for path, content in apply_patch(patch, files, name).items():
                    if content is None:
                        (folder / path).unlink()
                    else:
                        (folder / path).parent.mkdir(parents=True, exist_ok=True)
                        (folder / path).write_bytes(content)

    return store.keep((store_folders.SOURCES, digest_tree({"": sha256.encode(), **patches})), make)


def fetch_file(name: str, file_name: str, sha256: str, machine: Machine) -> Path:
    """Return the file *file_name* of the project *name*, downloaded once from the indexes that pip is configured with.

    :raises NotFoundError: if no index has it or can be reached.
    :raises MismatchError: if it has another sha256 (hex).
    """

    def stream(hint: str) -> Iterator[bytes]:
        from .indexes import stream_file
        from .pip_configuration import read_pip_configuration

        return stream_file(name, file_name, sha256, read_pip_configuration(machine.environ), hint)

    return keep_stream(file_name, sha256, machine.store, stream)


def fetch_sdist(name: str, version: str, machine: Machine) -> Path:
    """Return the sdist of a release, downloaded once from the indexes that pip is configured with.

    :raises NotFoundError: if no index has it or can be reached.
    :raises MismatchError: if it has another sha256 than the index publishes.
    """
    from .indexes import list_files
    from .pip_configuration import read_pip_configuration

    files = list_files(name, read_pip_configuration(machine.environ), f"to download the sdist of {name}")
    for file_name, sha256 in files:
        if is_sdist_of(file_name, name, version):
            return fetch_file(name, file_name, sha256 or _learn_sha256(name, file_name, machine), machine)
    raise NotFoundError("no index has its sdist", where=f"{name} {version}", hint="get it from its author")


def is_sdist_of(file_name: str, name: str, version: str) -> bool:
    """Return whether *file_name* is that of the sdist of a release, in any spelling of its name and version."""
    from packaging.utils import InvalidSdistFilename, canonicalize_name, parse_sdist_filename
    from packaging.version import Version

    try:
        return file_name.endswith(".tar.gz") and parse_sdist_filename(file_name) == (
            canonicalize_name(name),
            Version(version),
        )
    except (InvalidSdistFilename, ValueError):
        return False


def _learn_sha256(name: str, file_name: str, machine: Machine) -> str:
    """Download a file whose index publishes no hash, keep it, and return its sha256 (hex)."""
    from .indexes import stream_file
    from .pip_configuration import read_pip_configuration

    configuration = read_pip_configuration(machine.environ)
    with machine.store.scratch(store_folders.DOWNLOADS) as folder:
        path = folder / file_name
        sha256 = write_blocks(path, stream_file(name, file_name, "", configuration, ""))
        keep_download(path, file_name, sha256, machine.store)
    return sha256
