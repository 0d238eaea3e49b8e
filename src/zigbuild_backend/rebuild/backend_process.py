"""Runs the command line of a backend, of any version, in a sandbox: ``zigbuild wheels … --json`` is the protocol."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..core.base import store_folders
from ..core.base.errors import ConfigurationError, MismatchError, NotFoundError, Problem, ToolchainError, ZigbuildError
from ..core.base.store import Store
from ..core.cpython.header_sets import HeaderSet
from ..core.wheel.spec import WheelSpec
from ..core.zig.macos_sdk import VARIABLE, Sdk
from .circumstances import Circumstance
from .environments.environment import Environment
from .environments.interpreters import Interpreter
from .sandbox.limits import Completed, Sandbox
from .wheel_specs import identify

KEPT = (store_folders.DEFLATE, store_folders.EXPORTS, store_folders.PYCONFIG, store_folders.ZIG_LIBRARY)
"""What a build makes once for all projects, in folders of the store. No foreign source may write there."""

_CACHES = (store_folders.ZIG, store_folders.ZIG_LOCAL)
_START = (
    "import sys; n = 2 + int(sys.argv[1]); sys.path[:0] = sys.argv[2:n]; del sys.argv[1:n]; "
    "from zigbuild_backend.__main__ import main; sys.exit(main())"
)
"""``python -m`` with the folders of an environment: PYTHONPATH would split their names at colons."""

_ERRORS = {error.exit_code: error for error in (ConfigurationError, ToolchainError, MismatchError, NotFoundError)}


@dataclass(frozen=True)
class Made:
    """What a run gave, by wheel identifier: the names of files, and the errors that prevent the others."""

    files: Mapping[str, str]
    errors: Mapping[str, ZigbuildError]
    seconds: float


@dataclass(frozen=True)
class Child:
    """How the command line is run: the backend, its Python, the caches, the sandbox, the circumstance and an SDK."""

    environment: Environment
    interpreter: Interpreter
    store: Store
    sandbox: Sandbox
    circumstance: Circumstance
    sdk: Sdk | None = None

    def make_wheels(
        self,
        project: Path,
        specs: Sequence[WheelSpec],
        headers: Iterable[HeaderSet],
        out: Path,
        *,
        readable: Iterable[Path],
        writable: Iterable[Path] = (),
        overrides: Iterable[str] = (),
    ) -> Made:
        """Makes the wheels of *specs*, equal in all but tag, target and Python, of *project* into the folder *out*.

        The run may read the paths *readable* and write into *writable* beside those that every build needs; it is given
        *overrides* beside those of *specs*.

        :raises ZigbuildError: if none of them can be made, for a reason that they share.
        """
        paths, tools = self.environment.folders, self.environment.tools
        spec, folders = specs[0], [header_set.folder for header_set in headers]
        options = [part for spec in specs for part in ("--only", identify(spec))]
        options += [part for folder in folders for part in ("--headers", str(folder))]
        options += ["--optimize", spec.optimize] if spec.optimize else []
        options += [f"--set={override}" for override in (*spec.overrides, *overrides)]
        options += ["--jobs", str(self.circumstance.jobs)] if self.circumstance.jobs else []
        options += [part for folder in tools for part in ("--tools", str(folder))]
        caches = [self.store.folder(name) for name in _CACHES]
        written = [*caches, self.store.folder(store_folders.WORK, spec.name), out, *writable]
        kept = [self.store.folder(name) for name in KEPT]
        sdk = (self.sdk.folder, self.store.folder(store_folders.SDKS)) if self.sdk else ()
        start = [str(self.interpreter.executable), "-I", "-S", "-B", "-c", _START, str(len(paths)), *map(str, paths)]
        return _read(
            self.sandbox.run(
                [*start, "wheels", str(project), "--out", str(out), "--json", "--quiet", *options],
                readable=(
                    *paths,
                    *tools,
                    *self.interpreter.prefixes,
                    *kept,
                    *sdk,
                    *folders,
                    *written,
                    *readable,
                ),
                # Stores may share caches by links: those are to be seen, and where they lead is to be written.
                writable=[path.resolve() for path in written],
                environ=self._environ(spec.epoch),
                cwd=out,
                umask=self.circumstance.umask,
            )
        )

    def _environ(self, epoch: int) -> dict[str, str]:
        """The environment of the run: of this process's own only that without which Windows starts no program."""
        kept = {name: os.environ[name] for name in ("SYSTEMROOT",) if name in os.environ}
        kept |= {VARIABLE: str(self.sdk.folder)} if self.sdk else {}
        return kept | {
            "PATH": os.defpath,
            "LC_ALL": self.circumstance.locale,
            "TZ": self.circumstance.timezone,
            "SOURCE_DATE_EPOCH": str(epoch),
            "ZIGBUILD_CACHE_DIR": str(self.store.root),
        }


def _read(completed: Completed) -> Made:
    """What a run says in the document that it prints.

    :raises ZigbuildError: if it printed none.
    """
    try:
        document = json.loads(completed.stdout)
        files = {str(row["identifier"]): str(row["file"]) for row in document["wheels"]}
        errors = {str(row["identifier"]): _parse_error(row) for row in document["failed"]}
    except (ValueError, KeyError, TypeError):
        raise _find_error(completed) from None
    return Made(files, errors, completed.seconds)


def _parse_error(row: Mapping[str, Any]) -> ZigbuildError:
    problems = [Problem(str(p["message"]), str(p["where"]), str(p["hint"])) for p in row["problems"]]
    return _ERRORS.get(row["exit_code"], ZigbuildError).of(problems or [Problem("failed without a word")])


def _find_error(completed: Completed) -> ZigbuildError:
    """The error of a run that ended before it had built anything, by what it said on standard error."""
    said = completed.stderr.decode(errors="replace").strip()
    message, *hints = said.removeprefix("zigbuild: error: ").split("\n  hint: ")
    error = _ERRORS.get(completed.returncode, ToolchainError)
    return error(message or f"the build ended with exit code {completed.returncode}", hint="\n".join(hints))
