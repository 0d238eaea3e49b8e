"""Gets a zig of the version that a project is pinned to: the installed one, else one installed into the store."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..base import store_folders
from ..base.errors import MismatchError, NotFoundError
from ..base.machine import Machine
from ..base.store import link_or_copy
from .toolchain import Zig, find_zig

_VERSION = re.compile(r"[0-9][0-9A-Za-z.!+]*")

_LAST_LINES = 5
"""Of what an installer said, how much a message quotes."""


def obtain_zig(version: str, machine: Machine) -> Zig:
    """Return the zig of exactly *version*. If it has to be fetched, *say* is told, and the store keeps it.

    It comes from where pip (or uv, where there is no pip) is configured to get packages.

    :raises NotFoundError: if it cannot be installed.
    """
    try:
        return find_zig(version, machine)
    except NotFoundError:
        pass
    folder = obtain_ziglang(version, machine)
    executable = folder / "ziglang" / ("zig.exe" if sys.platform == "win32" else "zig")
    if not executable.is_file():
        raise NotFoundError("this zig was damaged", where=str(folder), hint="delete the folder, and try again")
    return Zig(executable, version, machine)


def obtain_ziglang(version: str, machine: Machine) -> Path:
    """Return a folder of the store with the package ``ziglang`` of exactly *version*, and nothing else.

    What is installed is linked there; otherwise *say* is told, and it is installed.

    :raises MismatchError: if *version* is no version.
    :raises NotFoundError: if it cannot be installed.
    """
    if not _VERSION.fullmatch(version):
        raise MismatchError(f"says that zig {version!r} compiled the wheel", where="zigbuild-buildinfo.json")

    def make(folder: Path) -> None:
        try:
            zig = find_zig(version, machine)
        except NotFoundError:
            machine.say(f"installing zig {version} into the cache")
            install([f"ziglang=={version}"], folder, machine.environ)
        else:
            package = zig.executable.parent
            for part in (package, package.with_name(f"ziglang-{version}.dist-info")):
                shutil.copytree(part, folder / part.name, copy_function=link_or_copy)

    return machine.store.keep((store_folders.ZIGLANG, version), make)


def install(
    requirements: Sequence[str],
    folder: Path,
    environ: Mapping[str, str],
    *,
    minor: int = sys.version_info[1],
    with_dependencies: bool = False,
) -> None:
    """Installs packages for CPython 3.*minor* into *folder*, from where pip or uv is configured to get them.

    Only wheels are taken: nothing of the packages is run.

    :raises NotFoundError: if they cannot be had.
    """
    options = ["--target", str(folder), "--only-binary", ":all:", "--quiet"]
    options += [] if with_dependencies else ["--no-deps"]
    options += [] if minor == sys.version_info[1] else ["--python-version", f"3.{minor}"]
    what = " ".join(requirements)
    if importlib.util.find_spec("pip"):
        command = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check"]
    elif uv := shutil.which("uv", path=environ.get("PATH", "")):
        command = [uv, "pip", "install", "--python", sys.executable]
    else:
        raise NotFoundError("is not installed, and there is neither pip nor uv to install it", where=what)
    done = subprocess.run(
        [*command, *options, *requirements], env=dict(environ), stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    if done.returncode:
        said = "\n".join((done.stderr.strip() or done.stdout.strip()).splitlines()[-_LAST_LINES:])
        raise NotFoundError(
            f"cannot be installed:\n{said}",
            where=what,
            hint=f"without a network, install it from a file: pip install {what}",
        )
