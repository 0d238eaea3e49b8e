"""Keeps the build environment of an editable install, which outlives the isolated environment of the frontend."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterable
from dataclasses import dataclass, replace
from importlib.metadata import Distribution
from pathlib import Path

from ..core.base import store_folders
from ..core.base.backend_digest import PACKAGE, PACKAGE_FOLDER, list_package
from ..core.base.store import digest_tree, link_or_copy
from ..core.generate.installed_tools import find_tools
from ..core.zig.toolchain import Zig
from ..core.zig.ziglang import obtain_ziglang

_OWN_REQUIREMENTS = ("packaging", "pyproject-metadata", *(["tomli"] if sys.version_info < (3, 11) else []))


@dataclass(frozen=True)
class BuildEnvironment:
    """``folders`` of the store from which the backend and its requirements are imported; ``zig`` is in one of them."""

    folders: tuple[Path, ...]
    zig: Zig

    @property
    def name(self) -> str:
        """A digest of all packages in it but zig."""
        return self.folders[0].name


def keep_environment(requirements: Iterable[str], headers: Iterable[str], zig: Zig) -> BuildEnvironment:
    """Copy the running backend, *zig* and the installed *requirements* into the store.

    The requirements *headers* are copied without their own requirements. Packages that are editable installs are left
    out: they are imported from where they are.

    :raises NotFoundError: if requirements are not installed; it names them.
    """
    own = list_package(PACKAGE_FOLDER)
    tools = find_tools([*_OWN_REQUIREMENTS, *requirements], headers=headers).distributions
    distributions = {name: found for name, found in tools.items() if not _is_editable(found)}
    parts = {name: (found.read_text("RECORD") or "").encode() for name, found in distributions.items()}
    parts.update({f"{PACKAGE}/{path}": (PACKAGE_FOLDER / path).read_bytes() for path in own})

    def make(folder: Path) -> None:
        for path in own:
            target = folder / PACKAGE / path
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(PACKAGE_FOLDER / path, target)
        for distribution in distributions.values():
            _copy_distribution(distribution, folder)

    folder = zig.store.keep((store_folders.EDITABLE_ENVIRONMENTS, digest_tree(parts)), make)
    ziglang = obtain_ziglang(zig.version, zig.machine)
    return BuildEnvironment((folder, ziglang), replace(zig, executable=ziglang / "ziglang" / zig.executable.name))


def _is_editable(distribution: Distribution) -> bool:
    origin = json.loads(distribution.read_text("direct_url.json") or "{}")
    return bool(origin.get("dir_info", {}).get("editable"))


def _copy_distribution(distribution: Distribution, folder: Path) -> None:
    """Copy the files of *distribution* into *folder*, except for commands."""
    for file in distribution.files or ():
        source = Path(str(file.locate()))
        if ".." not in file.parts and source.is_file():
            target = folder / file
            target.parent.mkdir(parents=True, exist_ok=True)
            link_or_copy(str(source), str(target))
