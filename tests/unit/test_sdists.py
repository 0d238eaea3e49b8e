"""Archives that mean harm, downloads that are not what they should be, and where pip looks for files."""

from __future__ import annotations

import contextlib
import functools
import gzip
import hashlib
import http.server
import os
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from archives import hardlink, member, symlink, write_archive, write_sdist
from zigbuild_backend.core.base.errors import ConfigurationError, MismatchError, NotFoundError
from zigbuild_backend.core.base.machine import Machine
from zigbuild_backend.core.base.store import Store
from zigbuild_backend.core.fetch import downloads, indexes, unpack
from zigbuild_backend.core.fetch.downloads import fetch_url
from zigbuild_backend.core.fetch.pip_configuration import (
    PipConfiguration,
    parse_pip_configuration,
    read_pip_configuration,
)
from zigbuild_backend.core.fetch.sdists import fetch_file, open_sdist


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def list_files(root: Path) -> dict[str, bytes]:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_an_sdist_is_unpacked_without_its_top_folder(tmp_path: Path, store: Store) -> None:
    sdist = write_archive(
        tmp_path / "spam-1.tar.gz",
        member("spam-1", kind=tarfile.DIRTYPE),
        member("spam-1/PKG-INFO", b"Name: spam"),
        member("./spam-1/src/spam.c", b"int x;"),
    )
    root = open_sdist(sdist, store)
    assert list_files(root) == {"PKG-INFO": b"Name: spam", "src/spam.c": b"int x;"}
    assert root.is_relative_to(store.root)


def test_it_is_unpacked_once(tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    first = open_sdist(write_sdist(tmp_path / "spam-1.tar.gz", {"a": "a"}), store)
    monkeypatch.setattr(unpack, "unpack", lambda *_: pytest.fail("unpacked again"))
    assert open_sdist((tmp_path / "spam-1.tar.gz").rename(tmp_path / "other.tar.gz"), store) == first


@pytest.mark.skipif(os.name == "nt", reason="Windows has no permission to execute")
@pytest.mark.parametrize("umask", [0o000, 0o077])
def test_modes_are_those_of_the_archive(umask: int, tmp_path: Path, store: Store) -> None:
    sdist = write_archive(
        tmp_path / "spam-1.tar.gz",
        member("spam-1/plain", mode=0o666),
        member("spam-1/secret", mode=0o400),
        member("spam-1/program", mode=0o4777),
        hardlink("spam-1/linked", "spam-1/program"),
    )
    before = os.umask(umask)
    try:
        root = open_sdist(sdist, store)
    finally:
        os.umask(before)
    modes = {path.name: path.stat().st_mode & 0o7777 for path in root.iterdir()}
    assert modes == {"plain": 0o644, "secret": 0o644, "program": 0o755, "linked": 0o755}


def test_links_become_copies(tmp_path: Path, store: Store) -> None:
    sdist = write_archive(
        tmp_path / "spam-1.tar.gz",
        symlink("spam-1/a/first", "../b/second"),
        symlink("spam-1/b/second", "./../c"),
        hardlink("spam-1/b/hard", "spam-1/c"),
        member("spam-1/c", b"content"),
    )
    root = open_sdist(sdist, store)
    assert set(list_files(root).values()) == {b"content"}
    assert not any(path.is_symlink() for path in root.rglob("*"))


@pytest.mark.parametrize(
    ("members", "problem"),
    [
        ([member("/etc/passwd")], "leads out"),
        ([member("spam-1/../../passwd")], "leads out"),
        ([member("spam-1/a/../b")], "leads out"),
        ([member("..")], "leads out"),
        ([member("C:/spam")], "leads out"),
        ([member("spam-1\\..\\..\\spam")], "no portable path"),
        ([member("spam-1/a\nb")], "no portable path"),
        ([member("a/PKG-INFO"), member("b/PKG-INFO")], "several folders at its top, 'a' and 'b'"),
        ([member("PKG-INFO")], "beside its folder"),
        ([symlink("spam-1", "/etc")], "beside its folder"),
        ([symlink("spam-1/a", "/etc/passwd")], "leads out"),
        ([symlink("spam-1/a", "../../etc/passwd")], "leads out"),
        ([symlink("spam-1/a", "../other/file")], "leads out"),
        ([hardlink("spam-1/a", "/etc/passwd")], "leads out"),
        ([hardlink("spam-1/a", "../etc/passwd")], "leads out"),
        ([symlink("spam-1/a", "b")], "no file of it"),
        ([symlink("spam-1/a", ".")], "no file of it"),
        ([symlink("spam-1/a", "b"), symlink("spam-1/b", "a")], "no file of it"),
        ([member("spam-1/b/c"), symlink("spam-1/a", "b"), member("spam-1/a/c")], "no file of it"),
        ([member("spam-1/a"), member("spam-1/a")], "twice"),
        ([member("spam-1/a"), member("spam-1/a/b")], "twice"),
        ([member("spam-1/a/b"), member("spam-1/a")], "twice"),
        ([member("spam-1/null", kind=tarfile.CHRTYPE)], "neither a file"),
        ([member("spam-1/disk", kind=tarfile.BLKTYPE)], "neither a file"),
        ([member("spam-1/pipe", kind=tarfile.FIFOTYPE)], "neither a file"),
    ],
)
def test_hostile_archives_are_refused(members, problem: str, tmp_path: Path, store: Store) -> None:
    sdist = write_archive(tmp_path / "spam-1.tar.gz", *members)
    before = list_files(tmp_path)
    with pytest.raises(ConfigurationError, match=problem) as caught:
        open_sdist(sdist, store)
    assert caught.value.problems[0].where == "spam-1.tar.gz"
    assert caught.value.problems[0].hint
    assert list_files(tmp_path) == before


def test_archives_have_limits(tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpack, "MAX_SIZE", 1 << 20)
    monkeypatch.setattr(unpack, "MAX_MEMBERS", 3)
    bomb = write_archive(tmp_path / "bomb.tar.gz", member("spam-1/a", bytes(1 << 20)))
    with pytest.raises(ConfigurationError, match="more than 1 MiB"):
        open_sdist(bomb, store)
    small = gzip.decompress(write_sdist(tmp_path / "spam-1.tar.gz", {"a": "a"}).read_bytes())
    bomb.write_bytes(gzip.compress(small + bytes(1 << 20)))
    with pytest.raises(ConfigurationError, match="more than 1 MiB"):
        open_sdist(bomb, store)
    links = [hardlink(f"spam-1/{number}", "spam-1/a") for number in range(2)]
    bomb = write_archive(tmp_path / "links.tar.gz", member("spam-1/a", bytes(1 << 19)), *links)
    with pytest.raises(ConfigurationError, match="more than 1 MiB"):
        open_sdist(bomb, store)
    bomb = write_archive(tmp_path / "many.tar.gz", *(member(f"spam-1/{number}") for number in range(4)))
    with pytest.raises(ConfigurationError, match="more than 3 members"):
        open_sdist(bomb, store)


def test_what_is_no_archive_is_refused(tmp_path: Path, store: Store) -> None:
    whole = write_sdist(tmp_path / "spam-1.tar.gz", {"a": "a" * 5000}).read_bytes()
    cases = {
        "empty": b"",
        "text": b"hello",
        "zip": b"PK\3\4" + bytes(100),
        "no tar": gzip.compress(b"hello" * 1000),
        "no checksum": whole[:-8] + bytes(8),
        "half": whole[: len(whole) // 2],
        "half a tar": gzip.compress(gzip.decompress(whole)[:3000]),
        "bad deflate": whole[:20] + b"\xff" * 40,
    }
    for name, data in cases.items():
        (tmp_path / name).write_bytes(data)
        with pytest.raises(ConfigurationError, match=r"not a whole \.tar\.gz"):
            open_sdist(tmp_path / name, store)
    with pytest.raises(NotFoundError, match="No such file"):
        open_sdist(tmp_path / "missing.tar.gz", store)


def test_pip_configuration_is_followed() -> None:
    listed = "\n".join(
        [
            "download.index-url='https://download.example/simple'",
            "global.extra-index-url='https://a.example/simple\\nhttps://b.example/simple'",
            "global.index-url='https://global.example/simple'",
            "global.timeout='7'",
            "install.index-url='https://install.example/simple'",
            ":env:.cert='seen in the environment itself'",
        ]
    )
    environ = {"PIP_CERT": "ca.pem", "PIP_TRUSTED_HOST": "a.example b.example", "PIP_EXTRA_INDEX_URL": ""}
    assert parse_pip_configuration(listed, environ) == PipConfiguration(
        index_urls=("https://download.example/simple", "https://a.example/simple", "https://b.example/simple"),
        trusted_hosts=("a.example", "b.example"),
        cert="ca.pem",
        timeout=7.0,
    )


def test_environment_goes_before_configuration() -> None:
    environ = {"PIP_INDEX_URL": "https://env.example", "PIP_DEFAULT_TIMEOUT": "5", "PIP_FIND_LINKS": "wheels  more"}
    listed = "global.index-url='https://global.example'\nglobal.proxy='http://proxy.example'"
    expected = PipConfiguration(("https://env.example",), ("wheels", "more"), proxy="http://proxy.example", timeout=5.0)
    assert parse_pip_configuration(listed, environ) == expected
    assert parse_pip_configuration("global.no-index='true'", environ).index_urls == ()
    assert parse_pip_configuration("", {}) == PipConfiguration()


def test_uv_is_asked_where_pip_is_not_installed() -> None:
    environ = {
        "UV_INDEX_URL": "https://old.example",
        "UV_DEFAULT_INDEX": "main=https://new.example/?a=b",
        "UV_INDEX": "x.y=https://c.example https://d.example",
    }
    found = parse_pip_configuration("", environ, has_pip=False)
    assert found.index_urls == ("https://new.example/?a=b", "https://c.example", "https://d.example")
    pip = {**environ, "PIP_INDEX_URL": "https://pip.example"}
    assert parse_pip_configuration("", pip, has_pip=False).index_urls[0] == "https://pip.example"
    assert parse_pip_configuration("", environ) == PipConfiguration()


def test_pip_is_asked_but_not_one_in_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pip.conf").write_text("[global]\nindex-url = https://file.example/simple\n")
    (tmp_path / "pip.py").write_text("raise SystemExit('a stranger')")
    monkeypatch.chdir(tmp_path)
    environ = {**isolated(), "PIP_CONFIG_FILE": str(tmp_path / "pip.conf")}
    assert read_pip_configuration(environ).index_urls == ("https://file.example/simple",)


def isolated() -> dict[str, str]:
    """This environment without what configures pip."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("PIP_", "UV_", "http", "HTTP"))}
    return kept | {"PIP_CONFIG_FILE": os.devnull}


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@contextlib.contextmanager
def serve(folder: Path) -> Iterator[str]:
    """Serve *folder* on this machine; yield its URL."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


CONTENT = b"the content of an sdist"
SHA256 = hashlib.sha256(CONTENT).hexdigest()
FILE = "spam_ham-1.0.tar.gz"


@pytest.fixture
def index(tmp_path: Path) -> Iterator[str]:
    """Yield the URL of an index (PEP 503) that has one release."""
    folder = tmp_path / "index" / "simple" / "spam-ham"
    folder.mkdir(parents=True)
    (folder / FILE).write_bytes(CONTENT)
    (folder / "index.html").write_text(f'<a href="{FILE}">{FILE}</a><a href="spam_ham-2.0.tar.gz">2.0</a>')
    with serve(tmp_path / "index") as url:
        yield f"{url}/simple"


def test_a_file_is_fetched_once(index: str, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    environ = {**isolated(), "PIP_INDEX_URL": index}
    path = fetch_file("Spam.Ham", FILE, SHA256, Machine(store, environ))
    assert (path.name, path.read_bytes()) == (FILE, CONTENT)
    monkeypatch.setattr(indexes, "stream_file", lambda *_: pytest.fail("asked the index again"))
    assert fetch_file("Spam.Ham", FILE, SHA256, Machine(store, environ)) == path


def test_a_place_that_cannot_be_reached_is_passed_over(index: str, store: Store, tmp_path: Path) -> None:
    dead = "http://127.0.0.1:1/simple"
    environ = {**isolated(), "PIP_INDEX_URL": dead, "PIP_EXTRA_INDEX_URL": index, "PIP_FIND_LINKS": "/no/such/folder"}
    assert fetch_file("spam-ham", FILE, SHA256, Machine(store, environ)).read_bytes() == CONTENT
    near = {**isolated(), "PIP_INDEX_URL": dead, "PIP_FIND_LINKS": str(tmp_path / "index" / "simple" / "spam-ham")}
    assert fetch_file("spam-ham", FILE, SHA256, Machine(Store(tmp_path / "other"), near)).read_bytes() == CONTENT


@pytest.mark.parametrize("fragment", ["", "#sha256=" + "0" * 64, f"#sha256={SHA256}"])
def test_a_file_with_another_hash_is_refused(fragment: str, index: str, store: Store, tmp_path: Path) -> None:
    folder = tmp_path / "index" / "simple" / "spam-ham"
    (folder / "index.html").write_text(f'<a href="{FILE}{fragment}">{FILE}</a>')
    (folder / FILE).write_bytes(b"something else")
    with pytest.raises(MismatchError, match=r"has the sha256 [0-9a-f]{64}.*, not " + SHA256):
        fetch_file("spam-ham", FILE, SHA256, Machine(store, {**isolated(), "PIP_INDEX_URL": index}))
    assert not list_files(store.root)


@pytest.mark.parametrize("name", ["spam-ham", "unknown"])
def test_a_file_that_no_index_has_is_said(name: str, index: str, store: Store) -> None:
    with pytest.raises(NotFoundError, match="no index has it") as caught:
        fetch_file(name, "spam_ham-3.0.tar.gz", SHA256, Machine(store, {**isolated(), "PIP_INDEX_URL": index}))
    (problem,) = caught.value.problems
    assert ("404" in problem.message) == (name == "unknown")
    place = store.root / "downloads" / SHA256 / "spam_ham-3.0.tar.gz"
    assert str(place) in problem.hint
    place.write_bytes(CONTENT)  # as the hint says
    assert fetch_file(name, place.name, SHA256, Machine(store, {})) == place
    place.write_bytes(b"something else")
    with pytest.raises(MismatchError, match="has the sha256"):
        fetch_file(name, place.name, SHA256, Machine(store, {}))


def test_a_file_that_is_listed_but_gone_is_said(index: str, store: Store) -> None:
    with pytest.raises(NotFoundError, match="404"):
        fetch_file("spam-ham", "spam_ham-2.0.tar.gz", SHA256, Machine(store, {**isolated(), "PIP_INDEX_URL": index}))


def test_urls_are_fetched(index: str, store: Store, tmp_path: Path) -> None:
    url = f"{index}/spam-ham/{FILE}"
    path = fetch_url(url, SHA256, Machine(store, isolated()))
    assert (path.name, path.read_bytes()) == (FILE, CONTENT)
    local = (tmp_path / "index" / "simple" / "spam-ham" / FILE).as_uri()
    assert fetch_url(local, SHA256, Machine(Store(tmp_path / "other"), {})).read_bytes() == CONTENT
    with pytest.raises(MismatchError, match="the download has the sha256"):
        fetch_url(url, "0" * 64, Machine(store, isolated()))
    for missing in (f"{url}.asc", "http://127.0.0.1:1/a.tar.gz", "file:///no/such/a.tar.gz", "http://[/a.tar.gz"):
        with pytest.raises(NotFoundError, match="cannot be fetched"):
            fetch_url(missing, SHA256, Machine(store, isolated()))


def test_downloads_have_a_limit(index: str, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloads, "MAX_DOWNLOAD", len(CONTENT) - 1)
    with pytest.raises(MismatchError, match="is larger"):
        fetch_url(f"{index}/spam-ham/{FILE}", SHA256, Machine(store, isolated()))
