"""The arguments of ``serve`` and of the commands of ``cache``."""

from __future__ import annotations

import argparse
from pathlib import Path

from .arguments import Commands, add_json, add_no_isolation, positive

_SELECTION = "a project, or a pattern of file names (default: everything)"


def add_repository_commands(commands: Commands) -> None:
    """Add ``serve`` and the commands of ``cache``."""
    _add_serve_command(commands)
    cache = commands.add_group("cache", "manage the repository of the index: add files, drop and restore bytes, prove")
    _add_cache_commands(cache)


def _add_serve_command(commands: Commands) -> None:
    serve = commands.add("serve", "serve an index for pip and uv that recreates the wheels whose bytes were dropped")
    _add_data(serve)
    serve.add_argument("--host", default="127.0.0.1", metavar="H", help="address to listen on (default: 127.0.0.1)")
    serve.add_argument("--port", type=positive, default=8000, metavar="N", help="port to listen on (default: 8000)")
    _add_sources(serve)
    serve.add_argument("--builders", type=positive, metavar="N", help="rebuilds at once (default: one per core)")
    serve.add_argument(
        "--patience",
        type=float,
        default=25.0,
        metavar="S",
        help="seconds that a client waits for a wheel (default: 25)",
    )
    serve.add_argument(
        "--accel", default="", metavar="PREFIX", help="let nginx send files: the prefix of its internal location"
    )
    add_no_isolation(serve)


def _add_cache_commands(cache: Commands) -> None:
    add = cache.add("add", "record sdists, wheels and manifests, and keep their bytes")
    add.add_argument("files", nargs="+", type=Path, metavar="FILE", help="sdist, wheel, manifest, or a folder of them")
    add.add_argument(
        "--recipe",
        dest="recipes",
        action="append",
        default=[],
        metavar="RECIPE",
        help="the recipe that the wheels were built by, a folder or a name; can be repeated",
    )
    _add_data(add)
    stats = cache.add("stats", "show how many bytes are recorded, held and saved")
    _add_data(stats)
    add_json(stats)
    evict = cache.add("evict", "drop the bytes of wheels that were proven rebuildable")
    _add_selection(evict)
    evict.add_argument("--bytes", type=positive, metavar="N", help="drop only as many as free N bytes, cheapest first")
    evict.add_argument(
        "--purge", action="store_true", help="drop the members too, not only the files that are assembled from them"
    )
    evict.add_argument("--dry-run", action="store_true", help="show what would be dropped, and drop nothing")
    _add_data(evict)
    add_json(evict)
    restore = cache.add("restore", "recreate dropped bytes")
    _add_selection(restore)
    _add_sources(restore)
    _add_data(restore)
    add_no_isolation(restore)
    prove = cache.add(
        "prove", "rebuild wheels in contrasting build environments, and record whether they are identical"
    )
    _add_selection(prove)
    _add_data(prove)
    add_no_isolation(prove)
    add_json(prove)
    challenge = cache.add("challenge", "compare the recorded hashes with those of another index")
    challenge.add_argument("url", metavar="URL", help="the index: the URL of its simple pages")
    _add_selection(challenge)
    _add_data(challenge)
    add_json(challenge)


def _add_data(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--data",
        type=Path,
        metavar="DIR",
        help="folder of the repository (default: ZIGBUILD_DATA_DIR, or zigbuild in the user's data folder)",
    )


def _add_selection(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("selection", nargs="*", metavar="WHAT", help=_SELECTION)


def _add_sources(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--upstream", metavar="URL", help="the index to proxy, or 'none' (default: the one in pip's configuration)"
    )
    parser.add_argument(
        "--peer", dest="peers", action="append", default=[], metavar="URL", help="another cache to ask; can be repeated"
    )
