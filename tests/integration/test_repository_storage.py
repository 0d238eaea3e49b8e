"""The repository on disk: real wheels go in with all they are rebuilt from, and whoever dies or meddles loses none.

Crowds, kills with -9, full disks, altered files: what was recorded is there, whole, and nothing else is.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from machines import EXAMPLE
from servers import serving
from wheels import write_foreign_wheel
from zigbuild_backend.cli import program as cli
from zigbuild_backend.core.archive.archive_writer import WriteError
from zigbuild_backend.core.base.errors import NotFoundError
from zigbuild_backend.core.base.machine import Machine
from zigbuild_backend.core.cpython.header_sets import read_header_set
from zigbuild_backend.core.wheel.buildinfo import digest_members, digest_spec, parse_buildinfo
from zigbuild_backend.core.wheel.spec import WheelSpec
from zigbuild_backend.index.eviction import drop_whole_file
from zigbuild_backend.index.recreations import Recreations
from zigbuild_backend.index.repository import Repository, open_repository
from zigbuild_backend.rebuild.environments.environment import obtain_environment
from zigbuild_backend.release.release_manifest import ReleasedFile, ReleasedWheel, make_manifest, render_manifest

pytestmark = pytest.mark.full
needs_root = pytest.mark.skipif(os.name != "posix" or os.getuid() != 0, reason="only root can mount a file system")


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a command in this process, which saves a second each time."""
    stdout, stderr = io.StringIO(), io.StringIO()
    terminate = signal.getsignal(signal.SIGTERM)
    try:
        with contextlib.redirect_stdout(stdout), contextlib.redirect_stderr(stderr):
            code = cli.run([*map(str, arguments)])
    finally:
        signal.signal(signal.SIGTERM, terminate)
    assert "Traceback" not in stderr.getvalue()
    assert "bug" not in stderr.getvalue(), stderr.getvalue()
    return subprocess.CompletedProcess(arguments, code, stdout.getvalue(), stderr.getvalue())


def add(data: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return run("cache", "add", "--data", data, *arguments)


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def assert_sound(repository: Repository, *, is_whole: bool = True) -> list[str]:
    """Assert that all rows are genuine and the bytes of each are there and right; return the names."""
    ledger = repository.ledger
    assert ledger.altered() == ()
    for file in ledger.all_files():
        path = repository.blobs.verified_path(file.sha256)
        assert path or not is_whole, f"{file.name} has no bytes"
        if path:
            assert (path.stat().st_size, digest(path)) == (file.size, file.sha256)
    assert not (repository.folder / "quarantine").exists()
    return [file.name for file in ledger.all_files()]


Open = Callable[[Path], Repository]


@pytest.fixture
def open_data() -> Iterator[Open]:
    """Open repositories, and close them after the test."""
    with ExitStack() as stack:

        def open_one(folder: Path) -> Repository:
            repository = open_repository(folder, os.environ)
            stack.callback(repository.close)
            return repository

        yield open_one


@dataclass(frozen=True)
class Release:
    """A release of the example in C, as the command line built it: an sdist and wheels for Linux."""

    sdist: Path
    wheels: tuple[Path, ...]


@pytest.fixture(scope="session")
def release(tmp_path_factory: pytest.TempPathFactory, zig: object) -> Release:
    del zig
    folder = tmp_path_factory.mktemp("release")
    for command in (
        ("sdist", EXAMPLE, "--out", folder),
        ("wheels", EXAMPLE, "--out", folder, "--target", "linux", "--python", "native"),
    ):
        done = run(*command)
        assert done.returncode == 0, done.stderr
    (sdist,) = folder.glob("*.tar.gz")
    return Release(sdist, tuple(sorted(folder.glob("*.whl"))))


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def data(tmp_path: Path, cache: Path) -> Path:
    """Return an empty repository that shares its caches with other tests: to copy a compiler takes seconds."""
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "cache").symlink_to(cache)
    return folder


def read_spec(wheel: Path) -> WheelSpec:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith("zigbuild-buildinfo.json"))
        return parse_buildinfo(archive.read(name))


def test_a_release_goes_in_with_all_that_it_is_rebuilt_from(release: Release, tmp_path: Path, open_data: Open) -> None:
    data = tmp_path / "data"
    done = add(data, release.sdist.parent)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == len(release.wheels) + 1
    assert "notice" not in done.stderr
    repository = open_data(data)
    assert assert_sound(repository) == sorted(path.name for path in (release.sdist, *release.wheels))
    no_network = {"PATH": os.environ["PATH"], "PIP_NO_INDEX": "1", "HOME": str(tmp_path)}
    for wheel in release.wheels:
        file, spec = repository.ledger.find(wheel.name), read_spec(wheel)
        assert (file.project, file.is_wheel, file.spec) == ("example-c", True, digest_spec(spec))
        assert (file.size, file.sha256) == (wheel.stat().st_size, digest(wheel))
        assert parse_buildinfo(repository.ledger.buildinfo(file.sha256)) == spec
        with zipfile.ZipFile(wheel) as archive:
            (metadata,) = (archive.read(name) for name in archive.namelist() if name.endswith("/METADATA"))
        assert repository.ledger.metadata(file.sha256) == metadata
        assert file.requires_python in metadata.decode()
        assert file.requires_python
        assert repository.ledger.level(file.sha256) == 1
        assert repository.find_sdist(spec).read_bytes() == release.sdist.read_bytes()
    assert spec.python
    read_header_set(repository.store, spec.python.headers)
    obtain_environment(spec, Machine(repository.store, no_network, lambda text: pytest.fail(text)))
    sdist = repository.ledger.find(release.sdist.name)
    assert b"Name: example-c" in repository.ledger.metadata(sdist.sha256)
    again = add(data, release.sdist.parent)
    assert again.returncode == 0
    assert f"none added, {len(release.wheels) + 1} already known" in again.stderr


def test_a_wheel_without_its_sdist_is_rebuildable_when_that_comes(
    release: Release, data: Path, open_data: Open
) -> None:
    wheel = release.wheels[0]
    done = add(data, wheel)
    assert done.returncode == 0
    assert "until that is mended, these cannot be rebuilt" in done.stderr
    assert f"zigbuild cache add {release.sdist.name}" in done.stderr
    assert add(data, release.sdist).returncode == 0
    repository = open_data(data)
    assert repository.find_sdist(read_spec(wheel)).read_bytes() == release.sdist.read_bytes()


def test_a_wheel_of_a_recipe_brings_recipe_and_sdist_along(
    release: Release, data: Path, tmp_path: Path, open_data: Open
) -> None:
    recipe = tmp_path / "recipes" / "example-c"
    recipe.mkdir(parents=True)
    with zipfile.ZipFile(release.wheels[0]) as archive:
        (module,) = (name for name in archive.namelist() if name.endswith(".so"))
    source = f'{{ url = "{release.sdist.as_uri()}", sha256 = "{digest(release.sdist)}" }}'
    (recipe / "recipe.toml").write_text(
        f'[recipe]\nname = "example-c"\nversion = "1.0.0"\nsource = {source}\n\n'
        f'[[extension]]\nname = "{module.partition(".")[0].replace("/", ".")}"\n'
        'sources = ["src/example_c/_distance.c"]\n'
    )
    done = run("wheels", recipe, "--out", tmp_path / "out", "--target", "native", "--python", "native")
    assert done.returncode == 0, done.stderr
    (wheel,) = (tmp_path / "out").iterdir()
    spec = read_spec(wheel)
    assert spec.recipe
    assert "--recipe FOLDER" in add(data, wheel).stderr
    done = add(data, wheel, "--recipe", recipe)
    assert done.returncode == 0, done.stderr
    assert "notice" not in done.stderr
    repository = open_data(data)
    assert repository.find_sdist(spec).read_bytes() == release.sdist.read_bytes()
    kept = repository.recipe_folder(spec.recipe)
    assert kept
    assert (kept / "recipe.toml").read_bytes() == (recipe / "recipe.toml").read_bytes()


def forge(wheel: Path, out: Path, path: tuple[str, ...], value: object, *, is_thorough: bool = True) -> Path:
    """Return a wheel whose buildinfo says something else at *path*, and whose RECORD fits it.

    One that is not *is_thorough* has other files than the buildinfo says.
    """
    with zipfile.ZipFile(wheel) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    (name,) = (name for name in files if name.endswith("zigbuild-buildinfo.json"))
    modules = {path: data for path, data in files.items() if ".dist-info/" not in path}
    release = wheel.stem.split("-", 2)
    table = json.loads(files[name])
    inner = table
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    if is_thorough:
        plain = write_foreign_wheel(out, *release, modules)
        with zipfile.ZipFile(plain) as archive:
            (record,) = (archive.read(name) for name in archive.namelist() if name.endswith("/RECORD"))
        table["members"] = digest_members(record)
    return write_foreign_wheel(out, *release, {**modules, name: json.dumps(table).encode()})


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("source", "recipe"), "../../../../tmp"),
        (("source", "recipe"), 5),
        (("source", "digest"), "../x"),
        (("source", "digest"), ["0" * 64]),
        (("backend", "name"), "pip"),
        (("backend", "name"), "two words"),
        (("backend", "version"), "--index-url=x"),
        (("backend", "digest"), None),
        (("requirements",), ["evil==1"]),
        (("requirements",), [7]),
        (("requirements",), "packaging==24"),
        (("zig",), "../zig"),
        (("zig",), {}),
        (("epoch",), "now"),
        (("epoch",), 1e300),
        (("python", "headers"), "../../etc"),
        (("python", "headers"), 0),
        (("python", "version"), "x"),
        (("python",), []),
        (("target",), "win32"),
        (("schema",), 2),
    ],
)
def test_a_buildinfo_that_lies_makes_no_wheel_rebuildable(
    path: tuple[str, ...], value: object, release: Release, data: Path, tmp_path: Path
) -> None:
    wheel = forge(release.wheels[0], tmp_path, path, value)
    done = add(data, release.sdist, wheel)
    assert done.returncode in (0, 4), done.stderr
    if done.returncode == 0:
        assert "until that is mended, these cannot be rebuilt" in done.stderr
    assert wheel.name in done.stdout + done.stderr


def test_files_that_are_not_sound_are_refused_and_stop_no_other(
    release: Release, tmp_path: Path, open_data: Open
) -> None:
    good = write_foreign_wheel(tmp_path)
    wheel = release.wheels[0]
    folders = [tmp_path / name for name in ("truncated", "altered", "renamed", "sdist")]
    for folder in folders:
        folder.mkdir()
    truncated = folders[0] / wheel.name
    truncated.write_bytes(wheel.read_bytes()[:-9])
    altered = forge(wheel, folders[1], ("optimize",), "small", is_thorough=False)
    renamed = Path(shutil.copy(good, folders[2] / "ham-1.0-py3-none-any.whl"))
    sdist = Path(shutil.copy(release.sdist, folders[3] / "example_c-9.tar.gz"))
    odd = tmp_path / "name.whl"
    odd.write_bytes(good.read_bytes())
    for path in (truncated, altered, renamed):
        done = add(tmp_path / "data", path, good)
        assert done.returncode == 4, done.stderr
        assert path.name in done.stderr
    for path, code in ((sdist, 2), (odd, 2), (tmp_path / "absent-1.0.tar.gz", 5), (tmp_path / "absent.json", 5)):
        done = add(tmp_path / "data", path, good)
        assert done.returncode == code, done.stderr
        assert path.name in done.stderr
    assert assert_sound(open_data(tmp_path / "data")) == [good.name]


def test_a_name_never_stands_for_other_bytes(tmp_path: Path, open_data: Open) -> None:
    wheel = write_foreign_wheel(tmp_path)
    assert add(tmp_path / "data", wheel).returncode == 0
    before = digest(wheel)
    write_foreign_wheel(tmp_path, modules={"eggs.py": b"other"})
    done = add(tmp_path / "data", wheel)
    assert done.returncode == 4
    assert before in done.stderr
    assert digest(wheel) in done.stderr
    repository = open_data(tmp_path / "data")
    assert repository.ledger.find(wheel.name).sha256 == before
    assert list(repository.blobs.list()) == [before]
    assert_sound(repository)


def test_a_manifest_records_files_without_bytes(release: Release, data: Path, tmp_path: Path, open_data: Open) -> None:
    def describe(path: Path) -> ReleasedFile:
        return ReleasedFile(path.name, path.stat().st_size, digest(path))

    rows = []
    for wheel in release.wheels:
        with zipfile.ZipFile(wheel) as archive:
            (name,) = (name for name in archive.namelist() if name.endswith("zigbuild-buildinfo.json"))
            rows.append(ReleasedWheel(describe(wheel), archive.read(name)))
    manifest = tmp_path / "zigbuild-manifest.json"
    manifest.write_bytes(render_manifest(make_manifest(describe(release.sdist), rows)))
    done = add(data, manifest)
    assert done.returncode == 0, done.stderr
    repository = open_data(data)
    names = [path.name for path in (release.sdist, *release.wheels)]
    assert assert_sound(repository, is_whole=False) == sorted(names)
    assert {repository.presence(file) for file in repository.ledger.all_files()} == {"dropped"}
    figures = json.loads(run("cache", "stats", "--data", data, "--json").stdout)["total"]
    assert (figures["files"], figures["held_bytes"]) == (len(names), 0)
    assert figures["presence"]["dropped"] == len(names)
    assert add(data, release.sdist).returncode == 0
    assert repository.find_sdist(read_spec(release.wheels[0])).read_bytes() == release.sdist.read_bytes()
    manifest.write_bytes(manifest.read_bytes().replace(digest(release.wheels[0]).encode(), b"0" * 64))
    done = add(data, manifest)
    assert done.returncode == 4
    assert "1 refused" in done.stderr


def test_stats_are_the_sums_of_what_is_there(tmp_path: Path, open_data: Open) -> None:
    data = tmp_path / "data"
    eggs = write_foreign_wheel(tmp_path)
    ham = write_foreign_wheel(tmp_path, "ham")
    add(data, eggs, ham)
    shown = run("cache", "stats", "--data", data)
    assert [line.split()[:2] for line in shown.stdout.splitlines()] == [
        ["project", "files"],
        ["eggs", "1"],
        ["ham", "1"],
        ["all", "2"],
    ]
    repository = open_data(data)
    repository.blobs.remove(digest(eggs))
    document = json.loads(run("cache", "stats", "--data", data, "--json").stdout)
    assert document["total"]["recorded_bytes"] == eggs.stat().st_size + ham.stat().st_size
    assert document["total"]["saved_bytes"] == eggs.stat().st_size
    assert document["ledger_bytes"] >= (data / "ledger.sqlite").stat().st_size > 0
    assert document["total"]["presence"] == {"whole": 1, "members": 0, "dropped": 1}
    assert document["total"]["wheels_by_level"]["1"] == 2
    assert [row["project"] for row in document["projects"]] == ["eggs", "ham"]
    assert run("cache", "stats", "--data", tmp_path / "none").returncode == 5


def test_many_processes_add_the_same_and_others(tmp_path: Path, open_data: Open) -> None:
    wheels = [write_foreign_wheel(tmp_path, version=str(number)) for number in range(12)]
    data = tmp_path / "data"
    children = [
        subprocess.Popen(
            [sys.executable, "-m", "zigbuild_backend", "cache", "add", "--data", data, *wheels[start : start + 9]],
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
        )
        for start in (0, 1, 2, 3)
    ]
    for child in children:
        _, stderr = child.communicate(timeout=300)
        assert child.returncode == 0, stderr
    assert assert_sound(open_data(data)) == sorted(path.name for path in wheels)


NURSERY = """
import os, sys
from pathlib import Path
from zigbuild_backend.index.repository import open_repository
from zigbuild_backend.index.adding_files import add_files
from zigbuild_backend.core.base.store import Store

data, told, wheels = Path(sys.argv[1]), sys.argv[2], sorted(Path(sys.argv[3]).glob("*.whl"))
ways = {"user_store": Store(data / "none"), "cwd": data}
list(add_files(open_repository(data.with_name("warm"), {}), wheels[:1], **ways))  # all is imported now
for line in sys.stdin:
    child = os.fork()
    if not child:
        first = int(line)
        journal = os.open(told, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        repository = open_repository(data, os.environ)
        for wheel in [*wheels[first:], *wheels[:first]]:
            for added in add_files(repository, [wheel], **ways):
                os.write(journal, f"{added.file.name}\\n".encode())
        os._exit(0)
    print(child, flush=True)
    os.waitpid(child, 0)
    print(flush=True)
"""


def count_lines(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0


@pytest.mark.skipif(os.name != "posix", reason="needs fork and SIGKILL")
def test_killed_at_any_moment_nothing_recorded_is_lost(tmp_path: Path, open_data: Open) -> None:
    data, told, source = tmp_path / "data", tmp_path / "told", tmp_path / "wheels"
    source.mkdir()
    for number in range(300):
        write_foreign_wheel(source, version=str(number), modules={"eggs.bin": os.urandom(20_000)})
    chance = random.Random(7)
    kills = 0
    with subprocess.Popen(
        [sys.executable, "-c", NURSERY, data, told, source],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as nursery:
        assert nursery.stdin
        assert nursery.stdout
        for number in range(50):
            nursery.stdin.write(f"{number * 6}\n")
            nursery.stdin.flush()
            child = int(nursery.stdout.readline())
            wanted = count_lines(told) + chance.randrange(4)
            while count_lines(told) < wanted:
                time.sleep(0.001)
            time.sleep(chance.uniform(0, 0.04))
            os.kill(child, signal.SIGKILL)
            kills += 1
            nursery.stdout.readline()
            if number % 10 == 0 and data.exists():
                repository = open_data(data)
                assert_sound(repository)
                repository.close()
        nursery.stdin.close()
    assert kills == 50
    repository = open_data(data)
    names = assert_sound(repository)
    acknowledged = set(told.read_text().splitlines())
    assert acknowledged <= set(names)
    assert len(acknowledged) > 50
    assert [path for path in (data / "blobs" / ".incoming").rglob("*/*") if path.is_file()] == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    mount = tmp_path / "disk"
    mount.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", mount], check=True)
    yield mount
    subprocess.run(["umount", "-l", mount], check=True)


@needs_root
def test_a_full_disk_is_said_and_loses_nothing(small_disk: Path, tmp_path: Path, open_data: Open) -> None:
    source = tmp_path / "wheels"
    source.mkdir()
    for number in range(12):
        write_foreign_wheel(source, version=f"1.{number}", modules={"eggs.bin": os.urandom(250_000)})
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(700_000))
    data = small_disk / "data"
    done = add(data, source)
    assert done.returncode == 2, done.stderr
    assert "No space left on device" in done.stderr
    assert "free space on that disk" in done.stderr
    repository = open_data(data)
    before = assert_sound(repository)
    assert 1 <= len(before) < 12
    repository.close()
    ballast.unlink()
    add(data, source)
    repository = open_data(data)
    after = assert_sound(repository)
    assert set(before) < set(after)
    repository.close()


@needs_root
def test_a_full_disk_keeps_nothing_from_being_asked_for_again(
    small_disk: Path, tmp_path: Path, open_data: Open
) -> None:
    data = small_disk / "data"
    wheel = write_foreign_wheel(tmp_path, modules={"eggs.bin": os.urandom(400_000)})
    assert add(data, wheel).returncode == 0
    repository = open_data(data)
    (file,) = repository.ledger.all_files()
    drop_whole_file(repository, file)
    repository.close()
    with serving(data, logs=tmp_path) as server:
        (path,) = server.find(file.project).values()
        with suppress(OSError), (small_disk / "ballast").open("wb") as ballast:
            while True:
                ballast.write(bytes(1 << 12))
        reply = server.get(path)
        assert (reply.status, reply.headers["retry-after"]) == (503, "30")
        assert "the repository: cannot be written: No space left on device" in reply.text
        (small_disk / "ballast").unlink()
        reply = server.get(path)
        assert (reply.status, hashlib.sha256(reply.body).hexdigest()) == (200, file.sha256)


def test_what_a_build_says_of_a_full_disk_is_not_remembered(tmp_path: Path, open_data: Open) -> None:
    add(tmp_path / "data", write_foreign_wheel(tmp_path))
    repository = open_data(tmp_path / "data")
    (file,) = repository.ledger.all_files()
    recreations = Recreations(repository, 1, lambda *_: None)
    for reason, error in [("unable to create file: NoSpaceLeft", WriteError), ("unknown type name", NotFoundError)]:
        assert repository.ledger.failure(file.sha256) is None
        recreation, _ = recreations.join_or_start(file)
        recreations.fail(recreation, reason)
        assert type(recreation.future.exception()) is error
    assert repository.ledger.failure(file.sha256)
    repository.close()


@needs_root
def test_a_disk_that_is_full_from_the_start(small_disk: Path, tmp_path: Path) -> None:
    (small_disk / "ballast").write_bytes(bytes((2 << 20) - 8192))
    done = add(small_disk / "data", write_foreign_wheel(tmp_path))
    assert done.returncode == 2, done.stderr
    assert "No space left" in done.stderr or "full" in done.stderr
    (small_disk / "ballast").unlink()
    done = add(small_disk / "data", write_foreign_wheel(tmp_path))
    assert done.returncode == 0, done.stderr


def test_altered_files_and_rows_are_mended_by_adding_them_again(tmp_path: Path, open_data: Open) -> None:
    data, wheel = tmp_path / "data", write_foreign_wheel(tmp_path)
    assert add(data, wheel).returncode == 0
    (blob,) = (data / "blobs").glob("??/*")
    blob.chmod(0o644)
    blob.write_bytes(b"evil")
    connection = sqlite3.connect(data / "ledger.sqlite")
    with connection:
        connection.execute("UPDATE files SET sha256 = ?", (hashlib.sha256(b"evil").hexdigest(),))
    connection.close()
    shown = run("cache", "stats", "--data", data)
    assert "the ledger has 1 row that somebody else altered" in shown.stderr
    assert add(data, wheel).returncode == 0
    repository = open_data(data)
    assert repository.ledger.find(wheel.name).sha256 == digest(wheel)
    shutil.rmtree(data / "quarantine")
    assert_sound(repository)


def test_a_lost_key_stops_every_command(tmp_path: Path) -> None:
    data, wheel = tmp_path / "data", write_foreign_wheel(tmp_path)
    add(data, wheel)
    (data / "ledger.key").unlink()
    for command in (("cache", "add", wheel), ("cache", "stats")):
        done = run(*command, "--data", data)
        assert done.returncode == 5
        assert "the key that signs the ledger is missing" in done.stderr
        assert "backup" in done.stderr
