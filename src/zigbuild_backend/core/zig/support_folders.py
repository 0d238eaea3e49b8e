"""The folders beside build.zig that hold the files of a graph which are not the project's own."""

from __future__ import annotations

from ..base.pythons import Python
from ..base.targets import Target

SUPPORT_FOLDER = "zigbuild"
"""The folder that all others are in."""

INCLUDE = f"{SUPPORT_FOLDER}/include"
"""The headers of CPython, in a folder for each version: ``3.13``."""

PYCONFIG = f"{SUPPORT_FOLDER}/pyconfig"
"""CPython's ``pyconfig.h``, in the folders ``posix`` and ``windows``."""

EXPORTS = f"{SUPPORT_FOLDER}/exports"
"""The module-definition files of CPython's DLLs: ``cp313.def``."""

TRANSLATED = f"{SUPPORT_FOLDER}/zig"
"""The headers of CPython as zig translates them, in a folder for each version."""

HEADERS = f"{SUPPORT_FOLDER}/headers"
"""The headers of other packages, in a folder for each package."""

GENERATED = f"{SUPPORT_FOLDER}/generated"
"""The files that are generated for one target or one wheel alone."""

LIBRARIES = f"{SUPPORT_FOLDER}/libraries"
"""The sources of libraries that are built by a recipe, in a folder for each library."""

RUNTIME = f"{SUPPORT_FOLDER}/runtime"
"""Sources that are linked into every module, shared library and program of a target."""

SDK = f"{SUPPORT_FOLDER}/sdk"
"""The SDK of macOS."""

SDK_FOLDERS = {
    "addSystemFrameworkPath": "System/Library/Frameworks",
    "addSystemIncludePath": "usr/include",
    "addLibraryPath": "usr/lib",
}
"""The folders of an SDK of macOS that frameworks need, by the functions of ``std.Build.Module`` that name them."""


def name_generated(per: str, python: Python, target: Target, part: Target) -> str:
    """Return the folder below :data:`GENERATED` of files that are generated for each ``target`` or ``wheel``.

    *part* is a slice of *target*.
    """
    if per == "target":
        return part.triple
    return f"{python}-{target}/{part.triple}" if target.slices else f"{python}-{target}"
