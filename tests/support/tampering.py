"""Running the program where no index can be reached, and wheels that were tampered with."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

from machines import Venv

OFFLINE = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "", "UV_NO_INDEX": "1"}
BUILDINFO = "example_c-1.0.0.dist-info/zigbuild-buildinfo.json"
"""The path of the buildinfo in the wheels of the example."""

Alteration = Callable[[dict[str, bytes]], None]
"""Changes the members of a wheel: member → content."""


def zigbuild(
    venv: Venv, *arguments: str | Path, cwd: Path, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the program of *venv* where no index can be reached."""
    path = f"{venv.folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
    command = (venv.python, "-m", "zigbuild_backend", *arguments)
    return venv.run(*command, cwd=cwd, env={"PATH": path, **OFFLINE, **(env or {})}, check=False)


def hashes(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.glob("*.whl"))}


def alter(wheel: Path, change: Alteration) -> None:
    """Write the members of *wheel* again, after *change* was made to them: member → content."""
    with zipfile.ZipFile(wheel) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    change(members)
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)


def edit_buildinfo(**changes: object) -> Alteration:
    def edit(members: dict[str, bytes]) -> None:
        table = json.loads(members[BUILDINFO])
        for path, value in changes.items():
            *parents, key = path.split("__")
            place = table
            for parent in parents:
                place = place[parent]
            place[key] = value
        members[BUILDINFO] = json.dumps(table, sort_keys=True, separators=(",", ":")).encode()

    return edit
