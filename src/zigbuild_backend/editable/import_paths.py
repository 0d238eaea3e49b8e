"""Which of a project's files are imported from where they are, and which an editable install has to hold itself."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from ..core.project.project import Project


@dataclass(frozen=True)
class Layout:
    """``folders`` go on ``sys.path``, relative to the project's. ``copies``: path in the wheel → path in the tree, of
    what cannot be found from there.
    """

    folders: tuple[str, ...]
    copies: Mapping[str, str]


def find_layout(project: Project) -> Layout:
    """How the files of *project* are imported.

    One is found in place if its path in the tree ends as in the wheel, and begins as that of its package. What is not
    on disk is in no place.
    """
    contents, files = project.contents, project.tree.by_path
    homes = {path: _find_home(source, path) for path, source in contents.items()}
    copies: dict[str, str] = {}
    folders: set[str] = set()
    for path, source in contents.items():
        home = homes[path]
        package = homes.get(f"{find_root(path, contents)}/__init__.py", home)
        if home is None or home != package or files[source].content is not None:
            copies[path] = source
        else:
            folders.add(home)
    return Layout(tuple(sorted(folders)), copies)


def find_root(path: str, contents: Collection[str]) -> str:
    """The outermost package that the file or module at *path* belongs to, or its own path: what is the project's alone.

    Namespace packages, which have no ``__init__.py``, are not.
    """
    parts = path.split("/")
    prefixes = ["/".join(parts[:end]) for end in range(1, len(parts))]
    return next((prefix for prefix in prefixes if f"{prefix}/__init__.py" in contents), path)


def find_roots(modules: Iterable[str], files: Iterable[str], contents: Collection[str]) -> tuple[str, ...]:
    """The dotted names of the outermost packages that hold *modules* (dotted names) or *files*, or of the modules."""
    paths = [module.replace(".", "/") for module in modules]
    packages = [root for path in files if (root := find_root(path, contents)) != path]
    roots = {*(find_root(path, contents) for path in paths), *packages}
    return tuple(sorted(root.replace("/", ".") for root in roots))


def _find_home(source: str, path: str) -> str | None:
    """The folder of the tree from which *path* leads to *source*, if there is one."""
    if source == path:
        return "."
    return source.removesuffix(f"/{path}") if source.endswith(f"/{path}") else None
