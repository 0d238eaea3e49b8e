"""What of a source tree goes into the wheel, and under which name: packages, single modules, namespaces, stubs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from ..base.errors import ProblemList
from ..settings.contents import WheelContents
from ..settings.fields import Paths
from .source_tree import SourceTree

SOURCE_ROOTS = ("src", "lib", "python")
"""Folders that hold packages without being one: at the start of a path they are no part of the import name."""


def choose_packages(
    tree: SourceTree, packages: Sequence[str], project_name: str, modules: Collection[str]
) -> list[str]:
    """Return the packages and single modules of the wheel, as paths in the tree.

    They are the setting *packages*, or if that is empty those found by *project_name* and the names of the extension
    *modules*.
    """
    return [package.rstrip("/") for package in packages] or _find_packages(tree, project_name, modules)


def find_contents(
    tree: SourceTree,
    packages: Sequence[str],
    included: Mapping[str, str],
    left_out: Collection[str],
    problems: ProblemList,
) -> dict[str, str]:
    """Return the Python side of the wheel: path in the wheel → path in the tree.

    It is the files of *packages* and those *included*; files that are *left_out* are compiled or not wanted.

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
    """Return where the files and folders *included* go: path there → path in the tree.

    Files of folders that are *left_out* are not among them.

    :raises ConfigurationError: if a file or folder is not there, or two files have one path.
    """
    found: dict[str, str] = {}
    for source, place in ((source.rstrip("/"), place.rstrip("/")) for source, place in included):
        files = {place: source}
        if source not in tree.by_path:
            files = {place + path[len(source) :]: path for path in tree.below(source) if path not in left_out}
        if not files:
            hint = "name a file or a folder; what git ignores is no part of the project"
            problems.at(source).add(f"there is no {source!r} in the project", hint)
        _add(found, files, problems.at(source))
    problems.raise_any()
    return found


def find_data(tree: SourceTree, wheel: WheelContents, problems: ProblemList) -> dict[str, str]:
    """Return the contents of the wheel's ``.data``: path below it → path in the tree.

    *problems* collects those of the table ``wheel``.

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
                hint = "name a file, a folder or a glob; what git ignores is no part of the project"
                place.add(f"no file of the project matches {pattern!r}", hint)
            _add(found, files, place)
    problems.raise_any()
    data = find_included(tree, wheel.data, problems.at("data"))
    return found | {f"data/{path}": source for path, source in data.items()}


def _add(found: dict[str, str], files: Mapping[str, str], problems: ProblemList) -> None:
    """Add *files* to those *found*, and a problem for each path that another file has already."""
    for path, source in files.items():
        if (other := found.setdefault(path, source)) != source:
            problems.add(f"{source!r} has the same path in the wheel as {other!r}", "name one of them")


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
    """Whether a Python file, relative to a source root, can be imported (or is a stub of what can)."""
    *folders, name = path.split("/")
    stem = name.rsplit(".", 1)[0]
    top, *inner = [*folders, stem]
    return top.removesuffix("-stubs").isidentifier() and all(part.isidentifier() for part in inner) and top != "setup"
