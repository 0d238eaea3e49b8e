"""Editable installs (PEP 660): a wheel that imports the project's Python files from where they are.

It holds the compiled modules, a path file for the source folder, and for modules inside a package of the project a
finder, since the importer looks for them beside the package's sources.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from .archive import Entry, write_wheel
from .errors import ZigbuildError
from .plan import PlannedWheel, Project
from .wheel import STORED, Workshop, compile_wheels, pack, specify

_NO_MODULES: Mapping[str, bytes] | ZigbuildError = {}
_FINDER = '''\
"""Finds the compiled modules of an editable install, and everything else where the sources are."""

import importlib.machinery
import importlib.util
import pathlib
import sys

MODULES = {modules!r}


class Finder:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name not in MODULES:
            return None
        file = str(pathlib.Path(__file__).parent / MODULES[name])
        loader = importlib.machinery.ExtensionFileLoader(name, file)
        return importlib.util.spec_from_file_location(name, file, loader=loader)


sys.meta_path.insert(0, Finder)
'''


def make_editable(
    project: Project, root: Path, wheel: PlannedWheel, out: Path, workshop: Workshop | None, *, epoch: int
) -> Path:
    """Makes the editable wheel of the project in *root* into the folder *out*, and gives its path.

    Without *workshop* there is no compiler, and the project must have no modules.

    :raises ZigbuildError: with what is wrong with its modules.
    """
    spec, modules = specify(project, epoch=epoch, archive=STORED), _NO_MODULES
    if workshop:
        ((_, spec, modules),) = compile_wheels(project, root, [wheel], workshop, epoch=epoch, archive=STORED)
    if isinstance(modules, ZigbuildError):
        raise modules
    name = f"_{spec.name}_editable"
    paths = {
        module.name: f"{name}_modules/{path}"
        for module in project.modules
        for path in modules
        if path.split(".")[0] == module.name.replace(".", "/")
    }
    folders = sorted({str((root / _source_root(source, path)).absolute()) for path, source in project.contents.items()})
    lines = [*folders, *([f"import {name}"] if paths else [])]
    entries = [Entry(f"{name}.pth", "".join(f"{line}\n" for line in lines).encode())]
    if paths:
        entries.append(Entry(f"{name}.py", _FINDER.format(modules=paths).encode()))
        entries += [Entry(f"{name}_modules/{path}", data, is_executable=True) for path, data in modules.items()]
    out.mkdir(parents=True, exist_ok=True)
    path = out / spec.file_name
    write_wheel(path, pack(project, root, spec, entries), mtime=epoch, deflate=None)
    return path


def _source_root(source: str, path: str) -> str:
    """What stands before the wheel's *path* in the path *source* in the tree."""
    return source[: len(source) - len(path)] or "."
