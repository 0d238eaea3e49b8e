"""The facts of projects, targets and Pythons that generators receive, and templates that name such facts."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ..base.errors import ConfigurationError
from ..base.pythons import Python
from ..base.targets import Target
from ..settings.fields import Values

_PLACE = re.compile(r"@([A-Za-z_][A-Za-z0-9_]*)@")


def describe_project(name: str, version: str) -> dict[str, str]:
    """Return the facts of a project, by the names of environment variables."""
    return {"ZIGBUILD_NAME": name, "ZIGBUILD_VERSION": version}


def describe_target(target: Target) -> dict[str, str]:
    """Return the facts of *target*, a single slice; none is of the machine that builds."""
    return {
        "ZIGBUILD_TARGET": target.platform_tag,
        "ZIGBUILD_TRIPLE": target.triple,
        "ZIGBUILD_OS": target.os,
        "ZIGBUILD_ARCH": target.machine,
        "ZIGBUILD_LIBC": target.libc,
        "ZIGBUILD_POINTER_SIZE": "4" if target.is_32bit else "8",
        "ZIGBUILD_ENDIAN": "big" if target.arch == "s390x" else "little",
    }


def describe_python(python: Python) -> dict[str, str]:
    """Return the facts of *python*; for a stable ABI the version is the one that it begins with."""
    return {
        "ZIGBUILD_PYTHON": python.name,
        "ZIGBUILD_PYTHON_VERSION": python.version,
        "ZIGBUILD_ABI": python.abi,
        "ZIGBUILD_FREE_THREADED": str(int(python.free_threaded)),
    }


def fill_template(text: str, values: Values, facts: Mapping[str, str], where: str) -> str:
    """Return *text* with the values of *values* and *facts* in place of each ``@NAME@``.

    :raises ConfigurationError: for a name that neither has; *where* is the template.
    """
    known = dict(facts)
    for name, value in values:
        words = str(int(value)) if not isinstance(value, str) else value
        known[name] = words.replace("{version}", facts["ZIGBUILD_VERSION"]).replace("{name}", facts["ZIGBUILD_NAME"])
    for number, line in enumerate(text.splitlines(), 1):
        for match in _PLACE.finditer(line):
            if match[1] not in known:
                hint = f"give it in 'values'; known are {', '.join(known)}"
                raise ConfigurationError(f"{match[0]} stands for nothing", where=f"{where}:{number}", hint=hint)
    return _PLACE.sub(lambda match: known[match[1]], text)
