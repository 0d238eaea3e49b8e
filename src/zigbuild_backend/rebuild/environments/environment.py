"""Build environments in the store: exactly the backend, libraries and zig that the buildinfo of a wheel names.

An environment is made once, from the installed packages if they are the right ones, else from the indexes that pip is
configured with; from then on it needs no network. None of its code runs while it is made.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import importlib.metadata
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ...core.base import store_folders
from ...core.base.backend_digest import PACKAGE, PACKAGE_FOLDER, list_package, read_backend
from ...core.base.errors import MismatchError, NotFoundError
from ...core.base.machine import Machine
from ...core.base.pins import DEFAULT_ZIG, NAME
from ...core.base.store import Store, digest_tree
from ...core.wheel.buildinfo import FILE_NAME as BUILDINFO
from ...core.wheel.spec import WheelSpec
from ...core.zig.ziglang import install, obtain_ziglang
from .earlier_backends import digest_any_backend
from .interpreters import Interpreter, find_interpreter

LIBRARIES = frozenset({"packaging", "pyproject-metadata"})
"""The packages that the backend imports. No other package that a wheel names may get into its environment."""

_PROJECT = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")
_VERSION = re.compile(r"[0-9][0-9A-Za-z.!+]*")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_OLDEST_WITH_TOML = (3, 11)
_TOML_READER = "tomli"


@dataclass(frozen=True)
class Environment:
    """Folders for the ``sys.path`` of an interpreter, which has no others: the backend, its libraries, and zig.

    ``tools`` are folders with the build requirements of a project. They are not for that path.
    """

    folders: tuple[Path, ...]
    tools: tuple[Path, ...] = ()

    @property
    def name(self) -> str:
        """A digest of the backend and its libraries."""
        return self.folders[0].name

    def admits(self, interpreter: Interpreter) -> bool:
        """Return whether it has all that *interpreter* needs: one without ``tomllib`` needs a TOML reader."""
        return interpreter.version >= _OLDEST_WITH_TOML or any(
            (folder / _TOML_READER).is_dir() for folder in self.folders
        )


def obtain_environment(spec: WheelSpec, machine: Machine) -> Environment:
    """Return the environment that the wheel of *spec* was built in.

    :raises NotFoundError: if a part of it cannot be installed.
    :raises MismatchError: if *spec* names something else than a backend, or the index has another one of that version.
    """
    known = parse_requirements(spec.requirements)
    requirements = {name: version for name, version in known.items() if name in LIBRARIES}
    package = _obtain_backend(spec.backend, machine)
    parts = {"backend": _digest_package(package), **requirements}
    name = digest_tree({part: value.encode() for part, value in parts.items()})

    def make(folder: Path) -> None:
        _copy_package(package, folder / PACKAGE)
        for library, version in requirements.items():
            install_library(library, version, folder, machine)
        with contextlib.suppress(NotFoundError):  # an interpreter that needs it asks again, and gets the error
            if find_interpreter(_OLDEST_WITH_TOML[1] - 1, machine.environ):
                obtain_toml_reader(machine)

    folders = [
        machine.store.keep((store_folders.ENVIRONMENTS, name), make),
        obtain_ziglang(spec.zig or DEFAULT_ZIG, machine),
    ]
    return Environment((*folders, *machine.store.root.glob(f"{store_folders.LIBRARIES}/{_TOML_READER}")))


def compile_bytecode(environment: Environment, interpreter: Interpreter, store: Store) -> None:
    """Compile the environment to bytecode for *interpreter*, once, so that it starts fast.

    The bytecode is not checked against its sources: they never change, and each check would read the disk.
    """
    program = environment.folders[0]

    def make(note: Path) -> None:
        options = ["-q", "--invalidation-mode", "unchecked-hash"]
        command = [str(interpreter.executable), "-S", "-E", "-m", "compileall", *options, *map(str, parts)]
        subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)
        note.touch()

    parts = (program, *(folder for folder in environment.folders[2:]))
    store.keep((store_folders.BYTECODE, f"{environment.name}-{interpreter.cache_tag}"), make)


def parse_requirements(requirements: Iterable[str]) -> dict[str, str]:
    """Return the versions of *requirements* (``name==version``) by name.

    :raises MismatchError: if one has another form.
    """
    parsed = {}
    for requirement in requirements:
        name, _, version = requirement.partition("==")
        if not _PROJECT.fullmatch(name) or not _VERSION.fullmatch(version):
            raise MismatchError(
                f"names the requirement {requirement!r}, which is not of the form 'name==version'",
                where=BUILDINFO,
                hint=f"was the wheel altered? else use the {NAME} that it names",
            )
        parsed[name] = version
    return parsed


def _obtain_backend(backend: str, machine: Machine) -> Path:
    """Return the package folder of *backend* (name, version and digest): the running one, else one in the store.

    :raises NotFoundError: if it cannot be installed.
    :raises MismatchError: if it is not a backend, or the index has another one of that version.
    """
    name, version, digest = backend.split(" ")
    if name != NAME or not _VERSION.fullmatch(version) or not _SHA256.fullmatch(digest):
        raise MismatchError(f"names {backend!r}, which is not a version of {NAME}", where=BUILDINFO)

    def make(folder: Path) -> None:
        if backend == read_backend():
            _copy_package(PACKAGE_FOLDER, folder / PACKAGE)
        else:
            machine.say(f"installing {name} {version}, which built the wheel, into the cache")
            install([f"{name}=={version}"], folder, machine.environ)
        if (found := digest_any_backend(folder / PACKAGE)) != digest:
            raise MismatchError(
                f"the backend that built the wheel has the digest {digest[:12]}, the one in the index {found[:12]}",
                where=f"{name} {version}",
                hint="a development version built the wheel: run this command from the same checkout",
            )

    kept = machine.store.keep((store_folders.BACKENDS, digest), make)
    return PACKAGE_FOLDER if backend == read_backend() else kept / PACKAGE


@cache
def _digest_package(package: Path) -> str:
    """Return the sha256 (hex) over all files of the backend, beside those of ``core`` that its digest covers."""
    return digest_tree({name: (package / name).read_bytes() for name in list_package(package)})


def _copy_package(package: Path, folder: Path) -> None:
    for name in list_package(package):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(package / name, folder / name)


def install_library(
    library: str, version: str, folder: Path, machine: Machine, *, minor: int = sys.version_info[1]
) -> None:
    """Put a library for CPython 3.*minor* into *folder*.

    It is the installed one if that has the right version and is unaltered, else the one of the index.

    :raises NotFoundError: if no index has it.
    """
    if minor != sys.version_info[1] or not _copy_installed(library, folder, version):
        machine.say(f"installing {library} {version}, which the wheel was built with, into the cache")
        install([f"{library}=={version}"], folder, machine.environ, minor=minor)


def _copy_installed(library: str, folder: Path, version: str = "") -> bool:
    """Copy an installed library into *folder*, if it has *version* (empty: any) and the hashes of its RECORD.

    Return whether it was copied.
    """
    try:
        distribution = importlib.metadata.distribution(library)
    except importlib.metadata.PackageNotFoundError:
        return False
    if version not in ("", distribution.version):
        return False
    files: dict[str, bytes] = {}
    for file in distribution.files or ():
        if file.hash is None or file.suffix == ".pyc" or ".." in file.parts:
            continue  # RECORD itself, and files that the installer made
        try:
            data = Path(str(file.locate())).read_bytes()
        except OSError:
            return False
        digest = base64.urlsafe_b64encode(hashlib.new(file.hash.mode, data).digest()).rstrip(b"=").decode()
        if digest != file.hash.value:
            return False
        files[file.as_posix()] = data
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return bool(files)


def obtain_toml_reader(machine: Machine) -> Path:
    """Return a folder with a TOML reader for Pythons without ``tomllib``.

    :raises NotFoundError: if it cannot be installed.
    """

    def make(folder: Path) -> None:
        if not _copy_installed(_TOML_READER, folder):
            install([_TOML_READER], folder, machine.environ)

    return machine.store.keep((store_folders.LIBRARIES, _TOML_READER), make)
