"""The store: things appear in it whole or not at all, whoever else is at work."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from projects import write_files
from zigbuild_backend.core.base.errors import ZigbuildError
from zigbuild_backend.core.base.store import (
    Store,
    default_store,
    digest_tree,
    hold_lock,
    temporary_folder,
    write_atomically,
)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def files_of(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir())


def test_keep_makes_a_thing_once(store: Store) -> None:
    made = []

    def make(path: Path) -> None:
        made.append(path)
        path.write_text("thing")

    path = store.keep(("kind", "name"), make)
    assert path == store.root / "kind" / "name"
    assert store.keep(("kind", "name"), make) == path
    assert path.read_text() == "thing"
    assert len(made) == 1
    assert files_of(store.root) == ["kind/name"]


def test_keep_leaves_nothing_of_what_failed(store: Store) -> None:
    def make(path: Path) -> None:
        path.write_text("half")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        store.keep(("kind", "name"), make)
    assert files_of(store.root) == []
    assert list((store.root / "kind").iterdir()) == []


def test_first_of_two_makers_wins(store: Store) -> None:
    def make(path: Path) -> None:
        write_files(path, {"x": "mine"})
        write_files(store.root / "kind" / "name", {"x": "theirs"})

    assert (store.keep(("kind", "name"), make) / "x").read_text() == "theirs"
    assert files_of(store.root) == ["kind/name/x"]


def test_keep_of_what_was_not_made(store: Store) -> None:
    with pytest.raises(OSError, match="name"):
        store.keep(("kind", "name"), lambda path: None)


def test_keep_tree_is_named_by_its_content(store: Store) -> None:
    files = {"a/b.h": b"1", "c.h": b"2"}
    folder = store.keep_tree("headers", files)
    assert folder == store.root / "headers" / digest_tree(files)
    assert {name: (folder / name).read_bytes() for name in files_of(folder)} == files


def test_digest_of_a_tree() -> None:
    rows = "".join(f"{name}\0{hashlib.sha256(data).hexdigest()}\n" for name, data in [("a", b"1"), ("b", b"2")])
    assert digest_tree({"b": b"2", "a": b"1"}) == hashlib.sha256(rows.encode()).hexdigest()
    assert len({digest_tree(files) for files in ({}, {"a": b""}, {"b": b""}, {"a": b"x"})}) == 4


def test_temporary_folder_is_private_and_goes(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), temporary_folder(tmp_path) as folder:
        write_files(folder, {"a/b": ""})
        assert folder.parent == tmp_path
        assert folder.stat().st_mode & 0o077 == 0
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


def test_write_atomically(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_atomically(path, b"one")
    write_atomically(path, b"two")
    assert path.read_bytes() == b"two"
    assert files_of(tmp_path) == ["file"]


def test_a_lock_belongs_to_one(tmp_path: Path) -> None:
    path = tmp_path / "new" / "x.lock"
    with hold_lock(path) as first, hold_lock(path) as second:
        assert (first, second) == (True, False)
    with hold_lock(path) as again:
        assert again


def test_the_lock_of_a_process_that_died_is_free(tmp_path: Path) -> None:
    path = tmp_path / "x.lock"
    program = (
        "import os, sys; from pathlib import Path; from zigbuild_backend.core.base.store import hold_lock\n"
        "with hold_lock(Path(sys.argv[1])) as is_ours:\n"
        "    print(is_ours, flush=True); sys.stdin.read(); os._exit(9)"
    )
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        [sys.executable, "-c", program, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environ
    ) as child:
        assert child.stdout
        assert child.stdout.readline() == "True\n"
        with hold_lock(path) as is_ours:
            assert not is_ours
        child.communicate("")
    assert child.returncode == 9
    with hold_lock(path) as is_ours:
        assert is_ours


MAKING = """
import sys
from pathlib import Path
from zigbuild_backend.core.base.store import Store

def make(path):
    path.write_text("half")
    print("begun", flush=True)
    sys.stdin.read()

Store(Path(sys.argv[1])).keep(("kind", sys.argv[2]), make)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no kill -9")
def test_what_the_killed_have_left_is_deleted_and_what_others_make_is_not(store: Store) -> None:
    killed, alive = (
        subprocess.Popen([sys.executable, "-c", MAKING, store.root, name], stdin=-1, stdout=-1, text=True)
        for name in ("killed", "alive")
    )
    with killed, alive:
        for process in (killed, alive):
            assert process.stdout
            assert process.stdout.readline() == "begun\n"
        killed.kill()
        killed.wait()
        assert len(files_of(store.root)) == 2
        store.keep(("kind", "early"), Path.touch)
        assert len(files_of(store.root)) == 3  # nothing is deleted before it is old
        for folder in (store.root / "kind").glob(".new-*"):
            os.utime(folder, (time.time() - 86400 * 2,) * 2)
        store.keep(("kind", "late"), Path.touch)
        alive.communicate("")
        assert alive.returncode == 0
    assert files_of(store.root) == ["kind/alive", "kind/early", "kind/late"]
    assert not list((store.root / "kind").glob(".new-*"))


posix = pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="the platform's folders are others")


@posix
@pytest.mark.parametrize(
    ("environ", "root"),
    [
        ({"ZIGBUILD_CACHE_DIR": "{}/own", "XDG_CACHE_HOME": "{}/xdg", "HOME": "{}/home"}, "own"),
        ({"XDG_CACHE_HOME": "{}/xdg", "HOME": "{}/home"}, "xdg/zigbuild"),
        ({"HOME": "{}/home"}, "home/.cache/zigbuild"),
        ({"ZIGBUILD_CACHE_DIR": "", "XDG_CACHE_HOME": "", "HOME": "{}/home"}, "home/.cache/zigbuild"),
        ({"XDG_CACHE_HOME": "{}/file/x", "HOME": "{}/home"}, "home/.cache/zigbuild"),
    ],
)
def test_default_store(environ: dict[str, str], root: str, tmp_path: Path) -> None:
    write_files(tmp_path, {"file": "in the way of a folder"})
    environ = {key: value.format(tmp_path) for key, value in environ.items()}
    assert default_store(environ) == Store(tmp_path / root)


@posix
@pytest.mark.parametrize("environ", [{}, {"HOME": "/dev/null"}])
def test_without_a_home_the_store_is_private_among_temporary_files(
    environ: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    store = default_store(environ)
    assert store.root == tmp_path / f"zigbuild-{os.getuid()}"
    assert store.root.stat().st_mode & 0o777 == 0o700
    assert default_store(environ) == store


@posix
def test_temporary_store_of_somebody_else_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr("os.getuid", lambda: 12345)
    with pytest.raises(ZigbuildError, match="belongs to another user"):
        default_store({})
