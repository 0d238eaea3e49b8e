"""The choice of headers: those that the user names, those chosen earlier, or the best that are installed."""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from pathlib import Path

import pytest

from headers import FOREIGN, fake_headers, write_tree
from zigbuild_backend.core.base.errors import ConfigurationError, MismatchError, NotFoundError
from zigbuild_backend.core.base.machine import Machine
from zigbuild_backend.core.base.store import Store, digest_tree
from zigbuild_backend.core.cpython import installed_headers as installed
from zigbuild_backend.core.cpython.header_sets import (
    add_header_set,
    list_minors_at_hand,
    obtain_header_set,
    read_header_set,
    recover_header_set,
)
from zigbuild_backend.core.cpython.installed_headers import list_installed_include_folders
from zigbuild_backend.core.cpython.known_headers import list_header_sets


@pytest.fixture(autouse=True)
def bare_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """No CPython is installed but those that a test puts into its own folder."""
    monkeypatch.setattr(installed, "SYSTEM_PREFIXES", ())
    monkeypatch.setattr("sysconfig.get_path", lambda name: f"/nowhere/{name}")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {"PYENV_ROOT": str(tmp_path / "pyenv")}


def install(environ: dict[str, str], version: str, note: str = "", name: str = "") -> Path:
    """Put a CPython where pyenv would, under another name if one is given."""
    minor = version.split(".")[1]
    prefix = Path(environ["PYENV_ROOT"], "versions", name or version)
    return write_tree(prefix / f"include/python3.{minor}", fake_headers(version, note) | FOREIGN)


class TestFinding:
    def test_the_highest_final_version_is_chosen_and_kept_without_what_is_not_cpythons(
        self, store: Store, environ: dict[str, str]
    ) -> None:
        for version in ("3.13.2", "3.13.10", "3.13.9", "3.13.11rc1", "3.14.0"):
            install(environ, version)
        found = obtain_header_set(13, Machine(store, environ))
        files = fake_headers("3.13.10")
        assert (found.version, found.minor, found.digest) == ("3.13.10", 13, digest_tree(files))
        assert {p.relative_to(found.folder).as_posix(): p.read_bytes() for p in found.folder.rglob("*.h")} == files

    def test_a_prerelease_is_taken_where_there_is_nothing_better(self, store: Store, environ: dict[str, str]) -> None:
        install(environ, "3.15.0b3")
        install(environ, "3.15.0rc1")
        assert obtain_header_set(15, Machine(store, environ)).version == "3.15.0rc1"

    def test_of_two_trees_of_one_version_the_digest_decides(self, tmp_path: Path) -> None:
        found = set()
        for number, names in enumerate((("3.13.0", "3.13-b"), ("3.13-b", "3.13.0"))):
            environ = {"PYENV_ROOT": str(tmp_path / f"pyenv{number}")}
            for note, name in zip(("one", "two"), names, strict=True):
                install(environ, "3.13.0", note, name)
            found.add(obtain_header_set(13, Machine(Store(tmp_path / f"store{number}"), environ)).digest)
        assert len(found) == 1

    def test_the_first_choice_stands(self, store: Store, environ: dict[str, str]) -> None:
        install(environ, "3.13.1")
        first = obtain_header_set(13, Machine(store, environ))
        install(environ, "3.13.2")
        assert obtain_header_set(13, Machine(store, environ)) == first
        assert obtain_header_set(13, Machine(store, {})) == first

    def test_a_choice_is_looked_up_within_a_millisecond(self, store: Store, environ: dict[str, str]) -> None:
        install(environ, "3.13.1")
        obtain_header_set(13, Machine(store, environ))
        times = []
        for _ in range(20):
            start = time.perf_counter()
            obtain_header_set(13, Machine(store, environ))
            times.append(time.perf_counter() - start)
        assert min(times) < 0.001

    def test_nothing_there(self, store: Store) -> None:
        with pytest.raises(NotFoundError) as error:
            obtain_header_set(15, Machine(store, {}))
        assert str(error.value) == (
            "cp315: no headers of CPython 3.15 are on this machine\n"
            "  hint: install any CPython 3.15, for example: uv python install 3.15\n"
            "  hint: or name an include folder, a source tree or its archive: zigbuild headers add PATH"
        )


class TestNaming:
    def test_what_the_user_names_comes_first_but_is_no_choice(
        self, store: Store, environ: dict[str, str], tmp_path: Path
    ) -> None:
        install(environ, "3.13.9")
        old = write_tree(tmp_path / "old", fake_headers("3.13.0"))
        older = write_tree(tmp_path / "older", fake_headers("3.13.0a1"))
        other = write_tree(tmp_path / "other", fake_headers("3.12.7"))
        named = environ | {"ZIGBUILD_HEADERS": os.pathsep.join(("", str(other), str(old)))}
        assert obtain_header_set(13, Machine(store, named)).version == "3.13.0"
        assert obtain_header_set(13, Machine(store, named), [other, older]).version == "3.13.0a1"
        assert obtain_header_set(13, Machine(store, environ)).version == "3.13.9"

    def test_a_prefix_with_several_versions_gives_the_one_asked_for(self, store: Store, tmp_path: Path) -> None:
        for minor in (11, 12, 13):
            write_tree(tmp_path / f"usr/include/python3.{minor}", fake_headers(f"3.{minor}.4"))
        assert obtain_header_set(12, Machine(store, {}), [tmp_path / "usr"]).version == "3.12.4"
        assert list_minors_at_hand(Machine(store, {}), [tmp_path / "usr"]) == {11, 12, 13}

    def test_an_archive(self, store: Store, tmp_path: Path) -> None:
        write_tree(tmp_path / "Python-3.13.0/Include", fake_headers())
        archive = shutil.make_archive(str(tmp_path / "source"), "gztar", tmp_path, "Python-3.13.0")
        assert obtain_header_set(13, Machine(store, {"ZIGBUILD_HEADERS": archive})).version == "3.13.0"
        with pytest.raises(NotFoundError, match=r"no headers of CPython 3\.12"):
            obtain_header_set(12, Machine(store, {"ZIGBUILD_HEADERS": archive}))

    @pytest.mark.parametrize(("name", "problem"), [("empty", "no headers of CPython"), ("gone", "no such file")])
    def test_nothing_useful(
        self, store: Store, environ: dict[str, str], tmp_path: Path, name: str, problem: str
    ) -> None:
        install(environ, "3.13.9")
        (tmp_path / "empty").mkdir()
        with pytest.raises(NotFoundError, match=problem) as error:
            obtain_header_set(13, Machine(store, environ), [tmp_path / name])
        assert error.value.problems[0].where == str(tmp_path / name)


class TestAdding:
    def test_what_is_added_is_chosen(self, store: Store, environ: dict[str, str], tmp_path: Path) -> None:
        install(environ, "3.13.9")
        obtain_header_set(13, Machine(store, environ))
        added = add_header_set(write_tree(tmp_path / "old", fake_headers("3.13.0")), Machine(store, {}))
        assert added.version == "3.13.0"
        assert obtain_header_set(13, Machine(store, environ)) == added == read_header_set(store, added.digest)

    def test_twice(self, store: Store, tmp_path: Path) -> None:
        folder = write_tree(tmp_path / "include", fake_headers())
        assert add_header_set(folder, Machine(store, {})) == add_header_set(str(folder), Machine(store, {}))

    def test_a_file_url(self, store: Store, tmp_path: Path) -> None:
        write_tree(tmp_path / "Include", fake_headers())
        archive = Path(shutil.make_archive(str(tmp_path / "a b"), "zip", tmp_path, "Include"))
        added = add_header_set(archive.as_uri(), Machine(store, {}))
        assert added.version == "3.13.0"
        (known,) = list_header_sets(Machine(store, {}))
        assert known.origins == (archive.as_uri(),)
        for source in (archive.as_uri(), archive, str(archive)):
            with pytest.raises(MismatchError, match="has the sha256"):
                add_header_set(source, Machine(store, {}), sha256="0" * 64)
        sha256 = hashlib.sha256(archive.read_bytes()).hexdigest()
        assert add_header_set(archive, Machine(store, {}), sha256=sha256) == added

    def test_a_url_must_be_pinned(self, store: Store) -> None:
        with pytest.raises(ConfigurationError, match="must be pinned") as error:
            add_header_set("https://example.invalid/Python.tgz", Machine(store, {}))
        assert "--sha256" in error.value.problems[0].hint
        with pytest.raises(ConfigurationError, match="is no sha256"):
            add_header_set("https://example.invalid/Python.tgz", Machine(store, {}), sha256="../00")

    def test_nothing_remains_of_what_failed(self, store: Store, tmp_path: Path) -> None:
        (tmp_path / "x.tgz").write_bytes(b"no archive")
        with pytest.raises(ConfigurationError):
            add_header_set((tmp_path / "x.tgz").as_uri(), Machine(store, {}))
        with pytest.raises(NotFoundError):
            add_header_set((tmp_path / "gone.tgz").as_uri(), Machine(store, {}))
        assert not store.root.exists()


class TestHealing:
    """The store may be damaged by anybody: what it says is then found out again."""

    @pytest.mark.parametrize(
        "garbage", [b"", b"\xff", b"[]", b"{}", b"null", b'{"version": "3.12.0", "digest": "00", "origin": ""}']
    )
    def test_a_choice_that_is_garbled(self, store: Store, environ: dict[str, str], garbage: bytes) -> None:
        install(environ, "3.13.1")
        first = obtain_header_set(13, Machine(store, environ))
        (store.root / "headers/chosen/3.13").write_bytes(garbage)
        assert obtain_header_set(13, Machine(store, environ)) == first
        assert obtain_header_set(13, Machine(store, {})) == first

    def test_a_choice_of_another_version_or_path(self, store: Store, environ: dict[str, str]) -> None:
        install(environ, "3.13.1")
        first = obtain_header_set(13, Machine(store, environ))
        pointer = store.root / "headers/chosen/3.13"
        text = pointer.read_text()
        for wrong in (text.replace("3.13.1", "3.12.1"), text.replace(first.digest, "../../" + first.digest)):
            pointer.write_text(wrong)
            assert obtain_header_set(13, Machine(store, environ)) == first

    def test_a_tree_that_is_gone(self, store: Store, environ: dict[str, str]) -> None:
        install(environ, "3.13.1")
        first = obtain_header_set(13, Machine(store, environ))
        shutil.rmtree(first.folder)
        with pytest.raises(NotFoundError):
            obtain_header_set(13, Machine(store, {}))
        assert obtain_header_set(13, Machine(store, environ)) == first
        assert (first.folder / "Python.h").is_file()

    def test_a_tree_that_was_altered_is_replaced_when_its_headers_are_added_again(
        self, store: Store, tmp_path: Path
    ) -> None:
        source = write_tree(tmp_path / "include", fake_headers())
        added = add_header_set(source, Machine(store, {}))
        (added.folder / "object.h").write_bytes(b"altered")
        with pytest.raises(NotFoundError, match="no such header set"):
            read_header_set(store, added.digest)
        assert add_header_set(source, Machine(store, {})) == added == read_header_set(store, added.digest)


class TestRecovering:
    """A rebuild needs the very headers that a buildinfo names."""

    def test_from_the_store_or_an_installed_cpython_or_what_is_given(
        self, store: Store, environ: dict[str, str], tmp_path: Path
    ) -> None:
        install(environ, "3.13.9")
        install(environ, "3.13.4")
        given = write_tree(tmp_path / "given", fake_headers("3.13.2"))
        assert obtain_header_set(13, Machine(store, environ)).version == "3.13.9"
        for version in ("3.13.9", "3.13.4", "3.13.2"):
            digest = digest_tree(fake_headers(version))
            recovered = recover_header_set(version, digest, Machine(store, environ), [given])
            assert (recovered.version, recovered.digest) == (version, digest)
            assert recover_header_set(version, digest, Machine(store, {})) == recovered
        assert obtain_header_set(13, Machine(store, environ)).version == "3.13.9"

    def test_nowhere(self, store: Store, environ: dict[str, str]) -> None:
        install(environ, "3.13.9", "altered by a distribution")
        digest = digest_tree(fake_headers("3.13.9"))
        with pytest.raises(NotFoundError, match=r"headers of CPython 3\.13\.9") as error:
            recover_header_set("3.13.9", digest, Machine(store, environ))
        assert error.value.problems[0].where == digest


class TestListing:
    def test_rows_are_by_version_and_nothing_is_kept_by_looking(
        self, store: Store, environ: dict[str, str], tmp_path: Path
    ) -> None:
        for version in ("3.13.9", "3.13.10", "3.14.0"):
            install(environ, version)
        named = write_tree(tmp_path / "named", fake_headers("3.14.0rc1"))
        rows = list_header_sets(Machine(store, environ | {"ZIGBUILD_HEADERS": str(named)}))
        assert [(row.version, row.is_chosen) for row in rows] == [
            ("3.13.9", False),
            ("3.13.10", True),
            ("3.14.0rc1", True),
            ("3.14.0", False),
        ]
        assert rows[2].origins == (str(named),)
        assert rows[0].origins == (f"{environ['PYENV_ROOT']}/versions/3.13.9/include/python3.13",)
        assert not store.root.exists()
        assert list_minors_at_hand(Machine(store, environ)) == {13, 14}

    def test_kept_sets_are_listed_when_their_origin_is_forgotten(self, store: Store, tmp_path: Path) -> None:
        for version in ("3.13.1", "3.13.2"):
            add_header_set(write_tree(tmp_path / version, fake_headers(version)), Machine(store, {}))
        rows = list_header_sets(Machine(store, {}))
        assert [(row.version, row.origins, row.is_chosen) for row in rows] == [
            ("3.13.1", (), False),
            ("3.13.2", (str(tmp_path / "3.13.2"),), True),
        ]
        assert list_header_sets(Machine(Store(tmp_path / "new"), {})) == ()


class TestInstalled:
    """Return the folder into which installers put CPython."""

    @pytest.mark.parametrize(
        ("variable", "prefix"),
        [
            ("HOME", ".pyenv/versions/3.13.1"),
            ("PYENV_ROOT", "versions/3.13t-dev"),
            ("UV_PYTHON_INSTALL_DIR", "cpython-3.13.1-linux-x86_64-gnu"),
            ("XDG_DATA_HOME", "uv/python/cpython-3.13.1-linux-x86_64-gnu"),
            ("HOME", ".local/share/uv/python/cpython-3.13.1+freethreaded-macos-aarch64-none"),
            ("RUNNER_TOOL_CACHE", "Python/3.13.1/x64"),
            ("AGENT_TOOLSDIRECTORY", "Python/3.13.1/arm64-freethreaded"),
            ("CONDA_PREFIX", "."),
        ],
    )
    def test_below_a_variable(self, tmp_path: Path, variable: str, prefix: str) -> None:
        folder = write_tree(tmp_path / prefix / "include/python3.13", fake_headers())
        write_tree(tmp_path / prefix / "include/python3.12", fake_headers("3.12.0"))
        assert list_installed_include_folders(13, {variable: str(tmp_path)}) == (folder.resolve(),)

    def test_in_places_of_the_system(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(installed, "SYSTEM_PREFIXES", (f"{tmp_path}/opt/cp3{{minor}}-*", f"{tmp_path}/usr"))
        folders = [
            write_tree(tmp_path / "opt/cp313-cp313t/include/python3.13t", fake_headers()),
            write_tree(tmp_path / "usr/include/python3.13", fake_headers()),
        ]
        write_tree(tmp_path / "opt/pp313-pypy/include/python3.13", fake_headers())
        assert list_installed_include_folders(13, {}) == tuple(folders)

    def test_beside_the_running_python(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        write_tree(tmp_path, fake_headers())
        monkeypatch.setattr("sysconfig.get_path", lambda name: str(tmp_path))
        assert list_installed_include_folders(13, {}) == (tmp_path,)
        assert list_installed_include_folders(12, {}) == ()

    @pytest.mark.parametrize("name", ["python3.13", "python3.13t"])
    def test_by_an_executable_on_path_or_a_link_to_it(self, tmp_path: Path, name: str) -> None:
        folder = write_tree(tmp_path / "prefix/include/python3.13", fake_headers())
        write_tree(tmp_path / "prefix/bin", {name: b""})
        (tmp_path / "venv/bin").mkdir(parents=True)
        (tmp_path / "venv/bin" / name).symlink_to(tmp_path / "prefix/bin" / name)
        for place in ("prefix/bin", "venv/bin"):
            path = os.pathsep.join(("", ".", "/nowhere", str(tmp_path / place)))
            assert list_installed_include_folders(13, {"PATH": path}) == (folder,)

    def test_by_an_executable_of_windows(self, tmp_path: Path) -> None:
        folder = write_tree(tmp_path / "Python313/Include", fake_headers())
        write_tree(tmp_path / "Python313", {"python.exe": b""})
        assert list_installed_include_folders(13, {"PATH": str(tmp_path / "Python313")}) == (folder,)

    def test_by_the_shims_of_pyenv(self, tmp_path: Path) -> None:
        folder = write_tree(tmp_path / "versions/3.13.1/include/python3.13", fake_headers())
        write_tree(tmp_path / "shims", {"python3.13": b""})
        assert list_installed_include_folders(13, {"PATH": str(tmp_path / "shims")}) == (folder,)
