"""Counts the bytes of three releases: upstream's files, our wheels whole, kept as members, and dropped.

    python benchmarks/space.py [--wheels DIR]

DIR has the wheels of the recipes, or gets them, each release in a folder by its name. The sizes of upstream's files are
those that the index says which pip is configured with. The wheels are dropped without the proof that `zigbuild cache
evict` asks for, since nobody needs them again; everything else is as it would be.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from zigbuild_backend.index.eviction import drop_whole_file, remove_unused_members
from zigbuild_backend.index.files import File
from zigbuild_backend.index.index_statistics import collect_stats
from zigbuild_backend.index.repository import Repository, open_repository
from zigbuild_backend.index.upstream import open_upstream

ROOT = Path(__file__).parents[1]
RELEASES = {"markupsafe": "3.0.4", "wrapt": "2.5.2", "msgpack": "1.2.4"}
INPUTS = ("ziglang", "headers", "backends", "environments", "libraries")
"""What rebuilds need without a network, in the repository's cache."""


def zigbuild(*arguments: str | Path) -> None:
    command = [sys.executable, "-m", "zigbuild_backend", *arguments, "--quiet"]
    subprocess.run(command, check=True, cwd=ROOT, stdout=subprocess.DEVNULL)


def list_upstream(folder: Path) -> dict[str, list[File]]:
    """The files of each release on the index, as it describes them."""
    repository = open_repository(folder, os.environ)
    upstream = open_upstream(repository.ledger, None, os.environ)
    if upstream is None:
        sys.exit("pip is configured with no index")
    found = {}
    for name, version in RELEASES.items():
        upstream.refresh(name)
        found[name] = [file for file in repository.ledger.files(name) if file.version == version]
    upstream.close()
    repository.close()
    return found


def fill(data: Path, wheels: Path) -> None:
    """Records the releases in the repository *data*, from the folder *wheels* or built into it."""
    for name in RELEASES:
        if not any((wheels / name).glob("*.whl")):
            zigbuild("wheels", f"recipes/{name}", "--out", wheels / name)
        zigbuild("cache", "add", wheels / name, "--recipe", f"recipes/{name}", "--data", data)


@contextmanager
def opened(data: Path) -> Iterator[Repository]:
    """The repository *data*; when it is closed its ledger is one file, without what SQLite keeps beside it."""
    repository = open_repository(data, os.environ)
    yield repository
    repository.close()


def read_held(data: Path) -> dict[str, int]:
    """The bytes held of each release, of all together under an empty name, and of the ledger."""
    with opened(data) as repository:
        stats = collect_stats(repository)
    held = {project.project: project.held for project in stats.projects}
    return held | {"": stats.total.held, "ledger": (data / "ledger.sqlite").stat().st_size}


def split(data: Path) -> None:
    """Drops all wheels but for their members."""
    with opened(data) as repository:
        for file in list_wheels(repository):
            drop_whole_file(repository, file)


def drop(data: Path) -> None:
    """Drops the members too."""
    with opened(data) as repository:
        remove_unused_members(repository, frozenset(file.sha256 for file in list_wheels(repository)))


def list_wheels(repository: Repository) -> list[File]:
    return [file for file in repository.ledger.all_files() if file.is_wheel]


def add_up(paths: Iterable[Path]) -> int:
    return sum(path.stat().st_size for path in paths if path.is_file() and not path.is_symlink())


def print_row(name: str, *cells: int | None) -> None:
    print(f"| {name} | {' | '.join('' if cell is None else f'{cell:,}' for cell in cells)} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wheels", type=Path, help="where the wheels are kept (default: nowhere)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        upstream = list_upstream(folder / "upstream")
        data = folder / "data"
        fill(data, (arguments.wheels or folder / "wheels").resolve())
        with opened(data) as repository:
            wheels = Counter(file.project for file in list_wheels(repository))
        states = [read_held(data)]
        for step in (split, drop):
            step(data)
            states.append(read_held(data))
        inputs = {name: add_up((data / "cache" / name).rglob("*")) for name in INPUTS}
    print("| bytes | upstream's files | upstream | our wheels | whole | as members | dropped |")
    print("|---|---|---|---|---|---|---|")
    for name, version in RELEASES.items():
        files = upstream[name]
        sizes = (len(files), sum(file.size for file in files), wheels[name])
        print_row(f"{name} {version}", *sizes, *(state[name] for state in states))
    files = [file for each in upstream.values() for file in each]
    sizes = (len(files), sum(file.size for file in files), wheels.total())
    print_row("all", *sizes, *(state[""] for state in states))
    print_row("the ledger of them", None, None, None, *(state["ledger"] for state in states))
    for name, size in inputs.items():
        print_row(f"for rebuilds, of any release: {name}", None, None, None, None, None, size)


if __name__ == "__main__":
    main()
