"""Reads the specifications of wheels that are to be rebuilt, checks them, and groups them."""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from ..core.archive.deflate.effort import PROFILE
from ..core.base.errors import ConfigurationError, MismatchError, NotFoundError
from ..core.cpython.cpython_version import CPythonVersion
from ..core.project.planned_wheels import PlannedWheel
from ..core.wheel.buildinfo import FILE_NAME, parse_buildinfo
from ..core.wheel.spec import PythonInput, WheelSpec

_LARGEST = 1 << 20
"""The largest size of a buildinfo, in bytes."""

_NAME = re.compile(r"\w+(?:\.\w+)*", re.ASCII)
_VERSION = re.compile(r"[0-9a-z.!+]+", re.ASCII)
_TAG = re.compile(r"[a-z0-9_.]+-[a-z0-9_.]+-[a-z0-9_.]+", re.ASCII)
_OVERRIDE = re.compile(r"[A-Za-z][\w.-]*=[^\0]*")
_SHA256 = re.compile(r"[0-9a-f]{64}")


def read_spec(wheel: Path) -> WheelSpec:
    """Return the specification in the file *wheel*.

    :raises NotFoundError: if there is no such file.
    :raises ConfigurationError: if this backend did not make it.
    :raises MismatchError: if it is damaged, or its buildinfo is not one that this backend wrote into that file.
    """
    data = read_buildinfo(wheel)
    try:
        spec = check_spec(parse_buildinfo(data))
    except MismatchError as error:
        raise MismatchError.of(replace(problem, where=wheel.name) for problem in error.problems) from None
    if spec.file_name != wheel.name:
        raise MismatchError(
            f"its buildinfo belongs to {spec.file_name}", where=wheel.name, hint="was it renamed, or altered?"
        )
    return spec


def read_buildinfo(wheel: Path) -> bytes:
    """Return the text of the buildinfo in the file *wheel*, unchecked.

    :raises NotFoundError: if there is no such file.
    :raises ConfigurationError: if the wheel has no buildinfo.
    :raises MismatchError: if the file is damaged.
    """
    if not wheel.is_file():
        raise NotFoundError("there is no such wheel", where=str(wheel))
    try:
        with zipfile.ZipFile(wheel) as archive:
            found = [info for info in archive.infolist() if info.filename.endswith(f".dist-info/{FILE_NAME}")]
            data = archive.read(found[0]) if len(found) == 1 and found[0].file_size <= _LARGEST else b""
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError, ValueError) as error:
        raise MismatchError(f"is not a sound zip file: {error}", where=wheel.name, hint="download it again") from None
    if not found:
        raise ConfigurationError(
            f"holds no {FILE_NAME}", where=wheel.name, hint="only wheels of this backend can be rebuilt"
        )
    return data


def check_spec(spec: WheelSpec) -> WheelSpec:
    """Return *spec* after checking its texts: it may come from anywhere, and they become paths and arguments.

    :raises MismatchError: if a text has another form than this backend gives it.
    :raises ConfigurationError: for the wheel of an editable install, which depends on its source folder.
    """
    python = (spec.python.version, spec.python.headers, spec.python.import_library) if spec.python else ()
    sdk = (spec.sdk.name, spec.sdk.digest) if spec.sdk else ()
    texts = (spec.name, spec.version, spec.tag, spec.source, spec.recipe, spec.backend, spec.archive, spec.zig)
    digests = [spec.source, *(digest for _, digest in spec.headers)]
    digests += [spec.recipe] if spec.recipe else []
    digests += [spec.python.headers] if spec.python else []
    digests += [spec.sdk.digest] if spec.sdk else []
    is_sound = (
        all(isinstance(text, str) for text in (*texts, *python, *sdk, *spec.requirements, *spec.overrides, *digests))
        and all(_OVERRIDE.fullmatch(text) for text in spec.overrides)
        and isinstance(spec.epoch, int)
        and spec.backend.count(" ") == 2
        and _NAME.fullmatch(spec.name)
        and _VERSION.fullmatch(spec.version)
        and _TAG.fullmatch(spec.tag)
        and all(map(_SHA256.fullmatch, digests))
        and spec.optimize in ("", "fast", "safe", "small", "debug")
        and 0 <= spec.epoch < 1 << 60
        and (spec.python is None or _names_version(spec.python))
        and (spec.python is None) == (spec.target is None)
        and {name for name, _ in spec.headers} <= {text.partition("==")[0] for text in spec.requirements}
        and spec.tag == _planned(spec).tag
    )
    if not is_sound:
        raise MismatchError("was not written by this backend", where=FILE_NAME, hint="was the wheel altered?")
    if spec.archive != PROFILE:
        raise ConfigurationError(
            f"has the archive profile {spec.archive!r}, which only wheels of editable installs have",
            where=spec.file_name,
            hint="such wheels depend on their source folder, and cannot be rebuilt",
        )
    return spec


def identify(spec: WheelSpec) -> str:
    """Return the wheel identifier, such as ``cp313-manylinux_2_17_x86_64``."""
    return _planned(spec).identifier


def group_specs(specs: Iterable[WheelSpec]) -> list[tuple[WheelSpec, ...]]:
    """Return groups that one run can make: equal in all but tag, target and Python, with one header set a version."""
    groups: dict[WheelSpec, list[dict[str, WheelSpec]]] = {}
    for spec in specs:
        candidates = groups.setdefault(replace(spec, tag="", target=None, python=None), [])
        for group in candidates:
            if identify(spec) not in group and all(_agree(spec, other) for other in group.values()):
                group[identify(spec)] = spec
                break
        else:
            candidates.append({identify(spec): spec})
    return [tuple(group.values()) for candidates in groups.values() for group in candidates]


def _agree(one: WheelSpec, other: WheelSpec) -> bool:
    """Return whether both can be made with the same header sets."""
    mine, others = one.python, other.python
    return not mine or not others or mine.python.minor != others.python.minor or mine.headers == others.headers


def _names_version(python: PythonInput) -> bool:
    try:
        return CPythonVersion.parse(python.version).minor == python.python.minor
    except ValueError:
        return False


def _planned(spec: WheelSpec) -> PlannedWheel:
    return PlannedWheel(spec.python.python if spec.python else None, spec.target)
