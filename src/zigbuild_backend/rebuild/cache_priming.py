"""Primes the caches: builds an empty module for the same targets and Pythons before a foreign source is built.

That makes what a backend makes once for all projects (the deflate program, import definitions, C runtimes), so that the
real run needs to write nothing that other projects read. The store has a note for each target that was primed.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ..core.base import store_folders
from ..core.base.machine import Say, say_nothing
from ..core.cpython.header_sets import HeaderSet
from ..core.graph.runtimes import render_empty_module
from ..core.wheel.spec import WheelSpec
from .backend_command import SHARED_FOLDERS, BackendCommand, WheelsRequest

_NAME = "priming"
_PYPROJECT = """\
[build-system]
requires = ["zigbuild-backend"]
build-backend = "zigbuild_backend"

[project]
name = "priming"
version = "0"

[tool.zigbuild]
zig = "{zig}"
"""
_EXTENSION = """
[[tool.zigbuild.extension]]
name = "priming._module"
sources = ["priming/module.c"]
"""


def prime_caches(
    backend: BackendCommand,
    specs: Sequence[WheelSpec],
    headers: Mapping[int, HeaderSet],
    zig: str,
    say: Say = say_nothing,
) -> bool:
    """Build an empty module for those targets and Pythons of *specs* that were not primed; return whether any was not.

    *headers* are by minor version of Python. *say* is called before, since the build may take minutes.

    :raises ZigbuildError: if the build fails.
    """
    missing = [spec for spec in specs if not all(note.is_file() for note in _list_notes(backend, spec, zig))]
    chosen = _choose_few(backend, missing, zig)
    if not chosen:
        return False
    platforms = sorted({spec.target.platform_tag for spec in chosen if spec.target})
    if platforms:
        say(
            f"first rebuild for {', '.join(platforms)}: building their C runtimes takes from seconds to some minutes "
            "each; they are kept for every later rebuild"
        )
    project = backend.store.keep_tree(store_folders.PRIMING, _render_project(chosen, zig))
    minors = {spec.python.python.minor for spec in chosen if spec.python}
    with backend.store.scratch(store_folders.PRIMED) as out:
        made = backend.make_wheels(
            WheelsRequest(
                project,
                [replace(spec, name=_NAME, version="0", overrides=()) for spec in chosen],
                [headers[minor] for minor in sorted(minors)],
                out,
                readable=[project],
                writable=[backend.store.folder(name) for name in SHARED_FOLDERS],
            )
        )
    for error in made.errors.values():
        raise error
    for spec in missing:
        for note in _list_notes(backend, spec, zig):
            note.parent.mkdir(parents=True, exist_ok=True)
            note.touch()
    return True


def forget_priming(backend: BackendCommand) -> None:
    """Delete the notes of an environment, so that the caches are primed again: somebody may have cleared them."""
    shutil.rmtree(backend.store.root / store_folders.PRIMED / backend.environment.name, ignore_errors=True)


def _list_notes(backend: BackendCommand, spec: WheelSpec, zig: str) -> list[Path]:
    """Return the files that note that all was made which a wheel of *spec* needs beside its sources."""
    folder = backend.store.root / store_folders.PRIMED / backend.environment.name / f"zig-{zig}"
    if not spec.target or not spec.python:
        return [folder / "pure"]
    notes = [folder / f"{spec.target}-{spec.optimize}"]
    if spec.target.is_windows:
        notes.append(folder / f"{spec.python.python}-{spec.python.headers}")
    return notes


def _choose_few(backend: BackendCommand, specs: Iterable[WheelSpec], zig: str) -> list[WheelSpec]:
    """Return as few of *specs* as have the notes of all."""
    seen: set[Path] = set()
    chosen = []
    for spec in specs:
        notes = set(_list_notes(backend, spec, zig))
        if not notes <= seen:
            chosen.append(spec)
            seen |= notes
    return chosen


def _render_project(specs: Sequence[WheelSpec], zig: str) -> dict[str, bytes]:
    """Return the files of a project that has the wheels of *specs*; as it has a PKG-INFO, git is not asked about it."""
    text = _PYPROJECT.format(zig=zig)
    stable = [spec.python.python for spec in specs if spec.python and spec.python.python.stable_abi]
    if specs[0].python:
        text += _EXTENSION
    if stable:
        text += f'stable-abi = "{min(stable).beginning}"\n'
    return {
        "PKG-INFO": b"Metadata-Version: 2.1\nName: priming\nVersion: 0\n",
        "pyproject.toml": text.encode(),
        "priming/__init__.py": b"",
        "priming/module.c": render_empty_module("_module").encode(),
    }
