"""Keeps what an editable install is built with, so that it is built again when an isolated environment is gone."""

from __future__ import annotations

import importlib.metadata
import json
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from importlib.metadata import Distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from ..environments import PACKAGE, link, obtain_ziglang
from ..pins import NAME
from ..store import digest_tree
from ..toolchain import Zig

_OWN_REQUIREMENTS = ("packaging", "pyproject-metadata", "tomli; python_version < '3.11'")
_KEPT_ELSEWHERE = frozenset({NAME, "ziglang"})


@dataclass(frozen=True)
class BuildEnvironment:
    """``folders`` of the store from which the backend and all that it needs is imported, ``zig`` among them."""

    folders: tuple[Path, ...]
    zig: Zig

    @property
    def name(self) -> str:
        """A digest of all that is in it but zig."""
        return self.folders[0].name


def keep_environment(requirements: Iterable[str], zig: Zig) -> BuildEnvironment:
    """The running backend, *zig*, and what is installed of the *requirements*, in the store.

    What is installed as editable itself is left out: it stays where it is.
    """
    package = Path(__file__).parents[1]
    own = [path.relative_to(package) for path in package.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    distributions = _find_distributions([*_OWN_REQUIREMENTS, *requirements])
    parts = {name: (found.read_text("RECORD") or "").encode() for name, found in distributions.items()}
    parts.update({f"{PACKAGE}/{path.as_posix()}": (package / path).read_bytes() for path in own})

    def make(folder: Path) -> None:
        for path in own:
            target = folder / PACKAGE / path
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(package / path, target)
        for distribution in distributions.values():
            _copy_distribution(distribution, folder)

    folder = zig.store.keep(("editable-environments", digest_tree(parts)), make)
    ziglang = obtain_ziglang(zig.version, zig.store, zig.environ, lambda text: None)
    return BuildEnvironment((folder, ziglang), replace(zig, executable=ziglang / "ziglang" / zig.executable.name))


def _find_distributions(requirements: Iterable[str]) -> Mapping[str, Distribution]:
    """What is installed of *requirements* and of what those require, by name."""
    found: dict[str, Distribution] = {}
    pending = [(Requirement(text), frozenset({""})) for text in requirements]
    while pending:
        requirement, extras = pending.pop()
        name, marker = canonicalize_name(requirement.name), requirement.marker
        is_wanted = marker is None or any(marker.evaluate({"extra": extra}) for extra in extras)
        if is_wanted and name not in found and name not in _KEPT_ELSEWHERE and (distribution := _find_kept(name)):
            found[name] = distribution
            pending += [
                (Requirement(text), frozenset({"", *requirement.extras})) for text in distribution.requires or ()
            ]
    return found


def _find_kept(name: str) -> Distribution | None:
    """What is installed by that *name*, unless it is not, or is somewhere else."""
    try:
        distribution = importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError:
        return None
    origin = json.loads(distribution.read_text("direct_url.json") or "{}")
    return None if origin.get("dir_info", {}).get("editable") else distribution


def _copy_distribution(distribution: Distribution, folder: Path) -> None:
    """Copies what was installed into *folder*, but for commands and bytecode."""
    for file in distribution.files or ():
        source = Path(str(file.locate()))
        if ".." not in file.parts and file.suffix != ".pyc" and source.is_file():
            target = folder / file
            target.parent.mkdir(parents=True, exist_ok=True)
            link(str(source), str(target))
