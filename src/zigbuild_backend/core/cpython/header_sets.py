"""Header sets: CPython's public headers of one version, kept content-addressed in the store.

A wheel's spec names the header set that it is compiled with by version and digest, so which one is taken must not
depend on the Python that happens to run: the first choice for a minor version is recorded, and stands until the user
makes another one with ``zigbuild headers add``.
"""

from __future__ import annotations

import functools
import json
import os
import re
import shutil
from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..base import store_folders
from ..base.errors import ConfigurationError, NotFoundError
from ..base.machine import Machine
from ..base.pythons import NEWEST, OLDEST
from ..base.store import Store, digest_tree, write_atomically
from ..fetch.downloads import fetch_url, parse_file_url
from .include_tree import (
    CPythonVersion,
    find_include_folders,
    parse_version,
    read_headers,
    read_include_folder,
    read_version,
)
from .installed_headers import installed_include_folders

VARIABLE = "ZIGBUILD_HEADERS"
"""The environment variable that names folders and archives of headers, separated as in ``PATH``."""

SUPPORTED = range(OLDEST, NEWEST + 1)
"""The minor versions whose headers are looked for."""


@dataclass(frozen=True)
class HeaderSet:
    """The public headers of one CPython version, without pyconfig.h.

    ``version`` is PY_VERSION of its ``patchlevel.h``, ``digest`` is :func:`.digest_tree` of its
    files, ``folder`` is where the store holds them.
    """

    version: str
    digest: str
    folder: Path

    @property
    def minor(self) -> int:
        """``13`` of version 3.13.0"""
        return CPythonVersion.parse(self.version).minor


@dataclass(frozen=True)
class KnownHeaders:
    """A row of ``zigbuild headers list``: headers that are on this machine.

    ``origins`` are the paths and URLs where they were seen, sorted; none for a kept set whose origin is forgotten.
    ``is_chosen`` says whether wheels for that minor version are compiled with them.
    """

    version: str
    digest: str
    origins: tuple[str, ...]
    is_chosen: bool


def find_header_set(minor: int, machine: Machine, given: Sequence[Path] = ()) -> HeaderSet:
    """The header set that wheels for CPython 3.*minor* are compiled with.

    Of those that the user names (*given*, then ``ZIGBUILD_HEADERS``) the first of that minor; else the one chosen
    earlier; else the highest version among the installed CPythons, finals before prereleases, which becomes the choice.

    :raises NotFoundError: if there is none, or something that the user names is not there.
    :raises ConfigurationError: if something that the user names holds no usable headers.
    """
    for path in (*given, *_named_by(machine.environ)):
        if kept := _read_kept(machine.store, path, minor):
            return kept
        for tree in _named_trees((path,), (minor,)):
            return _keep(machine.store, tree)
    if choice := _read_choice(machine.store, minor):
        return choice.header_set
    if installed := _installed_trees(minor, machine.environ):
        return _choose(machine.store, installed[-1])
    raise NotFoundError(
        f"no headers of CPython 3.{minor} are on this machine",
        where=f"cp3{minor}",
        hint=f"install any CPython 3.{minor}, for example: uv python install 3.{minor}\n"
        "or name an include folder, a source tree or its archive: zigbuild headers add PATH",
    )


def find_minors_at_hand(
    machine: Machine, given: Sequence[Path] = (), minors: Iterable[int] = SUPPORTED
) -> frozenset[int]:
    """Those of *minors* for which :func:`find_header_set` finds headers; nothing is kept or chosen by asking."""
    named: set[int] = set()
    for path in (*given, *_named_by(machine.environ)):
        kept = {minor for minor in SUPPORTED if _read_kept(machine.store, path, minor)}
        named |= kept or {tree.version.minor for tree in _named_trees((path,))}
    return frozenset(
        minor
        for minor in minors
        if minor in named or _read_choice(machine.store, minor) or installed_include_folders(minor, machine.environ)
    )


def load_header_set(store: Store, digest: str) -> HeaderSet:
    """The header set with exactly these files, as they are in the store.

    :raises NotFoundError: if the store doesn't hold it, or holds it altered.
    """
    folder = store.root / store_folders.HEADERS / digest
    files = read_include_folder(folder)
    version = parse_version(files.get("patchlevel.h", b""))
    if version is None or digest_tree(files) != digest:
        raise NotFoundError("no such header set is in the store", where=digest, hint="zigbuild headers add PATH")
    return HeaderSet(version.text, digest, folder)


def recover_header_set(version: str, digest: str, machine: Machine, given: Sequence[Path] = ()) -> HeaderSet:
    """The header set that a buildinfo names, from the store, from what the user names, or from an installed CPython.

    :raises NotFoundError: if it is nowhere on this machine.
    """
    minor = CPythonVersion.parse(version).minor
    try:
        return load_header_set(machine.store, digest)
    except NotFoundError:
        for tree in (
            *_named_trees((*given, *_named_by(machine.environ)), (minor,)),
            *_installed_trees(minor, machine.environ),
        ):
            if tree.digest == digest:
                return _keep(machine.store, tree)
    raise NotFoundError(
        f"the headers of CPython {version} that the wheel was compiled with are not on this machine",
        where=digest,
        hint=f"install exactly that version, for example: uv python install {version}\n"
        "or name its include folder, source tree or source archive: zigbuild headers add PATH",
    )


def add_header_set(source: str | Path, machine: Machine, *, sha256: str = "") -> HeaderSet:
    """Keeps the headers of a path (see :func:`~.include_tree.read_headers`) or URL, and chooses them for their minor.

    *sha256* (hex) is what a file must have; over http it is required.

    :raises NotFoundError: if nothing, or nothing of CPython's, is there.
    :raises ConfigurationError: if the headers cannot be used, or *sha256* is missing or none.
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
        raise ConfigurationError("what is downloaded must be pinned", where=origin, hint="add --sha256 and its sha256")
    if wanted:
        path = fetch_url(origin, wanted, machine)
    return _choose(machine.store, _Tree.of(read_headers(path), origin))


def list_header_sets(machine: Machine) -> tuple[KnownHeaders, ...]:
    """Every header set on this machine, by version: named by the user, kept in the store, or of an installed CPython.

    Nothing is kept or chosen by looking.
    """
    origins: dict[tuple[CPythonVersion, str], set[str]] = defaultdict(set)
    chosen: dict[int, str] = {}
    for tree in _named_trees(_named_by(machine.environ)):
        origins[tree.version, tree.digest].add(tree.origin)
        chosen.setdefault(tree.version.minor, tree.digest)
    for folder in (machine.store.root / store_folders.HEADERS).glob("[0-9a-f]" * 64):
        if version := read_version(folder):
            origins.setdefault((version, folder.name), set())
    for minor in SUPPORTED:
        if choice := _read_choice(machine.store, minor):
            origins[CPythonVersion.parse(choice.header_set.version), choice.header_set.digest].add(choice.origin)
            chosen.setdefault(minor, choice.header_set.digest)
        trees = _installed_trees(minor, machine.environ)
        for tree in trees:
            origins[tree.version, tree.digest].add(tree.origin)
        if trees:
            chosen.setdefault(minor, trees[-1].digest)
    return tuple(
        KnownHeaders(version.text, digest, tuple(sorted(origins[version, digest])), chosen.get(version.minor) == digest)
        for version, digest in sorted(origins)
    )


@dataclass(frozen=True)
class _Tree:
    """Headers as they were read from *origin*, not yet kept."""

    version: CPythonVersion
    digest: str
    files: Mapping[str, bytes]
    origin: str

    @classmethod
    def of(cls, files: Mapping[str, bytes], origin: str) -> _Tree:
        version = parse_version(files["patchlevel.h"])
        if version is None:
            raise NotFoundError("its patchlevel.h is not CPython's", where=origin)
        return cls(version, digest_tree(files), files, origin)


@dataclass(frozen=True)
class _Choice:
    """What a file of ``headers/chosen`` says: the header set of its minor version, and where that came from."""

    header_set: HeaderSet
    origin: str


def _named_by(environ: Mapping[str, str]) -> tuple[Path, ...]:
    return tuple(Path(entry) for entry in environ.get(VARIABLE, "").split(os.pathsep) if entry)


def _named_trees(paths: Iterable[Path], minors: Container[int] = SUPPORTED) -> Iterator[_Tree]:
    """The headers of those *minors* at paths that the user names: a prefix may have several, an archive has one."""
    for path in paths:
        if path.is_dir() and (folders := find_include_folders(path)):
            for folder in folders:
                if (version := read_version(folder)) and version.minor in minors:
                    yield _Tree.of(read_include_folder(folder), str(folder))
        else:
            tree = _read_archive(path, path.stat().st_mtime_ns if path.exists() else 0)
            if tree.version.minor in minors:
                yield tree


@functools.lru_cache(maxsize=len(SUPPORTED))
def _read_archive(path: Path, _modified: int) -> _Tree:
    """The headers of the archive *path*: asked for once per Python of a plan, and reading one may take a second."""
    return _Tree.of(read_headers(path), str(path))


def _installed_trees(minor: int, environ: Mapping[str, str]) -> tuple[_Tree, ...]:
    """The headers of every installed CPython 3.*minor*, the preferred ones last (by version, then digest)."""
    folders = installed_include_folders(minor, environ)
    trees = (_Tree.of(read_include_folder(folder), str(folder)) for folder in folders)
    return tuple(sorted(trees, key=lambda tree: (tree.version, tree.digest)))


def _keep(store: Store, tree: _Tree) -> HeaderSet:
    folder = store.keep_tree(store_folders.HEADERS, tree.files)
    if read_include_folder(folder) != tree.files:  # somebody altered what was kept earlier
        shutil.rmtree(folder, ignore_errors=True)
        folder = store.keep_tree(store_folders.HEADERS, tree.files)
    return HeaderSet(tree.version.text, tree.digest, folder)


def _read_kept(store: Store, path: Path, minor: int) -> HeaderSet | None:
    """The header set of that *minor* that *path* is, if it is a folder of the store; it is taken at its word."""
    if path.parent != store.root / store_folders.HEADERS or not re.fullmatch("[0-9a-f]{64}", path.name):
        return None
    version = read_version(path)
    return HeaderSet(version.text, path.name, path) if version and version.minor == minor else None


def _choice_file(store: Store, minor: int) -> Path:
    return store.root / store_folders.HEADERS / "chosen" / f"3.{minor}"


def _choose(store: Store, tree: _Tree) -> HeaderSet:
    header_set = _keep(store, tree)
    content = {"digest": header_set.digest, "origin": tree.origin, "version": header_set.version}
    path = _choice_file(store, header_set.minor)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, json.dumps(content).encode())
    return header_set


def _read_choice(store: Store, minor: int) -> _Choice | None:
    """What was chosen earlier; ``None`` if nothing was, or if the store lost or garbled it: then it is chosen again.

    The folder's name is its content's digest and is taken at its word: reading its files on every look-up would cost
    more than compiling with them.
    """
    try:
        content = json.loads(_choice_file(store, minor).read_bytes())
        version, digest, origin = str(content["version"]), str(content["digest"]), str(content["origin"])
        is_sound = CPythonVersion.parse(version).minor == minor and re.fullmatch("[0-9a-f]{64}", digest)
    except (OSError, ValueError, LookupError, TypeError):
        return None
    folder = store.root / store_folders.HEADERS / digest
    if not is_sound or not (folder / "patchlevel.h").is_file():
        return None
    return _Choice(HeaderSet(version, digest, folder), origin)
