"""The paths of an editable install: files that are imported from the project's folder, and files that it copies."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from ..core.project.project import Project


@dataclass(frozen=True)
class ImportPaths:
    """``folders`` go on ``sys.path``, relative to the project's folder.

    ``copies`` (path in the wheel → path in the tree) are the files that cannot be imported from those folders.
    """

    folders: tuple[str, ...]
    copies: Mapping[str, str]


def find_import_paths(project: Project) -> ImportPaths:
    """Return the import paths of *project*.

    A file is imported in place if its path in the tree ends with its path in the wheel, below the same folder as its
    package. Files that are generated are not on disk, and are copied.
    """
    contents, files = project.contents, project.tree.by_path
    homes = {path: _find_home(source, path) for path, source in contents.items()}
    copies: dict[str, str] = {}
    folders: set[str] = set()
    for path, source in contents.items():
        home = homes[path]
        package = homes.get(f"{find_import_root(path, contents)}/__init__.py", home)
        if home is None or home != package or files[source].content is not None:
            copies[path] = source
        else:
            folders.add(home)
    return ImportPaths(tuple(sorted(folders)), copies)


def find_import_root(path: str, contents: Collection[str]) -> str:
    """Return the folder of the outermost package of the file or module at *path*, or *path* if it is in no package.

    Namespace packages, which have no ``__init__.py``, do not count: other distributions may share them.
    """
    parts = path.split("/")
    prefixes = ["/".join(parts[:end]) for end in range(1, len(parts))]
    return next((prefix for prefix in prefixes if f"{prefix}/__init__.py" in contents), path)


def list_import_roots(modules: Iterable[str], files: Iterable[str], contents: Collection[str]) -> tuple[str, ...]:
    """Return the dotted names of the outermost packages of *modules* (dotted names) and *files*.

    A module that is in no package is its own root.
    """
    paths = [module.replace(".", "/") for module in modules]
    packages = [root for path in files if (root := find_import_root(path, contents)) != path]
    roots = {*(find_import_root(path, contents) for path in paths), *packages}
    return tuple(sorted(root.replace("/", ".") for root in roots))


def _find_home(source: str, path: str) -> str | None:
    """Return the folder of the tree below which *source* has the path that it has in the wheel, if there is one."""
    if source == path:
        return "."
    return source.removesuffix(f"/{path}") if source.endswith(f"/{path}") else None
