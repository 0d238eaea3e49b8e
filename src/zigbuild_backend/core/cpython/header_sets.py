"""Header sets: CPython's public headers of one version, kept content-addressed in the store.

A wheel's spec names the header set that it is compiled with by version and digest, so the choice must not depend on the
Python that happens to run: the first choice for a minor version is recorded, and stands until the user makes another
one
with ``zigbuild headers add``.
"""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from ..base import store_folders
from ..base.errors import ConfigurationError, NotFoundError
from ..base.frozen import dataclass
from ..base.machine import Machine
from ..base.pythons import NEWEST, OLDEST
from ..base.store import Store, digest_tree, write_atomically
from ..fetch.downloads import fetch_url, parse_file_url
from .cpython_version import CPythonVersion, parse_patchlevel
from .header_reader import read_headers
from .include_tree import list_include_folders, read_include_folder, read_version
from .installed_headers import list_installed_include_folders

VARIABLE = "ZIGBUILD_HEADERS"
"""The environment variable that names folders and archives of headers, separated as in ``PATH``."""

SUPPORTED = range(OLDEST, NEWEST + 1)
"""The minor versions whose headers are looked for."""


@dataclass(frozen=True)
class HeaderSet:
    """The public headers of one CPython version, without pyconfig.h.

    ``version`` is PY_VERSION of its ``patchlevel.h``, ``digest`` is :func:`.digest_tree` of its files, ``folder`` is
    their folder in the store.
    """

    version: str
    digest: str
    folder: Path

    @property
    def minor(self) -> int:
        """``13`` of version 3.13.0"""
        return CPythonVersion.parse(self.version).minor


@dataclass(frozen=True)
class HeaderTree:
    """Headers as they were read from *origin*, a path or URL; they are not in the store."""

    version: CPythonVersion
    digest: str
    files: Mapping[str, bytes]
    origin: str


@dataclass(frozen=True)
class HeaderChoice:
    """A file of ``headers/chosen`` in the store: the header set of a minor version, and the origin of that."""

    header_set: HeaderSet
    origin: str


def obtain_header_set(minor: int, machine: Machine, given: Sequence[Path] = ()) -> HeaderSet:
    """Return the header set that wheels for CPython 3.*minor* are compiled with, in the store.

    Of those that the user names (*given*, then ``ZIGBUILD_HEADERS``) it is the first of that minor; else the one chosen
    earlier; else the highest version among the installed CPythons, finals before prereleases, which is recorded as the
    choice.

    :raises NotFoundError: if there is none, or a path that the user names does not exist.
    :raises ConfigurationError: if a path that the user names has no usable headers.
    """
    for path in (*given, *list_named_paths(machine.environ)):
        if kept := _read_kept(machine.store, path, minor):
            return kept
        for tree in read_named_trees((path,), (minor,)):
            return _keep(machine.store, tree)
    if choice := read_choice(machine.store, minor):
        return choice.header_set
    if installed := read_installed_trees(minor, machine.environ):
        return _record_choice(machine.store, installed[-1])
    raise NotFoundError(
        f"no headers of CPython 3.{minor} are on this machine",
        where=f"cp3{minor}",
        hint=f"install any CPython 3.{minor}, for example: uv python install 3.{minor}\n"
        "or name an include folder, a source tree or its archive: zigbuild headers add PATH",
    )


def list_minors_at_hand(
    machine: Machine, given: Sequence[Path] = (), minors: Iterable[int] = SUPPORTED
) -> frozenset[int]:
    """Return those of *minors* for which :func:`obtain_header_set` succeeds, without keeping or choosing anything."""
    named: set[int] = set()
    for path in (*given, *list_named_paths(machine.environ)):
        kept = {minor for minor in SUPPORTED if _read_kept(machine.store, path, minor)}
        named |= kept or {tree.version.minor for tree in read_named_trees((path,))}
    return frozenset(
        minor
        for minor in minors
        if minor in named or read_choice(machine.store, minor) or list_installed_include_folders(minor, machine.environ)
    )


def read_header_set(store: Store, digest: str) -> HeaderSet:
    """Return the header set with that *digest*, from the store.

    :raises NotFoundError: if the store does not hold it, or holds it altered.
    """
    folder = store.root / store_folders.HEADERS / digest
    files = read_include_folder(folder)
    version = parse_patchlevel(files.get("patchlevel.h", b""))
    if version is None or digest_tree(files) != digest:
        raise NotFoundError("no such header set is in the store", where=digest, hint="zigbuild headers add PATH")
    return HeaderSet(version.text, digest, folder)


def recover_header_set(version: str, digest: str, machine: Machine, given: Sequence[Path] = ()) -> HeaderSet:
    """Return the header set that a buildinfo names: from the store, from a path of the user, or of a CPython.

    :raises NotFoundError: if it is not on this machine.
    """
    minor = CPythonVersion.parse(version).minor
    try:
        return read_header_set(machine.store, digest)
    except NotFoundError:
        named = read_named_trees((*given, *list_named_paths(machine.environ)), (minor,))
        for tree in (*named, *read_installed_trees(minor, machine.environ)):
            if tree.digest == digest:
                return _keep(machine.store, tree)
    raise NotFoundError(
        f"the headers of CPython {version} that the wheel was compiled with are not on this machine",
        where=digest,
        hint=f"install exactly that version, for example: uv python install {version}\n"
        "or name its include folder, source tree or source archive: zigbuild headers add PATH",
    )


def add_header_set(source: str | Path, machine: Machine, *, sha256: str = "") -> HeaderSet:
    """Keep the headers of a path (see :func:`.read_headers`) or URL, and record them as the choice for their minor.

    *sha256* (hex) is the hash that a file must have; over http it is required.

    :raises NotFoundError: if nothing is there, or no headers of CPython.
    :raises ConfigurationError: if the headers cannot be used, or *sha256* is missing or no hash.
    :raises MismatchError: if the file has another sha256.
    """
    origin, wanted = str(source), sha256.lower()
    if wanted and not re.fullmatch("[0-9a-f]{64}", wanted):
        raise ConfigurationError(f"{sha256!r} is no sha256", where="--sha256", hint="it has 64 hexadecimal digits")
    if not re.match(r"(?:https?|file)://", origin):
        path = Path(source).absolute()
        origin = path.as_uri() if wanted else str(path)
    elif origin.startswith("file:") and not wanted:
        path = parse_file_url(origin)
    elif not wanted:
        raise ConfigurationError("a download must be pinned", where=origin, hint="add --sha256 and its sha256")
    if wanted:
        path = fetch_url(origin, wanted, machine)
    return _record_choice(machine.store, _parse_tree(read_headers(path), origin))


def list_named_paths(environ: Mapping[str, str]) -> tuple[Path, ...]:
    """Return the folders and archives that ``ZIGBUILD_HEADERS`` names."""
    return tuple(Path(entry) for entry in environ.get(VARIABLE, "").split(os.pathsep) if entry)


def read_named_trees(paths: Iterable[Path], minors: Container[int] = SUPPORTED) -> Iterator[HeaderTree]:
    """Yield the headers of those *minors* at *paths*: a prefix may have those of several versions."""
    for path in paths:
        if path.is_dir() and (folders := list_include_folders(path)):
            for folder in folders:
                if (version := read_version(folder)) and version.minor in minors:
                    yield _parse_tree(read_include_folder(folder), str(folder))
        else:
            tree = _read_archive(path, path.stat().st_mtime_ns if path.exists() else 0)
            if tree.version.minor in minors:
                yield tree


def read_installed_trees(minor: int, environ: Mapping[str, str]) -> tuple[HeaderTree, ...]:
    """Return the headers of every installed CPython 3.*minor*, the preferred ones last (by version, then digest)."""
    folders = list_installed_include_folders(minor, environ)
    trees = (_parse_tree(read_include_folder(folder), str(folder)) for folder in folders)
    return tuple(sorted(trees, key=lambda tree: (tree.version, tree.digest)))


def read_choice(store: Store, minor: int) -> HeaderChoice | None:
    """Return the recorded choice for CPython 3.*minor*; None without one, or if the store lost or garbled it.

    The name of the header set's folder is not compared with the digest of its files: reading them on every look-up
    would cost more than compiling with them.
    """
    import json

    try:
        content = json.loads(_choice_file(store, minor).read_bytes())
        version, digest, origin = str(content["version"]), str(content["digest"]), str(content["origin"])
        is_sound = CPythonVersion.parse(version).minor == minor and re.fullmatch("[0-9a-f]{64}", digest)
    except (OSError, ValueError, LookupError, TypeError):
        return None
    folder = store.root / store_folders.HEADERS / digest
    if not is_sound or not (folder / "patchlevel.h").is_file():
        return None
    return HeaderChoice(HeaderSet(version, digest, folder), origin)


@functools.lru_cache(maxsize=len(SUPPORTED))
def _read_archive(path: Path, _modified: int) -> HeaderTree:
    """Return the headers of the archive *path*: each Python of a plan asks for them, and reading may take a second."""
    return _parse_tree(read_headers(path), str(path))


def _parse_tree(files: Mapping[str, bytes], origin: str) -> HeaderTree:
    version = parse_patchlevel(files["patchlevel.h"])
    if version is None:
        raise NotFoundError("its patchlevel.h is not CPython's", where=origin)
    return HeaderTree(version, digest_tree(files), files, origin)


def _keep(store: Store, tree: HeaderTree) -> HeaderSet:
    folder = store.keep_tree(store_folders.HEADERS, tree.files)
    if read_include_folder(folder) != tree.files:  # the folder was altered later
        import shutil

        shutil.rmtree(folder, ignore_errors=True)
        folder = store.keep_tree(store_folders.HEADERS, tree.files)
    return HeaderSet(tree.version.text, tree.digest, folder)


def _read_kept(store: Store, path: Path, minor: int) -> HeaderSet | None:
    """Return the header set of that *minor* that *path* is, if it is a folder of the store; its name is trusted."""
    if path.parent != store.root / store_folders.HEADERS or not re.fullmatch("[0-9a-f]{64}", path.name):
        return None
    version = read_version(path)
    return HeaderSet(version.text, path.name, path) if version and version.minor == minor else None


def _choice_file(store: Store, minor: int) -> Path:
    return store.root / store_folders.HEADERS / "chosen" / f"3.{minor}"


def _record_choice(store: Store, tree: HeaderTree) -> HeaderSet:
    """Keep *tree*, and record it as the choice for its minor version."""
    import json

    header_set = _keep(store, tree)
    content = {"digest": header_set.digest, "origin": tree.origin, "version": header_set.version}
    path = _choice_file(store, header_set.minor)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, json.dumps(content).encode())
    return header_set
