"""Bytes by their hash: whole or absent, and never altered, whoever writes into the folder."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from zigbuild_backend.core.archive.archive_writer import WriteError
from zigbuild_backend.core.base.errors import MismatchError, NotFoundError
from zigbuild_backend.index.blobs import LocalBlobs, PartialFiles

DATA = b"some bytes " * 1000
SHA256 = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def blobs(tmp_path: Path) -> LocalBlobs:
    return open_blobs(tmp_path)


def open_blobs(folder: Path) -> LocalBlobs:
    return LocalBlobs(folder / "blobs", folder / "quarantine")


def files_below(folder: Path) -> list[str]:
    """All files but the lock of a process that is alive."""
    paths = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return sorted(path.as_posix() for path in paths if path.name != "lock")


def age(path: Path) -> None:
    """Let a file look as if nobody had touched it for long, as far as anybody can."""
    os.utime(path, ns=(10**18, 10**18))


def test_added_bytes_are_there(blobs: LocalBlobs, tmp_path: Path) -> None:
    assert (blobs.has(SHA256), blobs.verified_path(SHA256), list(blobs.list())) == (False, None, [])
    path = blobs.add(iter([DATA[:7], DATA[7:]]), SHA256)
    assert path == tmp_path / "blobs" / SHA256[:2] / SHA256
    assert path.read_bytes() == DATA
    assert path.stat().st_mode & 0o777 == 0o444
    for other in (blobs, open_blobs(tmp_path)):
        assert other.has(SHA256)
        assert other.size(SHA256) == len(DATA)
        assert other.verified_path(SHA256) == path
        assert list(other.list()) == [SHA256]
    assert files_below(tmp_path) == [f"blobs/{SHA256[:2]}/{SHA256}"]


def test_a_file_is_copied(blobs: LocalBlobs, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(DATA)
    path = blobs.add(source, SHA256)
    source.write_bytes(b"changed")
    assert path.read_bytes() == DATA
    assert blobs.add(source, SHA256) == path  # it is there, and the source is not looked at


def test_other_bytes_are_refused(blobs: LocalBlobs, tmp_path: Path) -> None:
    with pytest.raises(MismatchError, match=hashlib.sha256(b"other").hexdigest()):
        blobs.add([b"other"], SHA256)
    assert not blobs.has(SHA256)
    assert files_below(tmp_path) == []


def test_what_breaks_off_leaves_nothing(blobs: LocalBlobs, tmp_path: Path) -> None:
    def blocks() -> Iterator[bytes]:
        yield DATA[:100]
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        blobs.add(blocks(), SHA256)
    assert files_below(tmp_path) == []


def test_removed_bytes_are_gone(blobs: LocalBlobs) -> None:
    blobs.add([DATA], SHA256)
    blobs.remove(SHA256)
    blobs.remove(SHA256)
    assert (blobs.has(SHA256), blobs.verified_path(SHA256), blobs.unchanged_path(SHA256)) == (False, None, None)
    with pytest.raises(NotFoundError):
        blobs.size(SHA256)


def flip(path: Path) -> None:
    path.chmod(0o644)
    data = bytearray(path.read_bytes())
    data[5] ^= 1
    path.write_bytes(data)


def replace_by_link(path: Path) -> None:
    target = path.with_name("elsewhere")
    path.rename(target)
    path.symlink_to(target)


def replace_by_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize(
    "spoil",
    [
        flip,
        lambda path: path.chmod(0o644) or path.write_bytes(DATA[:-1]),
        lambda path: path.chmod(0o644) or path.write_bytes(b""),
        replace_by_link,
        replace_by_folder,
    ],
)
@pytest.mark.parametrize("is_same_process", [True, False])
def test_what_is_not_what_its_name_says_is_moved_away(
    spoil: Callable[[Path], None], is_same_process: bool, blobs: LocalBlobs, tmp_path: Path
) -> None:
    path = blobs.add([DATA], SHA256)
    spoil(path)
    if not path.is_symlink():
        age(path)
    other = blobs if is_same_process else open_blobs(tmp_path)
    assert other.unchanged_path(SHA256) is None
    assert other.verified_path(SHA256) is None
    assert not other.has(SHA256)
    assert [name.name[:64] for name in (tmp_path / "quarantine").iterdir()] == [SHA256]
    assert other.add([DATA], SHA256) == path
    assert path.read_bytes() == DATA
    assert other.verified_path(SHA256) == path


def test_a_touched_file_is_read_again_and_found_sound(blobs: LocalBlobs) -> None:
    path = blobs.add([DATA], SHA256)
    assert blobs.unchanged_path(SHA256) == path
    os.utime(path)
    assert blobs.unchanged_path(SHA256) is None
    assert blobs.verified_path(SHA256) == path


def test_a_good_file_that_takes_the_place_of_a_bad_one_meanwhile_stays(blobs: LocalBlobs, tmp_path: Path) -> None:
    path = blobs.add([DATA], SHA256)
    blobs._quarantine(path, path.stat().st_ino + 1)
    assert path.read_bytes() == DATA
    assert files_below(tmp_path / "quarantine") == []


@pytest.mark.parametrize("name", ["", "x", "../" * 21 + "x", SHA256.upper(), SHA256 + "\n", SHA256[:-1] + "\0"])
def test_what_is_no_hash_is_refused(name: str, blobs: LocalBlobs, tmp_path: Path) -> None:
    for ask in (blobs.has, blobs.size, blobs.verified_path, blobs.remove, lambda sha256: blobs.add([DATA], sha256)):
        with pytest.raises(NotFoundError, match="no sha256"):
            ask(name)
    assert blobs.unchanged_path(name) is None
    assert files_below(tmp_path) == []


def test_threads_that_add_the_same(blobs: LocalBlobs, tmp_path: Path) -> None:
    start = threading.Barrier(8)

    def add(_: int) -> bytes:
        start.wait()
        return blobs.add([DATA], SHA256).read_bytes()

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(add, range(8))) == {DATA}
    assert files_below(tmp_path) == [f"blobs/{SHA256[:2]}/{SHA256}"]


def test_only_what_dead_processes_left_is_cleaned_away(blobs: LocalBlobs, tmp_path: Path) -> None:
    program = (
        "import os, sys; from pathlib import Path; from zigbuild_backend.index.blobs import LocalBlobs\n"
        "blobs = LocalBlobs(Path(sys.argv[1], 'blobs'), Path(sys.argv[1], 'quarantine'))\n"
        "def blocks():\n"
        "    yield b'some'\n"
        "    print(flush=True)\n"
        "    sys.stdin.read()\n"
        "    os._exit(9)\n"
        f"blobs.add(blocks(), '{SHA256}')"
    )
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        [sys.executable, "-c", program, tmp_path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environ
    ) as child:
        assert child.stdout
        child.stdout.readline()
        blobs.clean()
        assert len(files_below(tmp_path)) == 1
        child.communicate()
    assert len(files_below(tmp_path)) == 1

    def blocks() -> Iterator[bytes]:
        yield DATA[:5]
        open_blobs(tmp_path).clean()
        yield DATA[5:]

    blobs.add(blocks(), SHA256)
    assert files_below(tmp_path) == [f"blobs/{SHA256[:2]}/{SHA256}"]


def test_others_may_clean_while_files_come_in(tmp_path: Path) -> None:
    is_over = threading.Event()

    def clean() -> int:
        while not is_over.is_set():
            PartialFiles(tmp_path).clean()
        return 0

    with ThreadPoolExecutor(2) as threads:
        cleaning = [threads.submit(clean) for _ in range(2)]
        try:
            for _ in range(100):
                incoming = PartialFiles(tmp_path)
                with incoming.new_file(tmp_path / "place") as path:
                    path.write_bytes(b"bytes")
                    assert path.read_bytes() == b"bytes"
                incoming.close()
        finally:
            is_over.set()
        assert [future.result() for future in cleaning] == [0, 0]


def test_what_is_closed_leaves_no_trace_and_can_go_on(blobs: LocalBlobs, tmp_path: Path) -> None:
    blobs.add([DATA], SHA256)
    blobs.close()
    blobs.close()
    assert [path.name for path in (tmp_path / "blobs" / ".incoming").iterdir()] == ["lock"]
    blobs.remove(SHA256)
    assert blobs.add([DATA], SHA256).read_bytes() == DATA


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    blobs = LocalBlobs(tmp_path / "file" / "blobs", tmp_path / "quarantine")
    with pytest.raises(WriteError, match="cannot be written"):
        blobs.add([DATA], SHA256)
