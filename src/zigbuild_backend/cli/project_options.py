"""The arguments of the commands that read, plan and build a project."""

from __future__ import annotations

import argparse
from typing import get_args

from ..core.settings.model import Optimize
from .arguments import (
    Commands,
    add_headers,
    add_json,
    add_no_isolation,
    add_out,
    add_overrides,
    add_project,
    add_targets,
    add_tools,
    add_wheels,
    positive,
)

_FOLDER_ONLY = "a folder with pyproject.toml (default: this folder)"


def add_new_project_commands(commands: Commands) -> None:
    """Add ``init`` and ``import``."""
    init = commands.add("init", "write the first files of a project with an extension module")
    init.add_argument("folder", nargs="?", default=".", metavar="DIR", help="the project's folder (default: this one)")
    init.add_argument("--name", default="", metavar="NAME", help="the project's name (default: that of the folder)")
    init.add_argument(
        "--language", default="", metavar="L", help="c, cxx, zig, cython, pybind11 or nanobind (default: asked, or c)"
    )
    init.add_argument("--stable-abi", action="store_true", help="use the stable ABI: one wheel for all later Pythons")

    importing = commands.add("import", "read what setuptools would build, and write it as [tool.zigbuild]")
    importing.set_defaults(command="import_")
    add_project(importing, "a folder with setup.py, setup.cfg or pyproject.toml, or an sdist (default: this folder)")
    importing.add_argument("--write", action="store_true", help="write pyproject.toml instead of printing it")
    add_no_isolation(importing, "run setup.py without a sandbox: only if you trust it")


def add_build_commands(commands: Commands) -> None:
    """Add ``plan`` and ``wheels``."""
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
        "-j", "--jobs", type=positive, metavar="N", help="jobs that run at once (default: one per core)"
    )
    wheels.add_argument("--optimize", choices=get_args(Optimize), help="compile in this mode (default: the project's)")
    add_json(wheels)


def add_settings_commands(commands: Commands) -> None:
    """Add ``explain``, ``compile-commands`` and ``schema``."""
    explain = commands.add("explain", "show each setting with its origin, and what holds for a wheel or a target")
    add_project(explain)
    explain.add_argument(
        "identifier", nargs="?", default="", metavar="ID", help="a wheel identifier, a platform tag, or native"
    )
    add_overrides(explain)
    add_headers(explain)
    add_json(explain)

    clangd = commands.add("compile-commands", "write compile_commands.json, by which clangd knows how sources compile")
    add_project(clangd, _FOLDER_ONLY)
    add_overrides(clangd)
    add_headers(clangd)

    commands.add("schema", "print the JSON schema of [tool.zigbuild], for editors")


def add_file_commands(commands: Commands) -> None:
    """Add ``sdist`` and ``check``."""
    sdist = commands.add("sdist", "build the sdist")
    add_project(sdist)
    add_out(sdist)
    add_overrides(sdist)

    check = commands.add("check", "check that every tag and claim of wheels is true")
    add_wheels(check)
    add_json(check)


def add_eject_command(commands: Commands) -> None:
    """Add ``eject``."""
    eject = commands.add("eject", "write build.zig and all it needs into the project, for plain 'zig build'")
    add_project(eject, _FOLDER_ONLY)
    add_headers(eject)
    eject.add_argument("--force", action="store_true", help="overwrite files that were not written by eject")


def _add_selection(parser: argparse.ArgumentParser) -> None:
    add_targets(parser, "the project's")
    parser.add_argument(
        "--python",
        dest="pythons",
        action="append",
        default=[],
        metavar="P",
        help="a Python, such as cp313t, all or native (default: the project's); can be repeated",
    )
    parser.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="ID",
        help="one wheel by its identifier, such as cp313-win_amd64; can be repeated",
    )
    add_headers(parser)
