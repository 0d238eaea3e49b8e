"""The files and folders of a project that its modules depend on; an editable install looks at them on import."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from ..core.project.globs import is_glob
from ..core.project.project import Checkout, Project
from .import_paths import find_import_paths
from .installed.state import State, list_names, sign, sign_folder

_PYTHON = (".py", ".pyi")
_SETTINGS = ("pyproject.toml", ".gitignore")


def record_state(checkout: Checkout) -> State:
    """Return a state with the present signatures of the files and folders that the modules depend on.

    Those are all files but Python's, which are imported in place. A file is one of the *sources*, which the compiler
    may read, unless something else than the compiler reads it.
    """
    state = State()
    project = checkout.project
    others = {*find_import_paths(project).copies.values(), *project.data.values(), *_find_other_inputs(project)}
    for path in project.tree.by_path:
        if path.rpartition("/")[2] in _SETTINGS or path in others:
            state.settings[path] = sign(str(checkout.root / path))
        elif not path.endswith(_PYTHON):
            state.sources[path] = sign(str(checkout.root / path))
    for folder in sorted(set(_find_folders(checkout))):
        state.folders[folder] = sign_folder(str(checkout.root / folder)), list_names(str(checkout.root / folder))
    return state


def _find_other_inputs(project: Project) -> Iterator[str]:
    """Yield the files that something else than the compiler reads: inputs of generators, and those with the version."""
    yield from (source for generation in project.generations for source in generation.inputs)
    source = project.settings.version
    if source:
        yield source.path
        module = source.attribute.partition(":")[0].replace(".", "/")
        yield from (path for path in project.tree.by_path if path.endswith((f"{module}.py", f"{module}/__init__.py")))


def _find_folders(checkout: Checkout) -> Iterator[str]:
    """Yield the folders in which a new file may be one more source."""
    for pattern in _find_globs(checkout.project):
        fixed = re.split(r"[*?[]", pattern)[0].rpartition("/")[0]
        yield fixed
        if "/" in pattern.removeprefix(f"{fixed}/"):
            yield from _walk(checkout.root, fixed)


def _find_globs(project: Project) -> Iterable[str]:
    patterns = [part.table.sources + part.table.objects for product in project.products.all for part in product.parts]
    patterns += [table.sources + table.inputs for table in project.settings.generate]
    return (pattern for group in patterns for pattern in group if is_glob(pattern))


def _walk(root: Path, folder: str) -> Iterator[str]:
    """Yield the folders below *folder*, without those of Python and of tools."""
    for name in list_names(str(root / folder)).split("/"):
        path = f"{folder}/{name}" if folder else name
        if name and (root / path).is_dir():
            yield path
            yield from _walk(root, path)
