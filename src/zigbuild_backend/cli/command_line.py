"""The grammar of the command line. Commands are imported when they run, so that help costs nothing."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import get_args

from ..core.base.pins import DEFAULT_ZIG, NAME, SUPPORTED_ZIGS, VERSION
from ..core.settings.model import Optimize
from .arguments import (
    Commands,
    add_headers,
    add_json,
    add_out,
    add_overrides,
    add_project,
    add_targets,
    add_tools,
    positive,
)
from .cache_options import add_repository_commands
from .rebuild_options import add_rebuild_commands

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
    commands = Commands(parser.add_subparsers(metavar="COMMAND", required=True))

    init = commands.add("init", "write the first files of a project with an extension module")
    init.add_argument("folder", nargs="?", default=".", metavar="DIR", help="where (default: this folder)")
    init.add_argument("--name", default="", metavar="NAME", help="the project's name (default: that of the folder)")
    init.add_argument(
        "--language", default="", metavar="L", help="c, cxx, zig, cython, pybind11 or nanobind (default: asked, or c)"
    )
    init.add_argument("--stable-abi", action="store_true", help="use the stable ABI: one wheel for all later Pythons")

    importing = commands.add("import", "read what setuptools would build, and write it as [tool.zigbuild]")
    importing.set_defaults(command="import_")
    add_project(importing, "a folder with setup.py, setup.cfg or pyproject.toml, or an sdist (default: this folder)")
    importing.add_argument("--write", action="store_true", help="write pyproject.toml instead of printing it")
    importing.add_argument(
        "--no-isolation", action="store_true", help="run setup.py without a sandbox: only if you trust it"
    )

    plan = commands.add("plan", "list the wheels that can be built and how each can be tested; builds nothing")
    add_project(plan)
    _add_selection(plan)
    add_overrides(plan)
    add_json(plan)

    wheels = commands.add("wheels", "build the wheels, all of the matrix or those asked for")
    add_project(wheels)
    add_out(wheels)
    _add_selection(wheels)
    add_overrides(wheels)
    add_tools(wheels)
    wheels.add_argument(
        "-j", "--jobs", type=positive, metavar="N", help="how much runs at once (default: a job a core)"
    )
    wheels.add_argument("--optimize", choices=get_args(Optimize), help="compile in this mode (default: the project's)")
    add_json(wheels)

    explain = commands.add("explain", "show each setting with its origin, and what holds for a wheel or a target")
    add_project(explain)
    explain.add_argument(
        "identifier", nargs="?", default="", metavar="ID", help="a wheel identifier, a platform tag, or native"
    )
    add_overrides(explain)
    add_headers(explain)
    add_json(explain)

    clangd = commands.add("compile-commands", "write compile_commands.json, by which clangd knows how sources compile")
    add_project(clangd, "a folder with pyproject.toml (default: this folder)")
    add_overrides(clangd)
    add_headers(clangd)

    commands.add("schema", "print the JSON schema of [tool.zigbuild], for editors")

    sdist = commands.add("sdist", "build the sdist")
    add_project(sdist)
    add_out(sdist)
    add_overrides(sdist)

    check = commands.add("check", "check that every tag and claim of wheels is true")
    check.add_argument("wheels", nargs="+", type=Path, metavar="WHEEL", help="a wheel, or a folder of wheels")
    add_json(check)

    add_rebuild_commands(commands)
    add_repository_commands(commands)

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
    adding.add_argument("--sha256", default="", metavar="X", help="what the download must have; needed for http(s)")

    eject = commands.add("eject", "write build.zig and all it needs into the project, for plain 'zig build'")
    add_project(eject, "a folder with pyproject.toml (default: this folder)")
    add_headers(eject)
    eject.add_argument("--force", action="store_true", help="overwrite files that were not written by eject")
    return parser


def _add_selection(parser: argparse.ArgumentParser) -> None:
    add_targets(parser, "the project's")
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
    add_headers(parser)
