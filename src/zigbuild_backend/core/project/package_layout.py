"""The Python side of a wheel: packages, single modules, namespaces and stubs, with their paths in it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from ..base.errors import ProblemList
from ..settings.contents import WheelContents
from ..settings.fields import Paths
from .source_tree import SourceTree

SOURCE_ROOTS = ("src", "lib", "python")
"""Folders that hold packages but are none: at the start of a path they are no part of the import name."""


def choose_packages(
    tree: SourceTree, packages: Sequence[str], project_name: str, modules: Collection[str]
) -> list[str]:
    """Return the packages and single modules of the wheel, as paths in the tree.

    These are the setting *packages*, or without it the ones that are found by *project_name* and the names of the
    extension *modules*.
    """
    return [package.rstrip("/") for package in packages] or _find_packages(tree, project_name, modules)


def find_contents(
    tree: SourceTree,
    packages: Sequence[str],
    included: Mapping[str, str],
    left_out: Collection[str],
    problems: ProblemList,
) -> dict[str, str]:
    """Return the files of *packages* and the *included* ones: path in the wheel → path in the tree.

    Files that are *left_out*, since they are compiled or excluded, are not among them.

    :raises ConfigurationError: if a package is not there, or two files have one path in the wheel.
    """
    contents: dict[str, str] = {}
    for place, package in problems.each("packages", packages):
        root = _source_root(package)
        files = [package] if package in tree.by_path else tree.below(package)
        if not files:
            hint = "name a folder or a .py file; files that git ignores are no part of the project"
            place.add(f"there is no {package!r} in the project", hint)
        _add(contents, {path[len(root) :]: path for path in files if path not in left_out}, place)
    _add(contents, included, problems.at("wheel.include"))
    problems.raise_any()
    return contents


def find_included(
    tree: SourceTree, included: Paths, problems: ProblemList, left_out: Collection[str] = ()
) -> dict[str, str]:
    """Return the files that *included* names, itself or by a folder: installed path → path in the tree.

    Files of folders that are *left_out* are not among them.

    :raises ConfigurationError: if a file or folder is not there, or two files have one path.
    """
    found: dict[str, str] = {}
    for source, path in ((source.rstrip("/"), path.rstrip("/")) for source, path in included):
        files = {path: source}
        if source not in tree.by_path:
            files = {path + file[len(source) :]: file for file in tree.below(source) if file not in left_out}
        if not files:
            hint = "name a file or a folder; files that git ignores are no part of the project"
            problems.at(source).add(f"there is no {source!r} in the project", hint)
        _add(found, files, problems.at(source))
    problems.raise_any()
    return found


def find_data(tree: SourceTree, wheel: WheelContents, problems: ProblemList) -> dict[str, str]:
    """Return the contents of the wheel's ``.data``: path below it → path in the tree.

    Problems of the table ``wheel`` are added to *problems*.

    :raises ConfigurationError: if a file or folder is not there, or two files have one path.
    """
    found: dict[str, str] = {}
    for key, patterns in (("scripts", wheel.scripts), ("headers", wheel.headers)):
        for place, pattern in problems.each(key, patterns):
            folder = pattern.rstrip("/") + "/"
            inside = tree.below(folder)
            files = {f"{key}/{path[len(folder) :]}": path for path in inside}
            if not inside or key == "scripts":
                files = {f"{key}/{path.rpartition('/')[2]}": path for path in inside or tree.match([pattern])}
            if not files:
                hint = "name a file, a folder or a glob; files that git ignores are no part of the project"
                place.add(f"no file of the project matches {pattern!r}", hint)
            _add(found, files, place)
    problems.raise_any()
    data = find_included(tree, wheel.data, problems.at("data"))
    return found | {f"data/{path}": source for path, source in data.items()}


def _add(found: dict[str, str], files: Mapping[str, str], problems: ProblemList) -> None:
    """Add *files* to *found*, and a problem for each path that another file has there already."""
    for path, source in files.items():
        if (other := found.setdefault(path, source)) != source:
            problems.add(f"{other!r} and {source!r} would both be installed as {path!r}", "name only one of them")


def _source_root(package: str) -> str:
    first, slash, _ = package.partition("/")
    return f"{first}/" if slash and first in SOURCE_ROOTS else ""


def _find_packages(tree: SourceTree, project_name: str, modules: Iterable[str]) -> list[str]:
    importable = {
        path.split("/", 2)[1] for path in tree.below("src") if path.endswith((".py", ".pyi")) and _is_module(path[4:])
    }
    if importable:
        return [f"src/{name}" for name in sorted(importable)]
    flat = project_name.replace("-", "_")
    wanted = {flat.replace(".", "_").lower(), flat.split(".")[0].lower()}
    wanted |= {module.split(".")[0].lower() for module in modules}
    wanted |= {f"{name}-stubs" for name in wanted}
    found = {path.split("/")[0] for path in tree.by_path if path.endswith((".py", ".pyi")) and _is_module(path)}
    return sorted(name for name in found if name.rsplit(".", 1)[0].lower() in wanted)


def _is_module(path: str) -> bool:
    """Return whether the Python file at *path*, relative to a source root, can be imported, or is the stub of one."""
    *folders, name = path.split("/")
    stem = name.rsplit(".", 1)[0]
    top, *inner = [*folders, stem]
    return top.removesuffix("-stubs").isidentifier() and all(part.isidentifier() for part in inner) and top != "setup"
