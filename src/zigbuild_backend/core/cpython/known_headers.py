"""Lists the header sets on this machine, wherever they are."""

from __future__ import annotations

from collections import defaultdict

from ..base import store_folders
from ..base.frozen import dataclass
from ..base.machine import Machine
from .cpython_version import CPythonVersion
from .header_sets import SUPPORTED, list_named_paths, read_choice, read_installed_trees, read_named_trees
from .include_tree import read_version


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


def list_header_sets(machine: Machine) -> tuple[KnownHeaders, ...]:
    """Return every header set that the user names, that is in the store, or that an installed CPython has, by version.

    Nothing is kept or chosen.
    """
    origins: dict[tuple[CPythonVersion, str], set[str]] = defaultdict(set)
    chosen: dict[int, str] = {}
    for tree in read_named_trees(list_named_paths(machine.environ)):
        origins[tree.version, tree.digest].add(tree.origin)
        chosen.setdefault(tree.version.minor, tree.digest)
    for folder in (machine.store.root / store_folders.HEADERS).glob("[0-9a-f]" * 64):
        if version := read_version(folder):
            origins.setdefault((version, folder.name), set())
    for minor in SUPPORTED:
        if choice := read_choice(machine.store, minor):
            origins[CPythonVersion.parse(choice.header_set.version), choice.header_set.digest].add(choice.origin)
            chosen.setdefault(minor, choice.header_set.digest)
        trees = read_installed_trees(minor, machine.environ)
        for tree in trees:
            origins[tree.version, tree.digest].add(tree.origin)
        if trees:
            chosen.setdefault(minor, trees[-1].digest)
    return tuple(
        KnownHeaders(version.text, digest, tuple(sorted(origins[version, digest])), chosen.get(version.minor) == digest)
        for version, digest in sorted(origins)
    )
