"""The grammar of the commands that make a wheel again and compare."""

from __future__ import annotations

import argparse
from pathlib import Path

from .arguments import Commands, add_headers, add_json, add_out


def add_rebuild_commands(commands: Commands) -> None:
    """Adds ``rebuild``, ``verify``, ``manifest`` and ``compare``."""
    rebuild = commands.add("rebuild", "make a wheel again, from its buildinfo and the sdist")
    rebuild.add_argument(
        "wheel", metavar="WHEEL", help="a wheel; with --manifest also the file name of one that is gone, or 'all'"
    )
    _add_inputs(rebuild)
    add_out(rebuild)
    add_json(rebuild)

    verify = commands.add("verify", "make wheels again and compare: are the bytes the same?")
    verify.add_argument("wheels", nargs="+", type=Path, metavar="WHEEL", help="a wheel, or a folder of wheels")
    _add_inputs(verify)
    verify.add_argument(
        "--contrast",
        action="store_true",
        help="make each twice, in circumstances that differ in all that this machine can vary",
    )
    add_json(verify)

    manifest = commands.add(
        "manifest", "write the hashes and buildinfos of a release, by which wheels can be made again"
    )
    manifest.add_argument(
        "files", nargs="+", type=Path, metavar="FILE", help="the sdist and the wheels, or their folder"
    )
    manifest.add_argument(
        "-o",
        "--out",
        type=Path,
        metavar="FILE",
        help="where it is written (default: zigbuild-manifest.json beside the sdist)",
    )

    compare = commands.add("compare", "say what differs between two wheels, and why it may")
    compare.add_argument("expected", type=Path, metavar="WHEEL", help="a wheel")
    compare.add_argument("found", type=Path, metavar="OTHER", help="another wheel")
    add_json(compare)


def _add_inputs(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--sdist", type=Path, metavar="FILE", help="the sdist (default: the one beside the wheel, else the index's)"
    )
    parser.add_argument("--manifest", type=Path, metavar="FILE", help="a manifest of the release")
    add_headers(parser)
    add_no_isolation(parser)


def add_no_isolation(parser: argparse.ArgumentParser) -> None:
    """Adds the option that gives up the sandbox."""
    parser.add_argument(
        "--no-isolation", action="store_true", help="build without a sandbox: only for sources you trust"
    )
