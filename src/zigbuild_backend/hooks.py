"""The hooks of PEP 517 and PEP 660, one function each: they read the environment, and print errors.

``config_settings`` have the keys ``target`` (a platform tag), ``python`` (such as ``cp312``), ``verbose``, and those of
:mod:`.core.settings.overrides`, which replace settings of pyproject.toml; variables ``ZIGBUILD_…`` replace both.

Each function imports the modules that it needs, since a frontend calls most hooks in a process of their own.
"""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from .core.base.epoch import read_epoch
from .core.base.errors import ConfigurationError, Problem, ZigbuildError
from .core.base.frozen import dataclass

if TYPE_CHECKING:
    from .core.project.planned_wheels import PlannedWheel
    from .core.project.project import Checkout, Project
    from .core.settings.model import Settings
    from .core.settings.overrides import Override
    from .core.wheel.workshop import Workshop

P = ParamSpec("P")
R = TypeVar("R")


def _hook(function: Callable[P, R]) -> Callable[P, R]:
    """Return *function* as a hook that prints errors and ends the process, since frontends show tracebacks."""

    @functools.wraps(function)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except ZigbuildError as error:
            for problem in error.problems:
                print(f"zigbuild: error: {problem}", file=sys.stderr)
            raise SystemExit(error.exit_code) from None
        except OSError as error:
            print(f"zigbuild: error: {error.filename or 'the system'}: {error.strerror}", file=sys.stderr)
            raise SystemExit(1) from None

    return wrapped


@dataclass(frozen=True)
class _Options:
    """The checked ``config_settings``."""

    target: str = ""
    python: str = ""
    verbose: bool = False
    overrides: tuple[Override, ...] = ()

    @property
    def texts(self) -> dict[str, str]:
        """The options as ``config_settings``."""
        named = {"target": self.target, "python": self.python, "verbose": "1" if self.verbose else ""}
        pairs = [str(override).split("=", 1) for override in self.overrides]
        return {key: text for key, text in named.items() if text} | dict(pairs)


def _parse_options(config_settings: Mapping[str, Any] | None, environ: Mapping[str, str]) -> _Options:
    if not config_settings and not any(name.startswith("ZIGBUILD_") for name in environ):
        return _Options()
    from .core.settings import rules
    from .core.settings.overrides import collect_overrides

    checks: dict[str, Callable[[str], Problem | None]] = {"target": rules.target, "python": rules.python}
    values: dict[str, Any] = {}
    given = []
    for key, value in (config_settings or {}).items():
        where = f"--config-settings {key}"
        if key not in ("target", "python", "verbose"):
            given.append((key, value, where))
            continue
        if not isinstance(value, str | bool):
            raise ConfigurationError("must be given once", where=where, hint="a build hook makes one wheel")
        values[key] = str(value).lower() not in ("0", "false", "no", "off") if key == "verbose" else str(value)
        if key in checks and (problem := checks[key](values[key])):
            raise ConfigurationError(problem.message, where=where, hint=problem.hint)
    return _Options(**values, overrides=collect_overrides(given, environ, beside=("target", "python", "verbose")))


@_hook
def get_requires(config_settings: Mapping[str, Any] | None, *, only_to_compile: bool = False) -> list[str]:
    """Return the requirements of builds: zig, unless the store has it, and tools that read a dynamic version."""
    options = _parse_options(config_settings, os.environ)
    settings = _read_settings(options)
    requirements = _find_requirements(settings)
    has_shared = any(library.linkage == "shared" for library in settings.library)
    if only_to_compile and not (settings.extension or settings.executable or settings.generate or has_shared):
        return requirements
    if any(library.recipe for library in settings.library):
        from .core.fetch.http_client import REQUIREMENT

        requirements.append(REQUIREMENT)
    from .core.base.machine import this_machine
    from .core.zig.ziglang import KEEP_VARIABLE, is_kept

    if is_kept(settings.zig, this_machine(os.environ)):
        if options.verbose:
            print(f"zigbuild: zig {settings.zig} is kept in the cache ({KEEP_VARIABLE}=0 installs it)", file=sys.stderr)
        return requirements
    return [f"ziglang=={settings.zig}", *requirements]


@_hook
def get_requires_for_sdist(config_settings: Mapping[str, Any] | None) -> list[str]:
    """Return the requirements of an sdist: tools that read a dynamic version."""
    return _find_requirements(_read_settings(_parse_options(config_settings, os.environ)))


@_hook
def prepare_metadata(metadata_directory: str, config_settings: Mapping[str, Any] | None) -> str:
    """Write ``.dist-info`` with METADATA and entry points into *metadata_directory*, and return its name."""
    from .core.base.store import default_store
    from .core.project.kept_metadata import obtain_metadata
    from .core.project.metadata import has_dynamic, write_dist_info
    from .core.project.pyproject import read_pyproject

    options = _parse_options(config_settings, os.environ)
    root = Path.cwd()
    pyproject = read_pyproject(root)
    settings = _read_settings(options) if has_dynamic(pyproject) else None
    metadata = obtain_metadata(pyproject, root, settings, default_store(os.environ))
    return write_dist_info(metadata, root, Path(metadata_directory))


@_hook
def build_wheel(wheel_directory: str, config_settings: Mapping[str, Any] | None) -> str:
    """Make the wheel for this machine, or the one that *config_settings* name, and return its file name."""
    from .core.wheel.wheel_maker import make_wheels

    options = _parse_options(config_settings, os.environ)
    checkout, wheel = _choose(Path.cwd(), options)
    workshop = _open_workshop(checkout.project, options)
    (outcome,) = make_wheels(checkout, [wheel], Path(wheel_directory), workshop, epoch=read_epoch(os.environ))
    if outcome.error:
        raise outcome.error
    _keep_zig(workshop)
    return outcome.file_name


@_hook
def build_editable(wheel_directory: str, config_settings: Mapping[str, Any] | None) -> str:
    """Make a wheel that imports the project from its folder, and return its file name."""
    from .editable.editable_members import EditableInstall
    from .editable.editable_wheel import make_editable

    options = _parse_options(config_settings, os.environ)
    checkout, wheel = _choose(Path.cwd(), options)
    project = checkout.project
    workshop = _open_workshop(project, options) if project.is_compiled or project.generated else None
    install = EditableInstall(checkout, wheel, read_epoch(os.environ), options.texts)
    path = make_editable(install, Path(wheel_directory), workshop)
    if workshop:
        _keep_zig(workshop)
    return path.name


@_hook
def rebuild_editable(root: str, folder: str, config_settings: Mapping[str, str]) -> None:
    """Compile the editable install of the project in *root* again, into *folder*, which the caller has locked."""
    from .editable.editable_build import compile_into
    from .editable.editable_members import EditableInstall

    options = _parse_options(config_settings, {})  # they hold the environment's settings of the install, too
    checkout, wheel = _choose(Path(root), options)
    workshop = _open_workshop(checkout.project, options)
    install = EditableInstall(checkout, wheel, read_epoch(os.environ), options.texts)
    compile_into(Path(folder), install, workshop)


@_hook
def build_sdist(sdist_directory: str, config_settings: Mapping[str, Any] | None) -> str:
    """Make the sdist, and return its file name."""
    from .core.base.store import default_store
    from .core.project.project import Checkout
    from .core.project.project_folder import read_project
    from .core.wheel.sdist_maker import make_sdist

    options = _parse_options(config_settings, os.environ)
    root = Path.cwd()
    checkout = Checkout(read_project(root, options.overrides, default_store(os.environ)), root)
    return make_sdist(checkout, Path(sdist_directory), epoch=read_epoch(os.environ)).name


def _read_settings(options: _Options) -> Settings:
    """Return the settings of the project in the current folder, with the overrides of *options*."""
    from .core.project.project_folder import read_settings
    from .core.project.pyproject import read_pyproject

    return read_settings(read_pyproject(Path.cwd()), options.overrides)


def _find_requirements(settings: Settings) -> list[str]:
    """Return the requirements for reading the version of the project in the current folder."""
    from .core.project.versions import find_requirements

    return find_requirements(settings.version, Path.cwd())


def _choose(root: Path, options: _Options) -> tuple[Checkout, PlannedWheel]:
    """Return the project in *root*, and its one wheel that *options* choose."""
    from .core.base.host import find_host_python, find_host_target
    from .core.base.pythons import PYTHONS
    from .core.base.store import default_store
    from .core.project.planned_wheels import plan
    from .core.project.project import Checkout
    from .core.project.project_folder import read_project
    from .core.zig.macos_sdk import find_sdk

    project = read_project(root, options.overrides, default_store(os.environ))
    target = options.target or (find_host_target().platform_tag if project.is_compiled else "")
    python = options.python or (find_host_python().name if project.is_compiled else "")
    # The later search for headers reports missing ones, so none count as missing here.
    headers = [python.minor for python in PYTHONS]
    wheels = plan(project, [target], [python], has_headers=headers, has_sdk=bool(find_sdk(os.environ)))
    if len(wheels) != 1:
        raise ConfigurationError(
            f"{len(wheels)} wheels are asked for, a build hook makes one",
            where="--config-settings",
            hint="name one platform tag and one Python; 'zigbuild wheels' makes many",
        )
    return Checkout(project, root), wheels[0]


def _open_workshop(project: Project, options: _Options) -> Workshop:
    """Return the means to make wheels of *project* on this machine."""
    from dataclasses import replace

    from .core.base.machine import this_machine
    from .core.wheel.workshop import Workshop
    from .core.zig.macos_sdk import find_sdk
    from .core.zig.ziglang import find_zig

    zig = find_zig(project.settings.zig, this_machine(os.environ))
    if options.verbose:
        zig = replace(zig, talk=lambda text: print(text, file=sys.stderr))
    return Workshop(zig, sdk=find_sdk(os.environ), warn=_warn)


def _keep_zig(workshop: Workshop) -> None:
    """Keep a copy of zig in the store if the frontend installed it, so that later builds need no installation."""
    from .core.zig.ziglang import keep_asked

    try:
        keep_asked(workshop.zig)
    except ZigbuildError as error:
        _warn(error.problems[0])
    except OSError as error:
        _warn(
            Problem(
                f"is not kept in the cache: {error.strerror}", "ziglang", "the next isolated build installs it again"
            )
        )


def _warn(problem: Problem) -> None:
    print(f"zigbuild: warning: {problem}", file=sys.stderr)
