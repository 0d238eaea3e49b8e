"""What the build frontends call, one function a hook. A door: it reads the environment, and says errors in words.

Known keys of ``config_settings``: ``target`` (a platform tag), ``python`` (such as ``cp312``), ``verbose``, and those
of :mod:`.settings.overrides`, which go before pyproject.toml, and the variables ``ZIGBUILD_…`` before them.
"""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from .core.base.epoch import read_epoch
from .core.base.errors import ConfigurationError, Problem, ZigbuildError
from .core.base.machine import this_machine
from .core.project.project import Checkout

if TYPE_CHECKING:
    from .core.project.planned_wheels import PlannedWheel
    from .core.project.project import Project
    from .core.settings.model import Settings
    from .core.settings.overrides import Override
    from .core.wheel.workshop import Workshop

P = ParamSpec("P")
R = TypeVar("R")


def _hook(function: Callable[P, R]) -> Callable[P, R]:
    """A frontend shows the traceback of any exception: what a user can mend is printed and ends the process instead."""

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
    """``config_settings``, checked."""

    target: str = ""
    python: str = ""
    verbose: bool = False
    overrides: tuple[Override, ...] = ()

    @property
    def texts(self) -> dict[str, str]:
        """The options as they could be given again."""
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
    settings = _read_settings(config_settings)
    requirements = _find_requirements(settings)
    has_shared = any(library.linkage == "shared" for library in settings.library)
    if only_to_compile and not (settings.extension or settings.executable or settings.generate or has_shared):
        return requirements
    if any(library.recipe for library in settings.library):
        from .core.fetch.http_client import REQUIREMENT

        requirements.append(REQUIREMENT)
    return [f"ziglang=={settings.zig}", *requirements]


@_hook
def get_requires_for_sdist(config_settings: Mapping[str, Any] | None) -> list[str]:
    return _find_requirements(_read_settings(config_settings))


@_hook
def prepare_metadata(metadata_directory: str, config_settings: Mapping[str, Any] | None) -> str:
    from .core.project.metadata import has_dynamic, read_metadata, write_dist_info
    from .core.project.pyproject import read_pyproject

    _parse_options(config_settings, os.environ)
    root = Path.cwd()
    pyproject = read_pyproject(root)
    settings = _read_settings(config_settings) if has_dynamic(pyproject) else None
    metadata = read_metadata(pyproject, root, settings)
    return write_dist_info(metadata, root, Path(metadata_directory))


@_hook
def build_wheel(wheel_directory: str, config_settings: Mapping[str, Any] | None) -> str:
    from .core.wheel.wheel_maker import make_wheels

    root, out = Path.cwd(), Path(wheel_directory)
    options = _parse_options(config_settings, os.environ)
    project, wheel = _choose(root, options)
    workshop = _open_workshop(project, options)
    for outcome in make_wheels(Checkout(project, root), [wheel], out, workshop, epoch=read_epoch(os.environ)):
        if outcome.error:
            raise outcome.error
        if outcome.path:
            return outcome.path.name
    raise AssertionError("a plan of one wheel has one outcome")


@_hook
def build_editable(wheel_directory: str, config_settings: Mapping[str, Any] | None) -> str:
    from .editable.editable_wheel import make_editable

    root, out = Path.cwd(), Path(wheel_directory)
    options = _parse_options(config_settings, os.environ)
    project, wheel = _choose(root, options)
    workshop = _open_workshop(project, options) if project.is_compiled or project.generated else None
    epoch = read_epoch(os.environ)
    return make_editable(Checkout(project, root), wheel, out, workshop, epoch=epoch, options=options.texts).name


@_hook
def rebuild_editable(root: str, folder: str, config_settings: Mapping[str, str]) -> None:
    """What an editable install calls when more has changed than its sources; it has locked *folder*, its state."""
    from .editable.editable_build import compile_into

    options = _parse_options(config_settings, {})  # what the environment said when it was installed is among them
    project, wheel = _choose(Path(root), options)
    workshop = _open_workshop(project, options)
    compile_into(Path(folder), Checkout(project, Path(root)), wheel, workshop, epoch=read_epoch(os.environ))


@_hook
def build_sdist(sdist_directory: str, config_settings: Mapping[str, Any] | None) -> str:
    from .core.project.project_folder import read_project
    from .core.wheel.sdist_maker import make_sdist

    options = _parse_options(config_settings, os.environ)
    root = Path.cwd()
    project = read_project(root, options.overrides)
    return make_sdist(Checkout(project, root), Path(sdist_directory), epoch=read_epoch(os.environ)).name


def _read_settings(config_settings: Mapping[str, Any] | None) -> Settings:
    from .core.project.project_folder import read_settings
    from .core.project.pyproject import read_pyproject

    return read_settings(read_pyproject(Path.cwd()), _parse_options(config_settings, os.environ).overrides)


def _find_requirements(settings: Settings) -> list[str]:
    """What has to be installed to know the version."""
    from .core.project.versions import find_requirements

    return find_requirements(settings.version, Path.cwd())


def _choose(root: Path, options: _Options) -> tuple[Project, PlannedWheel]:
    """The project, and the one wheel of it that is wanted."""
    from .core.base.host import find_host_python, find_host_target
    from .core.base.pythons import PYTHONS
    from .core.project.planned_wheels import plan
    from .core.project.project_folder import read_project
    from .core.zig.macos_sdk import find_sdk

    project = read_project(root, options.overrides)
    target = options.target or (find_host_target().platform_tag if project.is_compiled else "")
    python = options.python or (find_host_python().name if project.is_compiled else "")
    # Headers that are missing are said by whoever looks for them: here one set is wanted, and it may be anywhere.
    headers = [python.minor for python in PYTHONS]
    wheels = plan(project, [target], [python], has_headers=headers, has_sdk=bool(find_sdk(os.environ)))
    if len(wheels) != 1:
        raise ConfigurationError(
            f"{len(wheels)} wheels are asked for, a build hook makes one",
            where="--config-settings",
            hint="name one platform tag and one Python; 'zigbuild wheels' makes many",
        )
    return project, wheels[0]


def _open_workshop(project: Project, options: _Options) -> Workshop:
    """The means to make its wheels."""
    from dataclasses import replace

    from .core.wheel.workshop import Workshop
    from .core.zig.macos_sdk import find_sdk
    from .core.zig.toolchain import find_zig

    zig = find_zig(project.settings.zig, this_machine(os.environ))
    if options.verbose:
        zig = replace(zig, talk=lambda text: print(text, file=sys.stderr))
    return Workshop(
        zig,
        sdk=find_sdk(os.environ),
        warn=lambda problem: print(f"zigbuild: warning: {problem}", file=sys.stderr),
    )
