"""The arguments of the commands that rebuild and compare wheels."""

from __future__ import annotations

import argparse
from pathlib import Path

from .arguments import Commands, add_headers, add_json, add_no_isolation, add_out, add_wheels


def add_rebuild_commands(commands: Commands) -> None:
    """Add ``rebuild``, ``verify``, ``manifest`` and ``compare``."""
    rebuild = commands.add("rebuild", "make a wheel again, from its buildinfo and the sdist")
    rebuild.add_argument(
        "wheel", metavar="WHEEL", help="a wheel; with --manifest also the file name of one that is gone, or 'all'"
    )
    _add_inputs(rebuild)
    add_out(rebuild)
    add_json(rebuild)

    verify = commands.add("verify", "rebuild wheels, compare the bytes, and explain the differences")
    add_wheels(verify)
    _add_inputs(verify)
    verify.add_argument(
        "--contrast",
        action="store_true",
        help="rebuild each twice, in build environments that differ in all that this machine can vary",
    )
    add_json(verify)

    manifest = commands.add("manifest", "write the hashes and buildinfos of a release, from which wheels are rebuilt")
    manifest.add_argument(
        "files", nargs="+", type=Path, metavar="FILE", help="the sdist and the wheels, or their folder"
    )
    manifest.add_argument(
        "-o",
        "--out",
        type=Path,
        metavar="FILE",
        help="the file to write (default: zigbuild-manifest.json beside the sdist)",
    )

    compare = commands.add("compare", "explain the differences between two wheels")
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
