"""Finds the modules of an editable install that are not in the project's source folders, such as compiled ones.

They lie in the overlay, a folder laid out like a wheel. All others are found by the paths that the install adds to
``sys.path``.
"""

from __future__ import annotations

import os
import sys
from importlib.machinery import ExtensionFileLoader, ModuleSpec, PathFinder

TYPE_CHECKING = False  # importing typing would cost time; type checkers take it for True
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import ModuleType
    from typing import Any


class Finder:
    """A finder for the *roots*, the outermost packages and modules of the project, and for all modules below them.

    *members* are the files of the overlay: path → dotted name of a module, or empty for a file of a package.
    *rebuild* are the arguments of :func:`~.rebuilding.bring_up_to_date`, if the project is compiled again on import.
    """

    def __init__(
        self, roots: Sequence[str], overlay: str, members: Mapping[str, str], rebuild: Mapping[str, Any] | None
    ) -> None:
        self.roots = tuple(roots)
        self.below = tuple(f"{root}." for root in roots)
        self.overlay = overlay
        self.rebuild = rebuild
        self.members = members
        self.set_members(members)

    def set_members(self, members: Mapping[str, str]) -> None:
        """Index *members*, the files of the overlay."""
        self.modules = {name: os.path.join(self.overlay, path) for path, name in members.items() if name}
        folders = [path.split("/")[:-1] for path in members]
        self.packages = {".".join(parts[: end + 1]) for parts in folders for end in range(len(parts))}

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return the spec of a module of the project, after compiling the project if that is needed.

        :raises ImportError: if the project does not compile; it holds the compiler's messages.
        """
        if name not in self.roots and not name.startswith(self.below):
            return None
        if self.rebuild:
            from .rebuilding import bring_up_to_date

            self.set_members(bring_up_to_date(self.members, **self.rebuild))
            self.rebuild = None
        if name in self.modules:
            file = self.modules[name]
            spec = ModuleSpec(name, ExtensionFileLoader(name, file), origin=file)
            spec.has_location = True
            return spec
        return self._find_package(name, path) if name in self.packages else None

    def _find_package(self, name: str, path: Sequence[str] | None) -> ModuleSpec | None:
        """Return the spec of a package, with its folder in the overlay behind its source folder."""
        spec = PathFinder.find_spec(name, path)
        if spec and spec.loader and isinstance(spec.submodule_search_locations, list):
            folder = os.path.join(self.overlay, *name.split("."))
            spec.submodule_search_locations.append(folder)
            loader: Any = spec.loader
            loader.get_resource_reader = lambda package: _read_resources(loader, folder)
        return spec


def _read_resources(loader: Any, folder: str) -> Any:
    from .resources import read_resources

    return read_resources(loader, folder)


def install(**arguments: Any) -> None:
    """Insert a new :class:`Finder` before all others."""
    sys.meta_path.insert(0, Finder(**arguments))
