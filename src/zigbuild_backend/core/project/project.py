"""A project as a value, and a checkout: a project with the folder of its files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from pathlib import Path

from ..base.frozen import dataclass
from ..base.pythons import Python
from ..base.targets import TARGETS, Target
from ..settings.model import Settings
from ..settings.recipe_model import Recipe
from .core_metadata import Metadata
from .generations import Generation
from .products import Module, Products
from .source_tree import SourceTree
from .tree_reader import read_file


@dataclass(frozen=True)
class Project:
    """A source tree with its metadata, settings and products.

    ``contents``: path in the wheel → path in the tree; ``data``: path below the wheel's ``.data`` → path in the tree.
    """

    metadata: Metadata
    settings: Settings
    tree: SourceTree
    contents: Mapping[str, str]
    products: Products = Products()
    requirements: tuple[str, ...] = ()
    recipe_digest: str = ""
    data: Mapping[str, str] = field(default_factory=dict)
    generations: tuple[Generation, ...] = ()
    generated: Mapping[str, str] = field(default_factory=dict)
    """The generated files of every wheel: path in the wheel → path of the output."""
    build_requires: tuple[str, ...] = ()
    """The ``requires`` of ``[build-system]``, as written there."""
    library_recipes: Mapping[str, Recipe] = field(default_factory=dict)
    """The recipes of libraries, by the names of the libraries."""
    overrides: tuple[str, ...] = ()
    """The settings that this build replaces, as ``KEY=VALUE``."""

    @property
    def generated_by(self) -> tuple[str, ...]:
        """The projects on PyPI whose packages the generators need."""
        return tuple(dict.fromkeys(name for generation in self.generations for name in generation.tools))

    @property
    def tools(self) -> tuple[str, ...]:
        """The projects on PyPI whose packages the generators need, or whose headers are included."""
        return tuple(dict.fromkeys((*self.generated_by, *self.products.headers_from)))

    @property
    def modules(self) -> tuple[Module, ...]:
        """The extension modules, for every target and Python."""
        return self.products.modules

    @property
    def is_compiled(self) -> bool:
        """True if a module, a program or a shared library is compiled for some target."""
        return bool(self.products.modules or self.products.programs or self.products.shared)

    def stable_abi_for(self, target: Target) -> Python | None:
        """Return the stable ABI of the wheel for *target*; None unless all its modules use one kind of stable ABI."""
        floors = [module.stable_abi for module in self.modules if module.settings.when.may_hold(target)]
        chosen = [floor for floor in floors if floor]
        is_shared = len(chosen) == len(floors) and len({floor.free_threaded for floor in chosen}) == 1
        return max(chosen) if is_shared else None

    @property
    def stable_abis(self) -> tuple[Python, ...]:
        """The stable ABIs of the project's wheels: at most one, unless modules differ between targets."""
        floors = {self.stable_abi_for(target) for target in TARGETS}
        return tuple(sorted(floor for floor in floors if floor))


@dataclass(frozen=True)
class Checkout:
    """A project with the folder of its files."""

    project: Project
    root: Path

    def read(self, path: str) -> bytes:
        """Return the content of the file of the project's tree at *path*.

        :raises NotFoundError: if it has changed since the tree was read.
        """
        return read_file(self.root, self.project.tree.by_path[path])
