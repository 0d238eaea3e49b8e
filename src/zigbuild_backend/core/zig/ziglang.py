"""Finds a zig of the version that a project is pinned to: installed for this Python, or kept in the store."""

from __future__ import annotations

import base64
import contextlib
import csv
import hashlib
import importlib.util
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from ..base import store_folders
from ..base.errors import ConfigurationError, MismatchError, NotFoundError
from ..base.machine import Machine
from ..base.store import Store, link_or_copy
from .toolchain import Zig

KEEP_VARIABLE = "ZIGBUILD_KEEP_ZIG"
"""The environment variable that prevents, set to 0, that zig is kept in the store for isolated builds."""

_EXECUTABLE = Path("ziglang", "zig.exe" if sys.platform == "win32" else "zig")
_VERSION = re.compile(r"[0-9][0-9A-Za-z.!+]*")

_LAST_LINES = 5
"""Of what an installer said, how much a message quotes."""


def find_zig(version: str, machine: Machine) -> Zig:
    """Return the zig of exactly *version* that is installed for the running Python, or that the store keeps.

    :raises NotFoundError: if the ``ziglang`` package in that version is neither here nor there.
    :raises ConfigurationError: if the store lies where zig cannot work.
    """
    if ": " in str(machine.store.root):
        # What clang says of a file's dependencies has the form of a makefile, and zig cannot read it back then.
        raise ConfigurationError(
            "zig cannot work below a path with ': ' in it", where=str(machine.store.root), hint="set ZIGBUILD_CACHE_DIR"
        )
    installed = {info.name[len("ziglang-") : -len(".dist-info")]: info.parent for info in _list_installed()}
    kept = _find_kept(version, machine.store)
    for folder in (installed.get(version), kept):
        if folder and (folder / _EXECUTABLE).is_file():
            return Zig(folder / _EXECUTABLE, version, machine)
    if kept:
        raise NotFoundError("this zig was damaged", where=str(kept), hint="delete the folder, and try again")
    there = f"; installed is {', '.join(installed)}" if installed else ""
    raise NotFoundError(
        f"zig {version} is not installed{there}", where="ziglang", hint=f"pip install ziglang=={version}"
    )


def _list_installed() -> Iterator[Path]:
    """Yield the ``.dist-info`` folders of the ``ziglang`` packages on the path of the running Python, last first."""
    for folder in reversed(sys.path):
        yield from Path(folder or ".").glob("ziglang-*.dist-info")


def _find_kept(version: str, store: Store) -> Path | None:
    """Return the folder of the store that holds the ``ziglang`` package of *version*, if one does."""
    folder = store.root / store_folders.ZIGLANG / version
    return folder if folder.is_dir() else None


def obtain_zig(version: str, machine: Machine) -> Zig:
    """Return the zig of exactly *version*; one that is not here is installed into the store.

    It comes from where pip (or uv, where there is no pip) is configured to get packages.

    :raises NotFoundError: if it cannot be installed.
    """
    try:
        return find_zig(version, machine)
    except NotFoundError:
        obtain_ziglang(version, machine)
    return find_zig(version, machine)


def obtain_ziglang(version: str, machine: Machine) -> Path:
    """Return a folder of the store with the ``ziglang`` package of exactly *version*, and nothing else.

    An installed one is linked there, else it is installed there; each of its files is held against its RECORD.

    :raises MismatchError: if *version* is no version, or a file is not what RECORD says.
    :raises NotFoundError: if it cannot be installed.
    """
    if not _VERSION.fullmatch(version):
        raise MismatchError(f"says that zig {version!r} compiled the wheel", where="zigbuild-buildinfo.json")

    def make(folder: Path) -> None:
        information = f"ziglang-{version}.dist-info"
        try:
            installed = find_zig(version, machine).executable.parents[1]
        except NotFoundError:
            machine.say(f"installing zig {version} into the cache")
            install([f"ziglang=={version}"], folder, machine.environ)
        else:
            for part in ("ziglang", information):
                shutil.copytree(installed / part, folder / part, copy_function=link_or_copy)
        _check_record(folder, information)

    return machine.store.keep((store_folders.ZIGLANG, version), make)


def _check_record(folder: Path, information: str) -> None:
    """Hold each file in *folder* that the RECORD there names a hash of against that.

    :raises MismatchError: for the first that is missing or different.
    """
    with (folder / information / "RECORD").open(encoding="utf-8", newline="") as file:
        rows = [(path, digest) for path, digest, _ in csv.reader(file) if digest and not path.startswith("..")]
    for path, noted in rows:
        mode, _, value = noted.partition("=")
        try:
            found = hashlib.new(mode, (folder / path).read_bytes()).digest()
        except FileNotFoundError:
            found = b""
        if base64.urlsafe_b64encode(found).rstrip(b"=").decode() != value:
            raise MismatchError(
                "is not the file that its RECORD names",
                where=path,
                hint="reinstall ziglang: pip install --force-reinstall ziglang",
            )


def is_kept(version: str, machine: Machine) -> bool:
    """Return whether the store has zig *version*, so that no build environment needs to install it.

    Where it has none, the next :func:`keep_asked` puts the installed one there. ``ZIGBUILD_KEEP_ZIG=0`` prevents both.
    """
    if machine.environ.get(KEEP_VARIABLE) == "0":
        return False
    if _find_kept(version, machine.store):
        return True
    with contextlib.suppress(OSError):
        _asked(version, machine.store).touch()
    return False


def keep_asked(zig: Zig) -> None:
    """Keep the installed *zig* in the store if a frontend was asked to install it.

    :raises MismatchError: if a file of it is not what its RECORD says.
    """
    asked = _asked(zig.version, zig.store)
    if asked.exists():
        asked.unlink(missing_ok=True)
        obtain_ziglang(zig.version, zig.machine)


def _asked(version: str, store: Store) -> Path:
    """Return the path of the mark which says that a frontend was asked to install zig *version*."""
    return store.folder(store_folders.ZIGLANG) / f"{version}.asked"


def settle_library(zig: Zig) -> Path:
    """Return zig's library at a path of the store, which is the same for every environment that zig is installed in.

    zig keeps the runtimes of Windows by the path of its library: an isolated build has its zig in a new folder each
    time, and would build them again for minutes.
    """
    if not (zig.executable.parents[1] / f"ziglang-{zig.version}.dist-info" / "RECORD").is_file():
        return zig.library
    # Resolved, since the runtimes are known by this path: stores that share it by a link share them, too.
    return (obtain_ziglang(zig.version, zig.machine) / "ziglang" / "lib").resolve()


def install(
    requirements: Sequence[str],
    folder: Path,
    environ: Mapping[str, str],
    *,
    minor: int = sys.version_info[1],
    with_dependencies: bool = False,
) -> None:
    """Install packages for CPython 3.*minor* into *folder*, from the index that pip or uv is configured for.

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
            hint="without a network, name a folder that holds its wheel: PIP_FIND_LINKS=FOLDER",
        )
