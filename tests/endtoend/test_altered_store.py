"""Somebody alters what the index keeps while it runs: that is refused with the reason, and all else is served on."""

from __future__ import annotations

import base64
import hashlib
import os
import random
import shutil
import sqlite3
import zipfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from loads import Release, count_ways, digest, drop_altogether
from repositories import zigbuild
from servers import Reply, Running, opened, publish, serving
from wheels import write_foreign_wheel
from zigbuild_backend.core.base.errors import MismatchError
from zigbuild_backend.index.eviction import drop_whole_file

if os.name != "posix":
    pytest.skip("the sandbox is Linux's", allow_module_level=True)


@pytest.fixture(scope="module")
def data(release: Release, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(shutil.copytree(release.data, tmp_path_factory.mktemp("altered") / "data", symlinks=True))


@pytest.fixture(scope="module")
def server(data: Path) -> Iterator[Running]:
    with serving(data, "--patience", "300") as running:
        yield running
        assert [line for line in running.read_log() if line["event"] == "bug"] == []
        assert "Traceback" not in running.stderr.read_text()


@pytest.fixture(params=range(3))
def name(release: Release, request: pytest.FixtureRequest) -> str:
    """Wheels that are looked at, of three platforms."""
    return sorted(release.hashes)[request.param]


@pytest.fixture(autouse=True)
def others(server: Running, release: Release) -> Iterator[None]:
    """Assert that untouched files are served as before."""
    yield
    for name in sorted(release.hashes)[-5:]:
        assert_right(ask(server, release, name), release, name)


def ask(server: Running, release: Release, name: str) -> Reply:
    return server.get(f"/files/{release.hashes[name]}/{name}")


def assert_right(reply: Reply, release: Release, name: str) -> None:
    assert (reply.status, digest(reply.body)) == (200, release.hashes[name]), reply.body[:300]


def flip(path: Path, seed: int) -> None:
    """Change a bit of a file where it is, and put back what tells of it."""
    before = path.stat()
    content = bytearray(path.read_bytes())
    content[random.Random(seed).randrange(len(content))] ^= 1
    path.chmod(0o644)
    with path.open("r+b") as file:
        file.write(content)
    path.chmod(0o444)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    after = path.stat()
    assert (after.st_ino, after.st_size, after.st_mtime_ns) == (before.st_ino, before.st_size, before.st_mtime_ns)


def place_of(data: Path, kind: str, sha256: str) -> Path:
    return data / kind / sha256[:2] / sha256


def test_flipped_bits_of_wheels(server: Running, release: Release, data: Path, name: str) -> None:
    for seed in range(2):
        assert_right(ask(server, release, name), release, name)
        flip(place_of(data, "blobs", release.hashes[name]), seed)
        part = server.get(f"/files/{release.hashes[name]}/{name}", range="bytes=100-199")
        assert (part.status, part.body) == (206, (release.folder / name).read_bytes()[100:200])
        assert_right(ask(server, release, name), release, name)
    assert count_ways(server)["rebuilt"][name] == 2, "each time from its source"


def test_flipped_bits_of_members(server: Running, release: Release, data: Path, name: str) -> None:
    with opened(data) as repository:
        drop_whole_file(repository, repository.ledger.find(name))
        layout = repository.ledger.layout(release.hashes[name])
    assert layout and layout.kept
    before = count_ways(server)["rebuilt"][name]
    for seed, piece in enumerate(layout.kept):
        flip(place_of(data, "members", piece.sha256), seed)
    assert_right(ask(server, release, name), release, name)
    assert count_ways(server)["rebuilt"][name] == before + 1


def test_flipped_bits_of_what_cannot_be_rebuilt(server: Running, data: Path, tmp_path: Path) -> None:
    names = ("flat", "split")
    wheels = {name: write_foreign_wheel(tmp_path, name, modules={f"{name}.bin": os.urandom(9000)}) for name in names}
    rows = publish(data, *wheels.values())
    with opened(data) as repository:
        drop_whole_file(repository, rows[wheels["split"].name])
        layout = repository.ledger.layout(rows[wheels["split"].name].sha256)
    assert layout
    (piece,) = layout.kept
    flip(place_of(data, "members", piece.sha256), 1)
    flip(place_of(data, "blobs", rows[wheels["flat"].name].sha256), 1)
    for name in names:
        reply = server.get(f"/files/{rows[wheels[name].name].sha256}/{wheels[name].name}")
        assert (reply.status, wheels[name].name in reply.text) == (404, True)
        assert "has no buildinfo, so it cannot be rebuilt" in reply.text
    assert publish(data, *wheels.values())
    with opened(data) as repository:  # whoever brings them again, has them again
        assert {repository.presence(rows[wheel.name]) for wheel in wheels.values()} == {"whole"}


def test_flipped_bits_of_the_sdist(server: Running, release: Release, data: Path) -> None:
    name = max(release.hashes)
    with opened(data) as repository:
        sdist = next(file for file in repository.ledger.all_files() if not file.is_wheel)
    drop_altogether(data, name)
    flip(place_of(data, "blobs", sdist.sha256), 7)
    reply = ask(server, release, name)
    assert reply.status == 404
    assert "the sdist that wheels of example_c 1.0.0 were built from is not in the repository" in reply.text
    # The wheel and its source come from where they were published.
    publish(data, release.folder / sdist.name, release.folder / name)
    assert_right(ask(server, release, name), release, name)


def test_row_that_names_other_bytes(server: Running, release: Release, data: Path, name: str, tmp_path: Path) -> None:
    evil = (release.folder / name).read_bytes() + b"evil"
    sha256 = digest(evil)
    place = place_of(data, "blobs", sha256)
    place.parent.mkdir(exist_ok=True)
    place.write_bytes(evil)
    with closing(sqlite3.connect(data / "ledger.sqlite")) as connection, connection:
        values = (sha256, len(evil), name)
        connection.execute("UPDATE files SET sha256 = ?, size = ? WHERE name = ?", values)
    known = ask(server, release, name)  # as long as nothing is recorded, what was read before stands
    assert known.status in (200, 404)
    assert known.status == 404 or digest(known.body) == release.hashes[name]
    publish(data, write_foreign_wheel(tmp_path, f"new{sha256[:8]}"))
    for told in (sha256, release.hashes[name]):
        for end in ("", ".metadata"):
            reply = server.get(f"/files/{told}/{name}{end}")
            assert (reply.status, "altered" in reply.text) == (404, True)
    assert name not in server.find("example-c")
    assert server.read_figures()["zigbuild_altered_rows"] >= 1
    publish(data, release.folder / name)
    assert_right(ask(server, release, name), release, name)
    assert server.read_figures()["zigbuild_altered_rows"] == 0


def test_verdict_that_somebody_wrote(release: Release, data: Path) -> None:
    name = sorted(release.hashes)[-6]
    with closing(sqlite3.connect(data / "ledger.sqlite")) as connection, connection:
        connection.execute("UPDATE verdicts SET level = 5 WHERE sha256 = ? AND level = 4", [release.hashes[name]])
    done = zigbuild("cache", "evict", "--data", data, name)
    assert done.returncode == 2
    assert "a verification in the ledger was altered" in done.stderr
    assert place_of(data, "blobs", release.hashes[name]).exists()


def rewrite(wheel: Path, folder: Path, old: bytes, new: bytes, *, is_consistent: bool) -> Path:
    """Return the wheel with another text in its buildinfo, and if *is_consistent* with a RECORD that says so."""
    folder.mkdir()
    with zipfile.ZipFile(wheel) as archive, zipfile.ZipFile(folder / wheel.name, "w") as altered:
        (path,) = (name for name in archive.namelist() if name.endswith("zigbuild-buildinfo.json"))
        known = archive.read(path)
        changed = known.replace(old, new)
        assert changed != known
        for member in archive.infolist():
            content = archive.read(member)
            if member.filename == path:
                content = changed
            elif member.filename.endswith("/RECORD") and is_consistent:
                content = content.replace(record_row(path, known), record_row(path, changed))
                assert record_row(path, changed) in content
            altered.writestr(member, content)
    return folder / wheel.name


def record_row(path: str, content: bytes) -> bytes:
    encoded = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    return f"{path},sha256={encoded},{len(content)}".encode()


@pytest.mark.parametrize(
    ("old", "new", "is_consistent", "reason"),
    [
        (b'"fast"', b'"safe"', False, "ash mismatch for file"),
        (b'"example_c"', b'"example_d"', True, "has the buildinfo of another wheel"),
        (b'"members"', b'"member5"', True, "has the buildinfo of another wheel"),
    ],
)
def test_altered_buildinfo_is_not_added(
    server: Running,
    release: Release,
    data: Path,
    tmp_path: Path,
    old: bytes,
    new: bytes,
    is_consistent: bool,
    reason: str,
) -> None:
    wheel = rewrite(release.spare, tmp_path / "altered", old, new, is_consistent=is_consistent)
    done = zigbuild("cache", "add", "--data", data, wheel)
    assert done.returncode == MismatchError.exit_code, done.stderr
    assert reason in done.stderr
    assert "Traceback" not in done.stderr
    assert wheel.name not in server.find("example-c")
    assert not place_of(data, "blobs", digest(wheel.read_bytes())).exists()


def test_buildinfo_that_lies_is_found_out(server: Running, release: Release, data: Path, tmp_path: Path) -> None:
    """One who alters it all may have the wheel added, but not proven: it is kept, and nothing else served for it."""
    wheel = rewrite(release.spare, tmp_path / "altered", b'"fast"', b'"safe"', is_consistent=True)
    assert zigbuild("cache", "add", "--data", data, wheel).returncode == 0
    sha256 = digest(wheel.read_bytes())
    address = f"/files/{sha256}/{wheel.name}"
    assert zigbuild("cache", "evict", "--data", data, wheel.name).returncode == 2
    assert digest(server.get(address).body) == sha256
    done = zigbuild("cache", "prove", "--data", data, wheel.name)
    assert done.returncode == MismatchError.exit_code, done.stderr
    assert "other bytes" in done.stdout
    place_of(data, "blobs", sha256).unlink()
    reply = server.get(address)
    assert (reply.status, "the rebuild gave other bytes" in reply.text) == (404, True)
    assert count_ways(server)["mismatch"][wheel.name] == 1
