"""Headers by URL, from a server on this machine."""

from __future__ import annotations

import hashlib
import io
import tarfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from headers import fake_headers
from zigbuild_backend.core.base.errors import MismatchError, NotFoundError
from zigbuild_backend.core.base.machine import Machine
from zigbuild_backend.core.base.store import Store
from zigbuild_backend.core.cpython.header_sets import add_header_set, obtain_header_set
from zigbuild_backend.core.fetch import downloads


def pack() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:xz") as archive:
        for name, data in fake_headers("3.14.2").items():
            info = tarfile.TarInfo(f"Python-3.14.2/Include/{name}")
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


ARCHIVE = pack()
SHA256 = hashlib.sha256(ARCHIVE).hexdigest()


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path != "/Python-3.14.2.tar.xz":
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(ARCHIVE)))
        self.end_headers()
        self.wfile.write(ARCHIVE)

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Yield the address of a server that has one archive."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()
        thread.join()


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path)


@pytest.mark.parametrize("sha256", [SHA256, SHA256.upper()])
def test_an_archive_with_the_right_hash_is_added(store: Store, server: str, sha256: str) -> None:
    added = add_header_set(f"{server}/Python-3.14.2.tar.xz", Machine(store, {}), sha256=sha256)
    assert added.version == "3.14.2"
    assert obtain_header_set(14, Machine(store, {})) == added


def test_another_hash(store: Store, server: str) -> None:
    with pytest.raises(MismatchError, match=SHA256) as error:
        add_header_set(f"{server}/Python-3.14.2.tar.xz", Machine(store, {}), sha256="0" * 64)
    assert error.value.exit_code == 4


def test_what_is_too_large(store: Store, server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloads, "MAX_DOWNLOAD", 100)
    with pytest.raises(MismatchError, match="is larger than"):
        add_header_set(f"{server}/Python-3.14.2.tar.xz", Machine(store, {}), sha256=SHA256)


@pytest.mark.parametrize("address", ["{}/gone.tar.xz", "http://127.0.0.1:9/Python.tar.xz"])
def test_what_cannot_be_had(store: Store, server: str, address: str) -> None:
    url = address.format(server)
    with pytest.raises(NotFoundError, match="cannot be fetched") as error:
        add_header_set(url, Machine(store, {}), sha256=SHA256)
    (problem,) = error.value.problems
    assert problem.where == url
    assert "without a network, put the file there: " in problem.hint
