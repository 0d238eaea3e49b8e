"""What of a source tree goes into the wheel, and under which name: packages, single modules, namespaces, stubs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from types import MappingProxyType

from ..base.errors import ConfigurationError, Problem
from ..settings.contents import WheelContents
from ..settings.fields import Paths
from .source_tree import SourceTree

SOURCE_ROOTS = ("src", "lib", "python")
"""Folders that hold packages without being one: at the start of a path they are no part of the import name."""


def find_contents(
    tree: SourceTree,
    packages: Iterable[str],
    project_name: str,
    modules: Iterable[str],
    left_out: Collection[str],
    prefix: str = "tool.zigbuild.",
    *,
    included: Mapping[str, str] = MappingProxyType({}),
    has_others: bool = False,
) -> dict[str, str]:
    """The Python side of the wheel: path in the wheel → path in the tree.

    *packages* is the setting, empty to search by *project_name* and the names of the extension *modules*; files that
    are *left_out* are compiled or not wanted. *prefix* is what the names of settings begin with in messages. What is
    *included* is added; with that, or if the wheel *has_others*, there need be no package.

    :raises ConfigurationError: if a package that is named, or any at all, cannot be found, or two files would be one.
    """
    modules = list(modules)
    chosen = list(packages) or _find_packages(tree, project_name, modules)
    if not chosen and not included and not has_others and all("." in module for module in modules):
        folder = project_name.replace("-", "_").replace(".", "/")
        raise ConfigurationError(
            f"found no package or module that belongs to {project_name!r}",
            where=f"{prefix}packages",
            hint=f"add {folder}/__init__.py or src/, or name the folders in 'packages'",
        )
    contents: dict[str, str] = {}
    problems = []
    for index, package in enumerate(chosen):
        package = package.rstrip("/")
        root = _source_root(package)
        files = [package] if package in tree.by_path else tree.below(package)
        if not files:
            problems.append(
                Problem(
                    f"there is no {package!r} in the project",
                    where=f"{prefix}packages[{index}]",
                    hint="name a folder or a .py file; files that git ignores are no part of the project",
                )
            )
        wanted = {path[len(root) :]: path for path in files if path not in left_out}
        problems += _add(contents, wanted, f"{prefix}packages[{index}]")
    problems += _add(contents, included, f"{prefix}wheel.include")
    if problems:
        raise ConfigurationError.of(problems)
    return contents


def find_included(
    tree: SourceTree, included: Paths, left_out: Collection[str] = (), where: str = "tool.zigbuild.wheel.include"
) -> dict[str, str]:
    """Where files and folders of the tree were told to go: path there → path in the tree.

    Of folders, what is *left_out* stays out. *where* is the place of the setting.

    :raises ConfigurationError: if something is not there, or two files would be one.
    """
    found: dict[str, str] = {}
    problems = []
    for source, place in ((source.rstrip("/"), place.rstrip("/")) for source, place in included):
        files = {place: source}
        if source not in tree.by_path:
            files = {place + path[len(source) :]: path for path in tree.below(source) if path not in left_out}
        if not files:
            hint = "name a file or a folder; what git ignores is no part of the project"
            problems.append(Problem(f"there is no {source!r} in the project", f"{where}.{source}", hint))
        problems += _add(found, files, f"{where}.{source}")
    if problems:
        raise ConfigurationError.of(problems)
    return found


def find_data(tree: SourceTree, wheel: WheelContents, prefix: str = "tool.zigbuild.") -> dict[str, str]:
    """What goes into the wheel's ``.data``: path below it → path in the tree.

    :raises ConfigurationError: if something is not there, or two files would be one.
    """
    problems: list[Problem] = []
    found: dict[str, str] = {}
    for key, patterns in (("scripts", wheel.scripts), ("headers", wheel.headers)):
        for number, pattern in enumerate(patterns):
            where = f"{prefix}wheel.{key}[{number}]"
            folder = pattern.rstrip("/") + "/"
            inside = tree.below(folder)
            files = {f"{key}/{path[len(folder) :]}": path for path in inside}
            if not inside or key == "scripts":
                files = {f"{key}/{path.rpartition('/')[2]}": path for path in inside or tree.match([pattern])}
            if not files:
                hint = "name a file, a folder or a glob; what git ignores is no part of the project"
                problems.append(Problem(f"no file of the project matches {pattern!r}", where, hint))
            problems += _add(found, files, where)
    if problems:
        raise ConfigurationError.of(problems)
    data = find_included(tree, wheel.data, where=f"{prefix}wheel.data")
    return found | {f"data/{path}": source for path, source in data.items()}


def _add(found: dict[str, str], files: Mapping[str, str], where: str) -> Iterator[Problem]:
    """Adds *files* to what was *found*, with a problem for each that is already another."""
    for path, source in files.items():
        if (other := found.setdefault(path, source)) != source:
            yield Problem(f"{source!r} would be in the wheel what {other!r} is", where, "name one of them")


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
