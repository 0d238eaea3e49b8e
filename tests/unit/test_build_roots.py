"""Build roots hold what is staged into them and nothing else, and one build at a time."""

from __future__ import annotations

import shutil
import threading
import time
from pathlib import Path

import pytest

from projects import write_files
from zigbuild_backend.core.base.store import Store
from zigbuild_backend.core.zig.build_roots import Workspace, clear_workspace, open_workspace


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    (tmp_path / "root").mkdir()
    return Workspace(tmp_path / "root", tmp_path / "artifacts", tmp_path / "cache")


def content(root: Path) -> dict[str, bytes | str]:
    """Path → content of a file, ``dir`` for an empty folder, or where a link leads."""
    found: dict[str, bytes | str] = {}
    for path in root.rglob("*"):
        name = path.relative_to(root).as_posix()
        if path.is_symlink():
            found[name] = f"-> {path.readlink().name}"
        elif path.is_file():
            found[name] = path.read_bytes()
        elif not any(path.iterdir()):
            found[name] = "dir"
    return found


def test_stage(workspace: Workspace, tmp_path: Path) -> None:
    headers = write_files(tmp_path / "headers", {"Python.h": "x"})
    workspace.stage({"a.c": b"a", "src/deep/b.c": b"b"}, {"include/3.13": headers})
    assert content(workspace.root) == {"a.c": b"a", "src/deep/b.c": b"b", "include/3.13": "-> headers"}


def test_stage_again_changes_only_what_is_other(workspace: Workspace, tmp_path: Path) -> None:
    one, two = (write_files(tmp_path / name, {"Python.h": name}) for name in ("one", "two"))
    workspace.stage({"same.c": b"same", "grown.c": b"a", "other.c": b"a", "gone/x.c": b""}, {"same": one, "moved": one})
    before = {name: (workspace.root / name).lstat() for name in ("same.c", "same")}
    workspace.stage(
        {"same.c": b"same", "grown.c": b"ab", "other.c": b"b", "new/y.c": b"y"}, {"same": one, "moved": two}
    )
    assert content(workspace.root) == {
        "same.c": b"same",
        "grown.c": b"ab",
        "other.c": b"b",
        "new/y.c": b"y",
        "same": "-> one",
        "moved": "-> two",
    }
    for name, status in before.items():
        after = (workspace.root / name).lstat()
        assert (after.st_mtime_ns, after.st_ino) == (status.st_mtime_ns, status.st_ino)


def test_stage_replaces_things_of_another_kind(workspace: Workspace, tmp_path: Path) -> None:
    folder = write_files(tmp_path / "folder", {"kept": "x"})
    workspace.stage({"a/x": b"", "b": b"", "d/x": b""}, {"c": folder, "e": folder})
    workspace.stage({"a": b"1", "b/x": b"2", "c": b"3", "e/x": b"4"}, {"d": folder})
    assert content(workspace.root) == {"a": b"1", "b/x": b"2", "c": b"3", "d": "-> folder", "e/x": b"4"}
    assert content(folder) == {"kept": b"x"}, "what a link names is never touched"


def test_stage_removes_what_others_left_behind(workspace: Workspace, tmp_path: Path) -> None:
    folder = write_files(tmp_path / "folder", {"kept": "x"})
    write_files(workspace.root, {"zig-out/x.so": "", ".zig-cache/o/y": ""})
    (workspace.root / "dangling").symlink_to("nowhere")
    (workspace.root / "linked").symlink_to(folder)
    workspace.stage({"a": b""}, {})
    assert content(workspace.root) == {"a": b""}
    assert content(folder) == {"kept": b"x"}


def test_folders_are_copied_where_the_system_refuses_links(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Path, target: Path, target_is_directory: bool = False) -> None:
        raise OSError(f"a required privilege is not held by the client: {self}, {target}, {target_is_directory}")

    monkeypatch.setattr(Path, "symlink_to", refuse)
    headers = write_files(tmp_path / "headers", {"Python.h": "one"})
    workspace.stage({}, {"include": headers})
    assert content(workspace.root) == {"include/Python.h": b"one"}
    (headers / "Python.h").write_text("two")
    workspace.stage({}, {"include": headers})
    assert content(workspace.root) == {"include/Python.h": b"two"}


def test_same_name_same_folder(store: Store) -> None:
    with open_workspace(store, "spam") as one:
        one.stage({"a": b""}, {})
        (one.artifacts / "x.so").write_bytes(b"")
    assert not one.artifacts.exists()
    with open_workspace(store, "spam") as two:
        assert two == one
        assert content(two.root) == {"a": b""}
        assert content(two.artifacts) == {}
    with open_workspace(store, "eggs") as three:
        assert three.root != one.root


def test_builds_at_once_have_a_folder_each(store: Store) -> None:
    with open_workspace(store, "spam") as one, open_workspace(store, "spam") as two:
        assert one.root != two.root
    with open_workspace(store, "spam") as again:
        assert again.root == one.root


def test_artifacts_of_a_killed_build_are_gone(store: Store) -> None:
    with open_workspace(store, "spam") as one:
        pass
    write_files(one.artifacts, {"cp313/x.so": "half"})
    with open_workspace(store, "spam") as two:
        assert content(two.artifacts) == {}


def test_workspace_is_free_again_after_an_error(store: Store) -> None:
    with pytest.raises(RuntimeError), open_workspace(store, "spam") as one:
        raise RuntimeError
    with open_workspace(store, "spam") as two:
        assert two == one
    shutil.rmtree(store.root)


def test_clear_waits_for_builds(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with open_workspace(store, "spam") as workspace:
        write_files(workspace.cache, {"o/x": "compiled"})
        thread = threading.Thread(target=clear_workspace, args=(store, "spam"))
        thread.start()
        time.sleep(0.2)
        assert thread.is_alive()
        assert (workspace.cache / "o/x").is_file()
    thread.join(timeout=10)
    assert not workspace.cache.exists()
    clear_workspace(store, "spam")
    assert sorted(path.name for path in (tmp_path / "work/spam").iterdir()) == ["0", "0.lock"]


def test_a_cache_of_its_own_for_what_is_found(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with open_workspace(store, "spam") as workspace:
        one, other, both = (workspace.apart(found) for found in (["a.h"], ["b.h"], ["a.h", "b.h"]))
        assert len({workspace.cache, one.cache, other.cache, both.cache}) == 4
        assert workspace.apart(["a.h"]) == one
        assert (one.root, one.artifacts) == (workspace.root, workspace.artifacts)
        write_files(one.cache, {"o/x": "compiled"})
    clear_workspace(store, "spam")
    assert not one.cache.exists()
