"""What of a source tree goes into the wheel, and under which name: packages, single modules, namespaces, stubs."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from .errors import ConfigurationError, Problem
from .tree import SourceTree

SOURCE_ROOTS = ("src", "lib", "python")
"""Folders that hold packages without being one: at the start of a path they are no part of the import name."""


def find_contents(
    tree: SourceTree,
    packages: Iterable[str],
    project_name: str,
    modules: Iterable[str],
    left_out: Collection[str],
    prefix: str = "tool.zigbuild.",
) -> dict[str, str]:
    """The Python side of the wheel: path in the wheel → path in the tree.

    *packages* is the setting, empty to search by *project_name* and the names of the extension *modules*; files that
    are *left_out* are compiled or not wanted. *prefix* is what the names of settings begin with in messages.

    :raises ConfigurationError: if a package that is named, or any at all, cannot be found, or two files would be one.
    """
    chosen = list(packages) or _find_packages(tree, project_name, list(modules), prefix)
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
        for path in files:
            if path not in left_out and contents.setdefault(path[len(root) :], path) != path:
                problems.append(
                    Problem(
                        f"{path!r} would be in the wheel what {contents[path[len(root) :]]!r} is",
                        where=f"{prefix}packages[{index}]",
                        hint="name one of them",
                    )
                )
    if problems:
        raise ConfigurationError.of(problems)
    return contents


def _source_root(package: str) -> str:
    first, slash, _ = package.partition("/")
    return f"{first}/" if slash and first in SOURCE_ROOTS else ""


def _find_packages(tree: SourceTree, project_name: str, modules: list[str], prefix: str) -> list[str]:
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
    chosen = sorted(name for name in found if name.rsplit(".", 1)[0].lower() in wanted)
    if not chosen and not any("." not in module for module in modules):
        raise ConfigurationError(
            f"found no package or module that belongs to {project_name!r}",
            where=f"{prefix}packages",
            hint=f"add {flat.replace('.', '/')}/__init__.py or src/, or name the folders in 'packages'",
        )
    return chosen


def _is_module(path: str) -> bool:
    """Whether a Python file, relative to a source root, can be imported (or is a stub of what can)."""
    *folders, name = path.split("/")
    stem = name.rsplit(".", 1)[0]
    top, *inner = [*folders, stem]
    return top.removesuffix("-stubs").isidentifier() and all(part.isidentifier() for part in inner) and top != "setup"
