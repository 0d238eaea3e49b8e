"""The arguments of the commands about runtimes and CPython headers."""

from __future__ import annotations

from ..core.base.pins import DEFAULT_ZIG, SUPPORTED_ZIGS
from .arguments import Commands, add_json, add_targets


def add_toolchain_commands(commands: Commands) -> None:
    """Add ``warm`` and the commands of ``headers``."""
    warm = commands.add("warm", "build the C runtimes of targets ahead of the first build that needs them")
    add_targets(warm, "all")
    warm.add_argument(
        "--zig",
        choices=SUPPORTED_ZIGS,
        default=DEFAULT_ZIG,
        metavar="V",
        help=f"the version of zig: {', '.join(SUPPORTED_ZIGS)} (default: {DEFAULT_ZIG})",
    )
    warm.add_argument("--cxx", action="store_true", help="build the C++ runtimes too")

    headers = commands.add_group("headers", "list or add CPython headers")
    listing = headers.add("list", "list the CPython headers on this machine, and which ones are used")
    add_json(listing)
    adding = headers.add("add", "keep headers, and use them for their version of CPython from now on")
    adding.add_argument(
        "source",
        metavar="PATH_OR_URL",
        help="an include folder, a prefix, a source tree, or an archive of one of these",
    )
    adding.add_argument("--sha256", default="", metavar="X", help="the sha256 of the download; needed for http(s)")
