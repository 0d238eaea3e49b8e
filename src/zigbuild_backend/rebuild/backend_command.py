"""Runs the command line of a backend of any version in a sandbox; ``zigbuild wheels … --json`` is the protocol."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..core.base import store_folders
from ..core.base.errors import ConfigurationError, MismatchError, NotFoundError, Problem, ToolchainError, ZigbuildError
from ..core.base.store import Store
from ..core.cpython.header_sets import HeaderSet
from ..core.wheel.spec import WheelSpec
from ..core.zig.macos_sdk import VARIABLE, Sdk
from .build_variations import Variation
from .environments.environment import Environment
from .environments.interpreters import Interpreter
from .sandbox.command import Command, CompletedCommand, Sandbox
from .wheel_specs import identify

SHARED_FOLDERS = (store_folders.DEFLATE, store_folders.EXPORTS, store_folders.PYCONFIG, store_folders.ZIG_LIBRARY)
"""Folders of the store with files that are made once for all projects. A foreign source must not write there."""

_CACHES = (store_folders.ZIG, store_folders.ZIG_LOCAL)
_START = (
    "import sys; n = 2 + int(sys.argv[1]); sys.path[:0] = sys.argv[2:n]; del sys.argv[1:n]; "
    "from zigbuild_backend.__main__ import main; sys.exit(main())"
)
"""``python -m`` with the folders of an environment: PYTHONPATH would split their names at colons."""

_ERRORS = {error.exit_code: error for error in (ConfigurationError, ToolchainError, MismatchError, NotFoundError)}


@dataclass(frozen=True)
class WheelsRequest:
    """The wheels to make of a *project* (a folder, an sdist or a recipe) into the folder *out*.

    The *specs* are equal in all but tag, target and Python. *readable* and *writable* are paths that the run needs
    beside those that every build needs, *overrides* settings (``KEY=VALUE``) beside those of the specs.
    """

    project: Path
    specs: Sequence[WheelSpec]
    headers: Sequence[HeaderSet]
    out: Path
    readable: Sequence[Path] = ()
    writable: Sequence[Path] = ()
    overrides: Sequence[str] = ()


@dataclass(frozen=True)
class MadeWheels:
    """The result of a run, by wheel identifier: the names of the wheels' files, and an error for each other wheel."""

    files: Mapping[str, str]
    errors: Mapping[str, ZigbuildError]
    seconds: float


@dataclass(frozen=True)
class BackendCommand:
    """The command line of one backend with all that it needs: environment, Python, store, sandbox, variation, SDK."""

    environment: Environment
    interpreter: Interpreter
    store: Store
    sandbox: Sandbox
    variation: Variation
    sdk: Sdk | None = None

    def make_wheels(self, request: WheelsRequest) -> MadeWheels:
        """Make the wheels of *request*.

        :raises ZigbuildError: if none of them can be made, for a reason that they share.
        """
        paths, tools = self.environment.folders, self.environment.tools
        headers = [header_set.folder for header_set in request.headers]
        caches = [self.store.folder(name) for name in _CACHES]
        written = [
            *caches,
            self.store.folder(store_folders.WORK, request.specs[0].name),
            request.out,
            *request.writable,
        ]
        shared = [self.store.folder(name) for name in SHARED_FOLDERS]
        sdk = (self.sdk.folder, self.store.folder(store_folders.SDKS)) if self.sdk else ()
        start = [str(self.interpreter.executable), "-I", "-S", "-B", "-c", _START, str(len(paths)), *map(str, paths)]
        output = ["--out", str(request.out), "--json", "--quiet"]
        command = Command(
            [*start, "wheels", str(request.project), *output, *self._render_options(request)],
            cwd=request.out,
            readable=(
                *paths,
                *tools,
                *self.interpreter.prefixes,
                *shared,
                *sdk,
                *headers,
                *written,
                *request.readable,
            ),
            # Stores may share caches by links: the links must be visible, and the folders behind them writable.
            writable=[path.resolve() for path in written],
            environ=self._render_environ(request.specs[0].epoch),
            umask=self.variation.umask,
        )
        return _parse_result(self.sandbox.run(command))

    def _render_options(self, request: WheelsRequest) -> list[str]:
        spec = request.specs[0]
        options = [part for spec in request.specs for part in ("--only", identify(spec))]
        options += [part for header_set in request.headers for part in ("--headers", str(header_set.folder))]
        options += ["--optimize", spec.optimize] if spec.optimize else []
        options += [f"--set={override}" for override in (*spec.overrides, *request.overrides)]
        options += ["--jobs", str(self.variation.jobs)] if self.variation.jobs else []
        return options + [part for folder in self.environment.tools for part in ("--tools", str(folder))]

    def _render_environ(self, epoch: int) -> dict[str, str]:
        """Return the environment of the run; of this process's own, it has only what Windows needs to start one."""
        kept = {name: os.environ[name] for name in ("SYSTEMROOT",) if name in os.environ}
        kept |= {VARIABLE: str(self.sdk.folder)} if self.sdk else {}
        return kept | {
            "PATH": os.defpath,
            "LC_ALL": self.variation.locale,
            "TZ": self.variation.timezone,
            "SOURCE_DATE_EPOCH": str(epoch),
            "ZIGBUILD_CACHE_DIR": str(self.store.root),
        }


def _parse_result(completed: CompletedCommand) -> MadeWheels:
    """Return the result in the JSON document that a run printed.

    :raises ZigbuildError: if it printed none.
    """
    try:
        document = json.loads(completed.stdout)
        files = {str(row["identifier"]): str(row["file"]) for row in document["wheels"]}
        errors = {str(row["identifier"]): _parse_error(row) for row in document["failed"]}
    except (ValueError, KeyError, TypeError):
        raise _explain_failure(completed) from None
    return MadeWheels(files, errors, completed.seconds)


def _parse_error(row: Mapping[str, Any]) -> ZigbuildError:
    problems = [Problem(str(p["message"]), str(p["where"]), str(p["hint"])) for p in row["problems"]]
    return _ERRORS.get(row["exit_code"], ZigbuildError).of(problems or [Problem("failed without a message")])


def _explain_failure(completed: CompletedCommand) -> ZigbuildError:
    """Return the error of a run that ended before it had built anything, from its standard error."""
    said = completed.stderr.decode(errors="replace").strip()
    message, *hints = said.removeprefix("zigbuild: error: ").split("\n  hint: ")
    error = _ERRORS.get(completed.returncode, ToolchainError)
    return error(message or f"the build ended with exit code {completed.returncode}", hint="\n".join(hints))
