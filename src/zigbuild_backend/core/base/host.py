"""What this machine is: the target and the Python that a wheel must have to be installed here."""

from __future__ import annotations

import sys

from .errors import ConfigurationError
from .pythons import NEWEST, OLDEST, Python
from .targets import TARGETS, Target


def find_host_target() -> Target:
    """The target whose wheels the running Python installs, at its lowest version.

    :raises ConfigurationError: if there is none.
    """
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


def find_host_python() -> Python:
    """The ABI of the running Python.

    :raises ConfigurationError: if it is no CPython that wheels can be made for.
    """
    import sysconfig

    version = f"{sys.implementation.name} {sys.version_info[0]}.{sys.version_info[1]}"
    if sys.implementation.name != "cpython" or not OLDEST <= sys.version_info[1] <= NEWEST:
        raise ConfigurationError(
            f"no wheel can be made for {version}",
            where="python",
            hint=f"known are CPython 3.{OLDEST} to 3.{NEWEST}; a newer zigbuild-backend may know more",
        )
    return Python(sys.version_info[1], free_threaded=bool(sysconfig.get_config_var("Py_GIL_DISABLED")))
