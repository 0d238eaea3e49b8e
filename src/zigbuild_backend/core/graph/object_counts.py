"""Counts the objects of a build: those that compilers made, and those that an earlier build had left in zig's cache.

The objects that were made are new folders of the cache. The objects that a wheel consists of follow from the settings,
but not for Zig packages and a build.zig of the project's own: of these, only what is made is counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from pathlib import Path, PurePosixPath

from ..base.frozen import dataclass
from ..base.pythons import Python
from ..base.targets import Target
from ..project.products import ZIG_SUFFIX, Module, Product
from .staging import PreparedWheel, StagedGraph

_SUFFIXES = (".o", ".obj")


@dataclass(frozen=True)
class ObjectCounts:
    """The numbers of objects that were built and reused. An object that several wheels share counts once."""

    built: int = 0
    reused: int = 0


def list_kept(cache: Path) -> frozenset[str]:
    """Return the names of all folders of objects in *cache*, zig's local one."""
    try:
        return frozenset(path.name for path in (cache / "o").iterdir())
    except FileNotFoundError:
        return frozenset()


def count_objects(staged: StagedGraph, wheels: Collection[PreparedWheel], before: Collection[str]) -> ObjectCounts:
    """Return how many objects of *wheels* were built, and how many were in the cache's folders *before*."""
    cache, settings = staged.workspace.cache, staged.graph.project.settings
    new = [cache / "o" / name for name in list_kept(cache).difference(before)]
    made = Counter(path.stem for folder in new for path in folder.glob("*") if path.suffix in _SUFFIXES)
    needed = Counter(PurePosixPath(source).stem for source, *_ in set(_list_needed(staged, wheels)))
    # Another build of the project may run beside this one, and make others in the same cache.
    has_others = settings.dependency or settings.build_file
    built = made if has_others else made & needed
    return ObjectCounts(built.total(), (needed - made).total())


def _list_needed(staged: StagedGraph, wheels: Collection[PreparedWheel]) -> Iterator[tuple[str, ...]]:
    """Yield each source of *wheels* and of the libraries that they link, with what makes another object of it."""
    for wheel in wheels:
        for target in wheel.target.slices or (wheel.target,):
            for product in staged.list_products(wheel):
                python = wheel.python if isinstance(product, Module) else None
                yield from _list_sources(product, target, python)
                for library in staged.graph.products.linked_by(product, target, python):
                    yield from _list_sources(library, target)


def _list_sources(product: Product, target: Target, python: Python | None = None) -> Iterator[tuple[str, ...]]:
    kind = type(product.settings).__name__
    for part in product.parts_for(target, python):
        for source in part.sources:
            if not source.endswith(ZIG_SUFFIX):
                yield source, kind, product.name, target.triple, python.name if python else ""
