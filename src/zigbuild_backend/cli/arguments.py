"""Arguments that several commands share, and how a command is added to the parser."""

from __future__ import annotations

import argparse
from pathlib import Path


class Commands:
    """Adds commands to a parser; each has ``--quiet`` and ``--verbose``."""

    def __init__(self, action: argparse._SubParsersAction[argparse.ArgumentParser], prefix: str = "") -> None:
        self._action = action
        self._prefix = prefix

    def add(self, name: str, summary: str) -> argparse.ArgumentParser:
        """Return the parser of a new command."""
        parser = self._action.add_parser(
            name, help=summary, description=f"{summary[0].upper()}{summary[1:]}.", allow_abbrev=False
        )
        talk = parser.add_mutually_exclusive_group()
        talk.add_argument("-q", "--quiet", action="store_true", help="print nothing but results and errors")
        talk.add_argument("-v", "--verbose", action="store_true", help="show the commands of zig and their output")
        parser.set_defaults(command=f"{self._prefix}{name}".replace("-", "_"))
        return parser

    def add_group(self, name: str, summary: str) -> Commands:
        """Return an adder of commands with a second word: ``headers list`` is the module ``headers_list``."""
        group = self._action.add_parser(name, help=summary, description=f"{summary[0].upper()}{summary[1:]}.")
        return Commands(group.add_subparsers(metavar="COMMAND", required=True), prefix=f"{name}_")


def add_project(
    parser: argparse.ArgumentParser, meaning: str = "a folder, an sdist or a recipe (default: this folder)"
) -> None:
    parser.add_argument("project", nargs="?", default=".", metavar="PROJECT", help=meaning)


def add_out(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "-o", "--out", type=Path, default=Path("dist"), metavar="DIR", help="the folder of the files (default: dist)"
    )


def add_overrides(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--set",
        dest="overrides",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="a setting instead of the project's, such as optimize=debug or define.NAME=1; can be repeated",
    )


def add_targets(parser: argparse.ArgumentParser, default: str) -> None:
    parser.add_argument(
        "--target",
        dest="targets",
        action="append",
        default=[],
        metavar="T",
        help=f"a platform tag or group, such as linux or native (default: {default}); can be repeated",
    )


def add_tools(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--tools",
        action="append",
        default=[],
        type=Path,
        metavar="FOLDER",
        help="a folder with the packages that generate sources or have headers (default: this Python, else an "
        "environment in the cache); can be repeated",
    )


def add_headers(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--headers",
        action="append",
        default=[],
        type=Path,
        metavar="PATH",
        help="CPython headers to use, a folder or archive; can be repeated",
    )


def add_wheels(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("wheels", nargs="+", type=Path, metavar="WHEEL", help="a wheel, or a folder of wheels")


def add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print the result as one JSON document")


def add_no_isolation(
    parser: argparse.ArgumentParser, meaning: str = "build without a sandbox: only for sources you trust"
) -> None:
    parser.add_argument("--no-isolation", action="store_true", help=meaning)


def positive(text: str) -> int:
    """Return the number that *text* says.

    :raises argparse.ArgumentTypeError: if it is no number from 1.
    """
    number = int(text) if text.isdecimal() else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"must be a number from 1, not {text!r}")
    return number
