"""The parser of the command line. Commands are imported when they run, so that help costs nothing."""

from __future__ import annotations

import argparse

from ..core.base.pins import NAME, VERSION
from .arguments import Commands
from .cache_options import add_repository_commands
from .project_options import (
    add_build_commands,
    add_eject_command,
    add_file_commands,
    add_new_project_commands,
    add_settings_commands,
)
from .rebuild_options import add_rebuild_commands
from .toolchain_options import add_toolchain_commands

_EPILOG = """\
PROJECT is a folder with pyproject.toml, an sdist, or a recipe (default: this folder).
Targets are platform tags such as win_amd64, and the groups linux, manylinux, musllinux, macos, windows, all, native.
Pythons are cp313, cp313t, cp311-abi3 and so on, all, native.

exit codes: 0 done, 1 our bug, 2 configuration or usage, 3 compiler or toolchain, 4 mismatch, 5 not found
"""


def make_parser() -> argparse.ArgumentParser:
    """Return the parser. ``command`` of what it parses is the name of a module in :mod:`.commands`."""
    parser = argparse.ArgumentParser(
        prog="zigbuild",
        description="Builds the wheels of a Python extension for every platform, on this machine, reproducibly.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"{NAME} {VERSION}")
    commands = Commands(parser.add_subparsers(metavar="COMMAND", required=True))
    add_new_project_commands(commands)
    add_build_commands(commands)
    add_settings_commands(commands)
    add_file_commands(commands)
    add_rebuild_commands(commands)
    add_repository_commands(commands)
    add_toolchain_commands(commands)
    add_eject_command(commands)
    return parser
