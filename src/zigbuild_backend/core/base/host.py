"""Finds the target and the Python of wheels that the running Python installs."""

from __future__ import annotations

import importlib.util
import os
import sys

from .errors import ConfigurationError
from .pythons import NEWEST, OLDEST, Python
from .targets import TARGETS, Target


def find_host_target() -> Target:
    """Return the target whose wheels the running Python installs, with the lowest version of the system.

    :raises ConfigurationError: if it installs wheels of no known target.
    """
    if common := _find_common_target():
        return common
    from packaging.tags import platform_tags

    accepted = list(platform_tags())
    for target in TARGETS:
        if target.platform_tag in accepted and not target.slices:
            return target
    raise ConfigurationError(
        "no wheel can be made for this machine",
        where=accepted[0] if accepted else sys.platform,
        hint="name a target with --config-settings target=TAG; 'zigbuild plan --target all' lists them",
    )


def _find_common_target() -> Target | None:
    """Return the target of a 64-bit Linux with glibc; None on another machine, or with a module ``_manylinux``.

    Most builds run on such a machine, and ``packaging.tags`` takes as long to import as a small file to compile.
    """
    if sys.platform != "linux" or sys.maxsize < 2**32 or importlib.util.find_spec("_manylinux"):
        return None
    try:
        libc, _, version = (os.confstr("CS_GNU_LIBC_VERSION") or "").partition(" ")
        host_version = tuple(map(int, version.split(".")))
    except (OSError, ValueError):
        return None
    if libc != "glibc":
        return None
    machine = os.uname().machine
    fits = (target for target in TARGETS if (target.libc, target.arch) == ("glibc", machine) and not target.is_32bit)
    return next((target for target in fits if target.os_version <= host_version), None)


def find_host_python() -> Python:
    """Return the running Python as a Python to make wheels for.

    :raises ConfigurationError: if it is no supported version of CPython.
    """
    import sysconfig

    version = f"{sys.implementation.name} {sys.version_info[0]}.{sys.version_info[1]}"
    if sys.implementation.name != "cpython" or not OLDEST <= sys.version_info[1] <= NEWEST:
        raise ConfigurationError(
            f"no wheel can be made for {version}",
            where="python",
            hint=f"use CPython 3.{OLDEST} to 3.{NEWEST}, or a newer zigbuild-backend",
        )
    return Python(sys.version_info[1], free_threaded=bool(sysconfig.get_config_var("Py_GIL_DISABLED")))
