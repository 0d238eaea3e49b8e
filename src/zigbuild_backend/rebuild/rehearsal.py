"""Rehearsals: before a foreign source is built, a module that does nothing is, for the same targets and Pythons.

It makes what a backend makes once for all projects (the deflate program, import definitions, C runtimes), so that the
real run needs to write nothing that other projects read. What was rehearsed is noted in the store.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ..core.base import store_folders
from ..core.cpython.header_sets import HeaderSet
from ..core.graph.runtimes import render_empty_module
from ..core.wheel.spec import WheelSpec
from .backend_process import KEPT, Child

_NAME = "rehearsal"
_PYPROJECT = """\
[build-system]
requires = ["zigbuild-backend"]
build-backend = "zigbuild_backend"

[project]
name = "rehearsal"
version = "0"

[tool.zigbuild]
zig = "{zig}"
"""
_EXTENSION = """
[[tool.zigbuild.extension]]
name = "rehearsal._module"
sources = ["rehearsal/module.c"]
"""


def rehearse(
    child: Child,
    specs: Sequence[WheelSpec],
    headers: Mapping[int, HeaderSet],
    zig: str,
    say: Callable[[str], None] = lambda text: None,
) -> bool:
    """Builds for the targets and Pythons of *specs* what was not built for them before; gives whether there was any.

    *say* is told before, since it may take its time.

    :raises ZigbuildError: if that fails.
    """
    missing = [spec for spec in specs if not all(note.is_file() for note in _notes(child, spec, zig))]
    chosen = _thin_out(child, missing, zig)
    if not chosen:
        return False
    platforms = sorted({spec.target.platform_tag for spec in chosen if spec.target})
    if platforms:
        say(
            f"first rebuild here for {', '.join(platforms)}: what is built once for all projects takes from seconds to"
            " some minutes a platform, and is kept"
        )
    project = child.store.keep_tree(store_folders.REHEARSALS, _render_project(chosen, zig))
    alike = [replace(spec, name=_NAME, version="0", overrides=()) for spec in chosen]
    wanted = {spec.python.python.minor for spec in chosen if spec.python}
    with child.store.scratch(store_folders.REHEARSED) as out:
        made = child.make_wheels(
            project,
            alike,
            [headers[minor] for minor in sorted(wanted)],
            out,
            readable=[project],
            writable=[child.store.folder(name) for name in KEPT],
        )
    for error in made.errors.values():
        raise error
    for spec in missing:
        for note in _notes(child, spec, zig):
            note.parent.mkdir(parents=True, exist_ok=True)
            note.touch()
    return True


def forget(child: Child) -> None:
    """Forgets what was rehearsed in an environment, so that it is done again: somebody may have cleared the caches."""
    shutil.rmtree(child.store.root / store_folders.REHEARSED / child.environment.name, ignore_errors=True)


def _notes(child: Child, spec: WheelSpec, zig: str) -> list[Path]:
    """The files that say that all was made which a wheel of *spec* needs beside its sources."""
    folder = child.store.root / store_folders.REHEARSED / child.environment.name / f"zig-{zig}"
    if not spec.target or not spec.python:
        return [folder / "pure"]
    notes = [folder / f"{spec.target}-{spec.optimize}"]
    if spec.target.is_windows:
        notes.append(folder / f"{spec.python.python}-{spec.python.headers}")
    return notes


def _thin_out(child: Child, specs: Iterable[WheelSpec], zig: str) -> list[WheelSpec]:
    """As few of *specs* as need all that any of them needs."""
    seen: set[Path] = set()
    chosen = []
    for spec in specs:
        notes = set(_notes(child, spec, zig))
        if not notes <= seen:
            chosen.append(spec)
            seen |= notes
    return chosen


def _render_project(specs: Sequence[WheelSpec], zig: str) -> dict[str, bytes]:
    """A project that has the wheels of *specs*; an sdist, by its PKG-INFO, so that no git is asked of it."""
    text = _PYPROJECT.format(zig=zig)
    stable = [spec.python.python for spec in specs if spec.python and spec.python.python.stable_abi]
    if specs[0].python:
        text += _EXTENSION
    if stable:
        text += f'stable-abi = "{min(stable).beginning}"\n'
    return {
        "PKG-INFO": b"Metadata-Version: 2.1\nName: rehearsal\nVersion: 0\n",
        "pyproject.toml": text.encode(),
        "rehearsal/__init__.py": b"",
        "rehearsal/module.c": render_empty_module("_module").encode(),
    }
