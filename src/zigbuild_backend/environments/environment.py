"""Build environments: exactly the backend, libraries and zig that a wheel says it was made by, kept in the store.

An environment is made once, from what is installed here if that is the very thing, else from the indexes that pip is
configured with; from then on it needs no network. Nothing in it was run while it was made.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import importlib.metadata
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ..errors import MismatchError, NotFoundError
from ..pins import DEFAULT_ZIG, NAME
from ..plan import WheelSpec
from ..provenance import digest_backend, read_backend
from ..store import Store, digest_tree
from ..toolchain import find_zig
from ..zigs import install
from .interpreters import Interpreter, find_interpreter

Say = Callable[[str], None]

PACKAGE = "zigbuild_backend"
_ROOMS_OUTSIDE = frozenset({"compare", "environments", "manifest", "rebuild", "repository", "sandbox", "server"})
"""Modules of the backend that no build imports."""

_LIBRARIES = frozenset({"packaging", "pyproject-metadata"})
"""What a wheel may say that wrote into it. It is somebody's word, and must not get other packages installed."""

_VERSION = re.compile(r"[0-9][0-9A-Za-z.!+]*")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_OLDEST_WITH_TOML = (3, 11)
_TOML_READER = "tomli"


@dataclass(frozen=True)
class Environment:
    """Folders for ``sys.path`` of an interpreter that looks nowhere else: the backend and its libraries, and zig."""

    folders: tuple[Path, ...]

    @property
    def name(self) -> str:
        """A digest of the backend and libraries."""
        return self.folders[0].name

    def admits(self, interpreter: Interpreter) -> bool:
        """Whether all that this interpreter needs is in it: one without ``tomllib`` needs a reader of TOML."""
        return interpreter.version >= _OLDEST_WITH_TOML or any(
            (folder / _TOML_READER).is_dir() for folder in self.folders
        )


def obtain_environment(spec: WheelSpec, store: Store, environ: Mapping[str, str], say: Say) -> Environment:
    """The environment that the wheel of *spec* was built in; *say* is told if something has to be fetched.

    :raises NotFoundError: if a part of it cannot be had.
    :raises MismatchError: if *spec* names what no backend was, or the indexes have another backend of that version.
    """
    requirements = _parse_requirements(spec.requirements)
    package = _obtain_backend(spec.backend, store, environ, say)
    parts = {"backend": _digest_package(package), **requirements}
    name = digest_tree({part: value.encode() for part, value in parts.items()})

    def make(folder: Path) -> None:
        _copy_package(package, folder / PACKAGE)
        for library, version in requirements.items():
            _provide(library, version, folder, environ, say)
        with contextlib.suppress(NotFoundError):  # whoever needs it asks again, and is told
            if find_interpreter(_OLDEST_WITH_TOML[1] - 1, environ):
                obtain_toml_reader(store, environ)

    folders = [store.keep(("environments", name), make), _obtain_ziglang(spec.zig or DEFAULT_ZIG, store, environ, say)]
    return Environment((*folders, *store.root.glob(f"libraries/{_TOML_READER}")))


def compile_bytecode(environment: Environment, interpreter: Interpreter, store: Store) -> None:
    """Compiles the environment for *interpreter*, once, so that it starts as fast as it can.

    The bytecode is taken at its word: its sources are never altered, and checking each costs a look at the disk.
    """
    program = environment.folders[0]

    def make(note: Path) -> None:
        options = ["-q", "--invalidation-mode", "unchecked-hash"]
        command = [str(interpreter.executable), "-S", "-E", "-m", "compileall", *options, *map(str, parts)]
        subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)
        note.touch()

    parts = (program, *(folder for folder in environment.folders[2:]))
    store.keep(("bytecode", f"{environment.name}-{interpreter.cache_tag}"), make)


def _parse_requirements(requirements: tuple[str, ...]) -> dict[str, str]:
    """Library → version."""
    parsed = {}
    for requirement in requirements:
        name, _, version = requirement.partition("==")
        if name not in _LIBRARIES or not _VERSION.fullmatch(version):
            raise MismatchError(
                f"says that {requirement!r} wrote into the wheel, which is no library of {NAME}",
                where="zigbuild-buildinfo.json",
                hint=f"was the wheel altered? else use the {NAME} that it names",
            )
        parsed[name] = version
    return parsed


def _obtain_backend(backend: str, store: Store, environ: Mapping[str, str], say: Say) -> Path:
    """The package folder of the backend of that name, version and digest: the running one, else one in the store."""
    name, version, digest = backend.split(" ")
    if name != NAME or not _VERSION.fullmatch(version) or not _SHA256.fullmatch(digest):
        raise MismatchError(f"says that {backend!r} built the wheel", where="zigbuild-buildinfo.json")
    running = Path(__file__).parents[1]

    def make(folder: Path) -> None:
        if backend == read_backend():
            _copy_package(running, folder / PACKAGE)
        else:
            say(f"installing {name} {version}, which the wheel was built by, into the cache")
            install(f"{name}=={version}", folder, environ)
        if (found := digest_backend(folder / PACKAGE)) != digest:
            raise MismatchError(
                f"the wheel was built by the sources {digest[:12]} of it, what the index has are {found[:12]}",
                where=f"{name} {version}",
                hint="the wheel comes from a development version: run the command with that very version",
            )

    kept = store.keep(("backends", digest), make)
    return running if backend == read_backend() else kept / PACKAGE


@cache
def _digest_package(package: Path) -> str:
    """The sha256 (hex) over all that :func:`_copy_package` copies: more than the backend's digest counts."""
    return digest_tree({name: (package / name).read_bytes() for name in _list_package(package)})


def _list_package(package: Path) -> list[str]:
    """The files of the backend that a build may import, relative to its folder."""
    paths = (path.relative_to(package) for path in package.rglob("*") if path.is_file() and path.suffix != ".pyc")
    return [path.as_posix() for path in paths if path.parts[0].removesuffix(".py") not in _ROOMS_OUTSIDE]


def _copy_package(package: Path, folder: Path) -> None:
    for name in _list_package(package):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(package / name, folder / name)


def _provide(library: str, version: str, folder: Path, environ: Mapping[str, str], say: Say) -> None:
    """Puts a library into *folder*: the installed one if it is that version and unaltered, else one of the index."""
    if not _copy_installed(library, folder, version):
        say(f"installing {library} {version}, which wrote into the wheel, into the cache")
        install(f"{library}=={version}", folder, environ)


def _copy_installed(library: str, folder: Path, version: str = "") -> bool:
    """Copies an installed library into *folder*, if it has that version (empty: any) and the hashes of its RECORD."""
    try:
        distribution = importlib.metadata.distribution(library)
    except importlib.metadata.PackageNotFoundError:
        return False
    if version not in ("", distribution.version):
        return False
    files: dict[str, bytes] = {}
    for file in distribution.files or ():
        if file.hash is None or file.suffix == ".pyc" or ".." in file.parts:
            continue  # RECORD itself, and what the installer made
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


def _obtain_ziglang(version: str, store: Store, environ: Mapping[str, str], say: Say) -> Path:
    """A folder with the package ``ziglang`` of exactly that version, and nothing else."""
    if not _VERSION.fullmatch(version):
        raise MismatchError(f"says that zig {version!r} compiled the wheel", where="zigbuild-buildinfo.json")

    def make(folder: Path) -> None:
        try:
            zig = find_zig(version, store, environ)
        except NotFoundError:
            say(f"installing zig {version}, which the wheel was compiled by, into the cache")
            install(f"ziglang=={version}", folder, environ)
        else:
            package = zig.executable.parent
            for part in (package, package.with_name(f"ziglang-{version}.dist-info")):
                shutil.copytree(part, folder / part.name, copy_function=_link)

    return store.keep(("ziglang", version), make)


def _link(source: str, target: str) -> None:
    """A copy that costs no space, where the file system has such."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy(source, target)


def obtain_toml_reader(store: Store, environ: Mapping[str, str]) -> Path:
    """A folder with a reader of TOML for Pythons that have none.

    :raises NotFoundError: if it can't be had.
    """

    def make(folder: Path) -> None:
        if not _copy_installed(_TOML_READER, folder):
            install(_TOML_READER, folder, environ)

    return store.keep(("libraries", _TOML_READER), make)
