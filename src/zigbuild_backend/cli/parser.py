"""The grammar of the command line. Commands are imported when they run, so that help costs nothing."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..pins import DEFAULT_ZIG, NAME, SUPPORTED_ZIGS, VERSION

_EPILOG = """\
PROJECT is a folder with pyproject.toml, an sdist, or a recipe (default: this folder).
Targets are platform tags such as win_amd64, and the groups linux, manylinux, musllinux, macos, windows, all, native.
Pythons are cp313, cp313t, cp311-abi3 and so on, all, native.

exit codes: 0 done, 1 our bug, 2 configuration or usage, 3 compiler or toolchain, 4 mismatch, 5 not found
"""


def make_parser() -> argparse.ArgumentParser:
    """The parser; what it parses has the name of a module of this package in ``command``."""
    parser = argparse.ArgumentParser(
        prog="zigbuild",
        description="Builds the wheels of a Python extension for every platform, on this machine, reproducibly.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"{NAME} {VERSION}")
    commands = _Commands(parser.add_subparsers(metavar="COMMAND", required=True))

    plan = commands.add("plan", "list the wheels that can be built and how each can be tested; builds nothing")
    _add_project(plan)
    _add_selection(plan)
    _add_json(plan)

    wheels = commands.add("wheels", "build the wheels, all of the matrix or those asked for")
    _add_project(wheels)
    _add_out(wheels)
    _add_selection(wheels)
    wheels.add_argument(
        "-j", "--jobs", type=_positive, metavar="N", help="how much runs at once (default: a job a core)"
    )
    _add_json(wheels)

    sdist = commands.add("sdist", "build the sdist")
    _add_project(sdist)
    _add_out(sdist)

    check = commands.add("check", "check that every tag and claim of wheels is true")
    check.add_argument("wheels", nargs="+", type=Path, metavar="WHEEL", help="a wheel, or a folder of wheels")
    _add_json(check)

    warm = commands.add("warm", "build the C runtimes of targets ahead of the first build that needs them")
    _add_targets(warm, "all")
    warm.add_argument(
        "--zig",
        choices=SUPPORTED_ZIGS,
        default=DEFAULT_ZIG,
        metavar="V",
        help=f"the version of zig: {', '.join(SUPPORTED_ZIGS)} (default: {DEFAULT_ZIG})",
    )
    warm.add_argument("--cxx", action="store_true", help="build the C++ runtimes too")

    headers = commands.add("headers", "list or add CPython headers").add_subparsers(metavar="COMMAND", required=True)
    header_commands = _Commands(headers, prefix="headers_")
    listing = header_commands.add("list", "list the CPython headers on this machine, and which ones are used")
    _add_json(listing)
    adding = header_commands.add("add", "keep headers, and use them for their version of CPython from now on")
    adding.add_argument(
        "source",
        metavar="PATH_OR_URL",
        help="an include folder, a prefix, a source tree, or an archive of one of these",
    )
    adding.add_argument("--sha256", default="", metavar="X", help="what the download must have; needed for http(s)")

    eject = commands.add("eject", "write build.zig and all it needs into the project, for plain 'zig build'")
    _add_project(eject, "a folder with pyproject.toml (default: this folder)")
    _add_headers(eject)
    eject.add_argument("--force", action="store_true", help="overwrite files that were not written by eject")
    return parser


class _Commands:
    """Adds commands that all have the options about how much is said."""

    def __init__(self, action: argparse._SubParsersAction[argparse.ArgumentParser], prefix: str = "") -> None:
        self._action = action
        self._prefix = prefix

    def add(self, name: str, summary: str) -> argparse.ArgumentParser:
        parser = self._action.add_parser(
            name, help=summary, description=f"{summary[0].upper()}{summary[1:]}.", allow_abbrev=False
        )
        talk = parser.add_mutually_exclusive_group()
        talk.add_argument("-q", "--quiet", action="store_true", help="say nothing but results and errors")
        talk.add_argument("-v", "--verbose", action="store_true", help="show what zig is run with and says")
        parser.set_defaults(command=f"{self._prefix}{name}")
        return parser


def _add_project(
    parser: argparse.ArgumentParser, meaning: str = "a folder, an sdist or a recipe (default: this folder)"
) -> None:
    parser.add_argument("project", nargs="?", default=".", metavar="PROJECT", help=meaning)


def _add_out(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "-o", "--out", type=Path, default=Path("dist"), metavar="DIR", help="where files are written (default: dist)"
    )


def _add_selection(parser: argparse.ArgumentParser) -> None:
    _add_targets(parser, "the project's")
    parser.add_argument(
        "--python",
        dest="pythons",
        action="append",
        default=[],
        metavar="P",
        help="a Python, such as cp313t, all or native (default: the project's); may be repeated",
    )
    parser.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="ID",
        help="one wheel by its identifier, such as cp313-win_amd64; may be repeated",
    )
    _add_headers(parser)


def _add_targets(parser: argparse.ArgumentParser, default: str) -> None:
    parser.add_argument(
        "--target",
        dest="targets",
        action="append",
        default=[],
        metavar="T",
        help=f"a platform tag or group, such as linux or native (default: {default}); may be repeated",
    )


def _add_headers(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--headers",
        action="append",
        default=[],
        type=Path,
        metavar="PATH",
        help="CPython headers to use, a folder or archive; may be repeated",
    )


def _add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print the result as one JSON document")


def _positive(text: str) -> int:
    number = int(text) if text.isdecimal() else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"must be a number from 1, not {text!r}")
    return number
