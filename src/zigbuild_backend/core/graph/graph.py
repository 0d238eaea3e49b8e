"""The graph of a project: what its build.zig is rendered from and reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from pathlib import Path

from ..base.frozen import dataclass
from ..project.products import Products
from ..project.project import Checkout, Project
from ..zig.toolchain import Zig
from .library_sources import open_libraries
from .msvc_sources import help_windows


@dataclass(frozen=True)
class Graph:
    """A project with its products as they are compiled.

    ``products`` are those of the project; libraries that are built by a recipe have their sources, and sources written
    for MSVC link the libraries that their pragmas name. ``sources`` are the files of the project (path → content),
    ``headers`` those that stand in for headers of Windows (path beside build.zig → content), ``libraries`` the folders
    with the sources of libraries that recipes build (path beside build.zig → folder on this machine).
    """

    project: Project
    products: Products
    sources: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    headers: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    libraries: Mapping[str, Path] = field(default_factory=dict)

    @property
    def has_zig(self) -> bool:
        """Return whether a module has sources in Zig."""
        return any(module.zig_root for module in self.products.modules)


def open_graph(checkout: Checkout, zig: Zig) -> Graph:
    """Return the graph of a project: read its files, and fetch the libraries that are built by recipes.

    :raises NotFoundError: if a source cannot be had.
    :raises MismatchError: if it has another hash than its recipe says.
    :raises ConfigurationError: if it lacks what its recipe names.
    """
    project = checkout.project
    opened, libraries = open_libraries(project, zig.machine)
    sources = {path: checkout.read(path) for path in project.tree.by_path}
    products, headers = help_windows(opened, sources, zig.library)
    return Graph(project, products, sources, headers, libraries)
