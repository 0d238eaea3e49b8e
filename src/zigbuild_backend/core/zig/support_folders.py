"""The folders beside build.zig in which the graph finds what is not of the project itself."""

from __future__ import annotations

SUPPORT_FOLDER = "zigbuild"
"""Where, beside build.zig, the graph finds CPython: ``include/3.13``, ``pyconfig/posix``, ``exports/cp313.def``."""


HEADERS = "zigbuild/headers"
"""Where the headers of other packages are, each in a folder of its name."""


GENERATED = "zigbuild/generated"
"""Where there is what is generated for one target, or for one wheel, alone."""


SDK_FOLDERS = {
    "addSystemFrameworkPath": "System/Library/Frameworks",
    "addSystemIncludePath": "usr/include",
    "addLibraryPath": "usr/lib",
}
"""Where an SDK of macOS has what frameworks need, and how a module is told."""
