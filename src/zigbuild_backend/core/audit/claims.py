"""Parses the claims of a wheel's tags, and audits each of its libraries against them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from ..base.errors import ProblemList
from ..base.pythons import FIRST_ABI3T, Python
from ..base.targets import TARGETS, Target
from ..binaries.binary import MalformedBinary
from ..binaries.parse import is_binary, parse_slices
from .binary_audit import audit_library, audit_module, audit_program
from .platform_policy import Policy
from .promise import Promise

if TYPE_CHECKING:
    from packaging.tags import Tag

StableAbi = Callable[[Python], frozenset[str] | None]
"""Returns the names of the stable ABI up to a Python's version, None if they are not known."""

_ABI_OF_NAME = r"cpython-[^.]+|cp\d+t?-[^.]+|pypy[^.]+|abi3t?"
_TAGGED_MODULE = rf"(?P<stem>[^./]+)(?P<suffix>\.(?:{_ABI_OF_NAME})\.(?:so|pyd))$"
_PLAIN_MODULE = r"(?P<stem>[^./]+)(?P<suffix>\.(?:so|pyd))$"
_INIT_PREFIXES = ("PyInit", "PyModExport")
_LEGACY_MANYLINUX = {"manylinux1": (2, 5), "manylinux2010": (2, 12), "manylinux2014": (2, 17)}


def is_library(path: str) -> bool:
    """Return whether *path* is named as a shared library, be it a module or not."""
    return re.search(r"\.(?:so(?:\.\d+)*|pyd|dylib|dll)$", path) is not None


def is_program(path: str, data: bytes) -> bool:
    """Return whether the member *path* of a wheel is installed as a command and is no script."""
    return re.match(r"[^/]+\.data/scripts/", path) is not None and is_binary(data)


def parse_claimed_target(platform: str) -> Target | None:
    """Return the target of a platform tag, also below the versions that zig can build for; None if it is unknown.

    It has no ``triple``. Legacy manylinux tags become those of PEP 600.
    """
    if platform.startswith("win"):
        return next((known for known in TARGETS if known.platform_tag == platform), None)
    match = re.fullmatch(r"(manylinux|musllinux|macos)x?(?:_(\d+)_(\d+)|(\d+))_(\w+)", platform)
    if not match:
        return None
    group, major, minor, legacy, arch = match.groups()
    version = _LEGACY_MANYLINUX.get(f"{group}{legacy}") if legacy else (int(major), int(minor))
    known = next((known for known in TARGETS if (known.group, known.arch) == (group, arch)), None)
    if known is None or version is None:
        return None
    slices = tuple(replace(part, os_version=max(part.os_version, version)) for part in known.slices)
    name = f"{group}_{version[0]}_{version[1]}_{arch}" if legacy else platform
    return replace(known, platform_tag=name, triple="", os_version=version, slices=slices)


def parse_claimed_python(interpreter: str, abi: str) -> Python | None:
    """Return the Python of a python tag and an ABI tag, None if they are not of an ABI of CPython.

    A wheel for abi3t has tags of abi3 as well, and its modules are audited against both.
    """
    match = re.fullmatch(r"cp3(\d+)", interpreter)
    if not match:
        return None
    python = Python(int(match[1]), free_threaded=abi.endswith("t"), stable_abi=abi.startswith("abi3"))
    return python if python.abi == abi else None


def check_libraries(
    libraries: Mapping[str, bytes],
    tag: Tag,
    stable_abi: StableAbi,
    policy_of: Callable[[Target], Policy],
    problems: ProblemList,
) -> None:
    """Add the *problems* of the shared libraries and programs of a wheel (path → content) that has *tag*."""
    if tag.platform == "any":
        for path in libraries:
            message = f"is compiled, but {tag} says that it runs anywhere"
            problems.at(path).add(message, "give the wheel a platform tag")
        return
    target = parse_claimed_target(tag.platform)
    if target is None:
        message = f"the platform {tag.platform} promises nothing that could be checked"
        problems.add(message, "use a manylinux, musllinux, macosx or Windows tag")
        return
    python = parse_claimed_python(tag.interpreter, tag.abi)
    promise = Promise(
        target,
        policy_of(target),
        python,
        stable_abi(python) if python is not None and python.stable_abi else None,
        frozenset(path.rpartition("/")[2] for path in libraries),
    )
    for path, data in libraries.items():
        place = problems.at(path)
        match = _match_module(path, data)
        if is_program(path, data):
            audit_program(data, promise, place)
        elif match is None:
            audit_library(data, promise, place)
        elif python is None:
            place.add(f"is an extension module, but {tag} names no ABI of CPython that it could be for")
        else:
            if match["suffix"] not in _list_suffixes(python, target):
                place.add(
                    f"is not found by {python} on {target}, which looks for {python.extension_suffix(target)}",
                    "it was built for another Python or platform, or the wheel has the wrong tag",
                )
            audit_module(data, path[: match.end("stem")].replace("/", "."), promise, place)


def _match_module(path: str, data: bytes) -> re.Match[str] | None:
    """Return the ``stem`` and ``suffix`` of a path, if it is that of an extension module.

    A plain ``.so`` may also be a library for ctypes: it is a module if it has an init function.
    """
    if match := re.search(_TAGGED_MODULE, path):
        return match
    match = re.search(_PLAIN_MODULE, path)
    if match is None or match["suffix"] == ".pyd":
        return match
    try:
        exports = [name for binary in parse_slices(data) for name in binary.exports]
    except MalformedBinary:
        return None
    return match if any(name.startswith(_INIT_PREFIXES) for name in exports) else None


def _list_suffixes(python: Python, target: Target) -> set[str]:
    """Return all suffixes that this Python's importer knows: its own, the stable ABI's and the plain one."""
    if target.is_windows:
        return {python.extension_suffix(target), ".pyd"}
    suffixes = {python.extension_suffix(target), ".so"}
    if not python.free_threaded:
        suffixes.add(".abi3.so")
    if python.minor >= FIRST_ABI3T:
        suffixes.add(".abi3t.so")
    return suffixes
