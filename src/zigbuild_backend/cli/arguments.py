"""What the grammars of several commands share: how a command is added, and the arguments that many have."""

from __future__ import annotations

import argparse
from pathlib import Path


class Commands:
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

    def add_group(self, name: str, summary: str) -> Commands:
        """Commands of a second word: ``headers list`` is the module ``headers_list``."""
        group = self._action.add_parser(name, help=summary, description=f"{summary[0].upper()}{summary[1:]}.")
        return Commands(group.add_subparsers(metavar="COMMAND", required=True), prefix=f"{name}_")


def add_project(
    parser: argparse.ArgumentParser, meaning: str = "a folder, an sdist or a recipe (default: this folder)"
) -> None:
    parser.add_argument("project", nargs="?", default=".", metavar="PROJECT", help=meaning)


def add_out(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "-o", "--out", type=Path, default=Path("dist"), metavar="DIR", help="where files are written (default: dist)"
    )


def add_overrides(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--set",
        dest="overrides",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="a setting instead of the project's, such as optimize=debug or define.NAME=1; may be repeated",
    )


def add_targets(parser: argparse.ArgumentParser, default: str) -> None:
    parser.add_argument(
        "--target",
        dest="targets",
        action="append",
        default=[],
        metavar="T",
        help=f"a platform tag or group, such as linux or native (default: {default}); may be repeated",
    )


def add_headers(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--headers",
        action="append",
        default=[],
        type=Path,
        metavar="PATH",
        help="CPython headers to use, a folder or archive; may be repeated",
    )


def add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print the result as one JSON document")


def positive(text: str) -> int:
    number = int(text) if text.isdecimal() else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"must be a number from 1, not {text!r}")
    return number
