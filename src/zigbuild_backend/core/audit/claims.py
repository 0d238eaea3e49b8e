"""What the tags of a wheel claim, and each of its libraries held against them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from ..base.errors import Problem
from ..base.pythons import FIRST_ABI3T, Python
from ..base.targets import TARGETS, Target
from ..binaries.binary import MalformedBinary
from ..binaries.parse import is_binary, parse_slices
from .module_audit import audit_library, audit_module, audit_program
from .platform_policy import Policy

if TYPE_CHECKING:
    from packaging.tags import Tag

StableAbi = Callable[[Python], frozenset[str] | None]
"""The names of the stable ABI up to a Python's version, ``None`` if they are not known."""

_LIBRARY = re.compile(r"\.(?:so(?:\.\d+)*|pyd|dylib|dll)$")
_ABI_OF_NAME = r"cpython-[^.]+|cp\d+t?-[^.]+|pypy[^.]+|abi3t?"
_TAGGED_MODULE = re.compile(rf"(?P<stem>[^./]+)(?P<suffix>\.(?:{_ABI_OF_NAME})\.(?:so|pyd))$")
_PLAIN_MODULE = re.compile(r"(?P<stem>[^./]+)(?P<suffix>\.(?:so|pyd))$")
_INIT_PREFIXES = ("PyInit", "PyModExport")
_LEGACY_MANYLINUX = {"manylinux1": (2, 5), "manylinux2010": (2, 12), "manylinux2014": (2, 17)}


def is_library(path: str) -> bool:
    """Whether the name is that of a shared library: a module's, or one that is loaded in another way."""
    return _LIBRARY.search(path) is not None


def is_program(path: str, data: bytes) -> bool:
    """Whether the member of a wheel is installed as a command and is no script."""
    return re.match(r"[^/]+\.data/scripts/", path) is not None and is_binary(data)


def claimed_target(platform: str) -> Target | None:
    """The machine that a platform tag names, also below the versions that zig can build for; ``None`` if it is unknown.

    It is good for an audit only: it has no ``triple``. Old names come back as their PEP 600 ones.
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


def claimed_python(interpreter: str, abi: str) -> Python | None:
    """The Python that a python tag and an ABI tag name together, ``None`` if it is not an ABI of CPython's own.

    A wheel for abi3t claims abi3 as well, and its modules are held against both.
    """
    match = re.fullmatch(r"cp3(\d+)", interpreter)
    if not match:
        return None
    python = Python(int(match[1]), free_threaded=abi.endswith("t"), stable_abi=abi.startswith("abi3"))
    return python if python.abi == abi else None


def check_libraries(
    libraries: Mapping[str, bytes], tag: Tag, stable_abi: StableAbi, policy_of: Callable[[Target], Policy]
) -> Iterator[Problem]:
    """Everything that is wrong with the shared libraries and programs of a wheel (path → bytes) if it has *tag*."""
    if tag.platform == "any":
        for path in libraries:
            yield Problem(f"is compiled, but {tag} says that it runs anywhere", path, "give the wheel a platform tag")
        return
    target = claimed_target(tag.platform)
    if target is None:
        yield Problem(
            f"the platform {tag.platform} promises nothing that could be checked",
            hint="use a manylinux, musllinux, macosx or Windows tag",
        )
        return
    policy = policy_of(target)
    bundled = frozenset(path.rpartition("/")[2] for path in libraries)
    python = claimed_python(tag.interpreter, tag.abi)
    names = stable_abi(python) if python is not None and python.stable_abi else None
    for path, data in libraries.items():
        match = _match_module(path, data)
        if is_program(path, data):
            yield from audit_program(data, path=path, target=target, policy=policy)
        elif match is None:
            yield from audit_library(data, path=path, target=target, policy=policy, bundled=bundled)
        elif python is None:
            yield Problem(f"is an extension module, but {tag} names no ABI of CPython that it could be for", path)
        else:
            if match["suffix"] not in _suffixes(python, target):
                yield Problem(
                    f"is not found by {python} on {target}, which looks for {python.extension_suffix(target)}",
                    path,
                    "it was built for another Python or platform, or the wheel has the wrong tag",
                )
            yield from audit_module(
                data,
                path=path,
                module=path[: match.end("stem")].replace("/", "."),
                target=target,
                python=python,
                policy=policy,
                stable_abi=names,
                bundled=bundled,
            )


def _match_module(path: str, data: bytes) -> re.Match[str] | None:
    """The ``stem`` and ``suffix`` of a path, if it is that of an extension module.

    A plain ``.so`` may also be a library for ctypes: it is a module if it has an init function.
    """
    if match := _TAGGED_MODULE.search(path):
        return match
    match = _PLAIN_MODULE.search(path)
    if match is None or match["suffix"] == ".pyd":
        return match
    try:
        exports = [name for binary in parse_slices(data) for name in binary.exports]
    except MalformedBinary:
        return None
    return match if any(name.startswith(_INIT_PREFIXES) for name in exports) else None


def _suffixes(python: Python, target: Target) -> set[str]:
    """All suffixes that this Python's importer knows: its own, the stable ABI's and the plain one."""
    if target.is_windows:
        return {python.extension_suffix(target), ".pyd"}
    suffixes = {python.extension_suffix(target), ".so"}
    if not python.free_threaded:
        suffixes.add(".abi3.so")
    if python.minor >= FIRST_ABI3T:
        suffixes.add(".abi3t.so")
    return suffixes
