"""Installs the packages that generate a project's sources or have headers for it into folders of the store.

They are foreign programs: only the build of the project imports them, never the backend.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from ...core.base import store_folders
from ...core.base.errors import MismatchError, NotFoundError, Problem
from ...core.base.machine import Machine
from ...core.base.pins import NAME
from ...core.base.pythons import NEWEST
from ...core.base.store import digest_tree
from ...core.generate.installed_tools import find_tools
from ...core.generate.package_headers import read_headers
from ...core.wheel.spec import WheelSpec
from ...core.zig.ziglang import install
from .environment import LIBRARIES, install_library, parse_requirements
from .interpreters import OLDEST, Interpreter


def obtain_tools(
    requirements: Sequence[str],
    machine: Machine,
    *,
    headers: Sequence[str] = (),
) -> tuple[Path, ...]:
    """Return folders with the *requirements* and their dependencies; none if the running Python has them all.

    The requirements *headers* are only read for their headers, and are installed without their dependencies. The
    folders are kept for the same requirements.

    :raises NotFoundError: if a requirement cannot be installed.
    """
    try:
        find_tools(requirements, headers=headers)
    except NotFoundError:
        pass
    else:
        return ()

    def keep(asked: Sequence[str], mark: str) -> Path:
        def make(folder: Path) -> None:
            machine.say(f"installing {', '.join(asked)}, which the project needs to build, into the cache")
            install(asked, folder, machine.environ, with_dependencies=not mark)

        return machine.store.keep((store_folders.TOOLS, _name(asked, f"{sys.implementation.cache_tag}{mark}")), make)

    return tuple(keep(asked, mark) for asked, mark in ((requirements, ""), (headers, "-headers")) if asked)


def obtain_exact_tools(spec: WheelSpec, interpreter: Interpreter, machine: Machine) -> tuple[Path, ...]:
    """Return folders with exactly the requirements of the wheel of *spec*, for *interpreter*; none if it had no tools.

    :raises NotFoundError: if one of them cannot be installed.
    :raises MismatchError: if a requirement is malformed, or has other headers.
    """
    parsed = parse_requirements(spec.requirements)
    with_headers = dict(spec.headers)
    if parsed.keys() <= LIBRARIES:
        return ()

    def make(folder: Path) -> None:
        for name, version in parsed.items():
            minors = [interpreter.version[1]]
            if name in with_headers:
                minors += [sys.version_info[1], *range(NEWEST, OLDEST - 1, -1)]
            _install_for_any(name, version, folder, machine, dict.fromkeys(minors))
        _check_headers(spec, folder)

    asked = (*spec.requirements, *with_headers.values())
    return (machine.store.keep((store_folders.TOOLS, _name(asked, interpreter.cache_tag)), make),)


def _install_for_any(library: str, version: str, folder: Path, machine: Machine, minors: Iterable[int]) -> None:
    """Install a library for the first CPython 3.*minor* that an index has it for: its headers are the same for all.

    :raises NotFoundError: if an index has it for none; it is the error of the first one.
    """
    errors = []
    for minor in minors:
        try:
            return install_library(library, version, folder, machine, minor=minor)
        except NotFoundError as error:
            errors.append(error)
    raise errors[0]


def _check_headers(spec: WheelSpec, folder: Path) -> None:
    """Check that the packages in *folder* have the headers that the wheel of *spec* was compiled with.

    :raises MismatchError: if they have others.
    """
    versions = dict(text.split("==", 1) for text in spec.requirements)
    problems = []
    for name, digest in spec.headers:
        requirement = f"{name}=={versions[name]}"
        found = digest_tree(read_headers(name, find_tools((), [folder], headers=[requirement]).find(name)))
        if found != digest:
            what = f"its headers have the digest {found}, but the wheel was compiled with headers of {digest}"
            hint = f"install the {name} that the wheel was compiled with beside {NAME}"
            problems.append(Problem(what, requirement, hint))
    if problems:
        raise MismatchError.of(problems)


def _name(requirements: Sequence[str], cache_tag: str) -> str:
    return f"{cache_tag}-{hashlib.sha256(chr(0).join(sorted(requirements)).encode()).hexdigest()}"
