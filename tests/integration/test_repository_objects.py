"""Bytes in object storage: a server that speaks S3's protocol, on this machine, and what if it lies or dies."""

from __future__ import annotations

import hashlib
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from wheels import write_foreign_wheel
from zigbuild_backend.core.base.errors import ConfigurationError, MismatchError, NotFoundError
from zigbuild_backend.index.blobs import LocalBlobs
from zigbuild_backend.index.object_storage import ObjectBlobs, StorageError, open_object_storage
from zigbuild_backend.index.repository import open_repository
from zigbuild_backend.index.wheel_pieces import assemble_wheel, store_members

if TYPE_CHECKING:
    from obstore.store import S3Store


DATA = os.urandom(3 << 20)
SHA256 = hashlib.sha256(DATA).hexdigest()


class Storage:
    """A server with one bucket, over plain HTTP."""

    def __init__(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._server: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(self.port)]
        self._server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(300):
            try:
                urllib.request.urlopen(urllib.request.Request(f"{self.url}/bucket", method="PUT"), timeout=10).close()
                return
            except urllib.error.URLError:
                time.sleep(0.1)
        pytest.fail("the storage does not start")

    def stop(self) -> None:
        if self._server:
            self._server.kill()
            self._server.wait()

    def put(self, path: str, data: bytes) -> None:
        """Do to an object what somebody does who is not this repository."""
        import obstore

        obstore.put(self._bucket(), path, data)

    def read(self, path: str) -> bytes:
        import obstore

        return bytes(obstore.get(self._bucket(), path).bytes())

    def names(self, prefix: str) -> list[str]:
        import obstore

        return [found["path"] for page in obstore.list(self._bucket(), prefix) for found in page]

    def _bucket(self) -> S3Store:
        from obstore.store import S3Store

        return S3Store("bucket", client_options={"allow_http": True})


@pytest.fixture(scope="module")
def server() -> Iterator[Storage]:
    storage = Storage()
    storage.start()
    yield storage
    storage.stop()


@pytest.fixture
def storage(server: Storage, monkeypatch: pytest.MonkeyPatch) -> Storage:
    variables = {
        "AWS_ENDPOINT_URL": server.url,
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "us-east-1",
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return server


def open_blobs(folder: Path, limit: int = 1 << 30) -> ObjectBlobs:
    """Return the storage below a prefix that is the test's own."""
    spool = LocalBlobs(folder / "spool", folder / "quarantine")
    blobs = open_object_storage(f"s3://bucket/{folder.name}", "blobs", spool, os.environ)
    blobs.limit = limit
    return blobs


def place(folder: Path, sha256: str = SHA256) -> str:
    return f"{folder.name}/blobs/{sha256[:2]}/{sha256}"


def test_bytes_are_there_for_every_machine(storage: Storage, tmp_path: Path) -> None:
    blobs = open_blobs(tmp_path)
    assert (blobs.has(SHA256), blobs.verified_path(SHA256), list(blobs.list())) == (False, None, [])
    blobs.add(iter([DATA[:9], DATA[9:]]), SHA256)
    assert storage.read(place(tmp_path)) == DATA
    shutil.rmtree(tmp_path / "spool")
    for other in (open_blobs(tmp_path), blobs):
        assert other.has(SHA256)
        assert other.size(SHA256) == len(DATA)
        assert list(other.list()) == [SHA256]
        path = other.verified_path(SHA256)
        assert path
        assert path.read_bytes() == DATA
        assert other.unchanged_path(SHA256) in (path, None)
    blobs.remove(SHA256)
    blobs.remove(SHA256)
    assert (blobs.has(SHA256), blobs.verified_path(SHA256)) == (False, None)
    with pytest.raises(NotFoundError):
        blobs.size(SHA256)


def test_other_bytes_are_refused(storage: Storage, tmp_path: Path) -> None:
    del storage
    blobs = open_blobs(tmp_path)
    with pytest.raises(MismatchError):
        blobs.add([b"other"], SHA256)
    assert list(blobs.list()) == []
    for name in ("../x", SHA256.upper()):
        with pytest.raises(NotFoundError, match="no sha256"):
            blobs.verified_path(name)


@pytest.mark.parametrize("bad", [b"", DATA[:-1], DATA[1:] + b"x"])
def test_an_altered_object_is_moved_away_and_absent(bad: bytes, storage: Storage, tmp_path: Path) -> None:
    blobs = open_blobs(tmp_path)
    blobs.add([DATA], SHA256)
    shutil.rmtree(tmp_path / "spool")
    storage.put(place(tmp_path), bad)
    blobs = open_blobs(tmp_path)
    assert blobs.verified_path(SHA256) is None
    assert not blobs.has(SHA256)
    (moved,) = storage.names(f"{tmp_path.name}/blobs/quarantine")
    assert storage.read(moved) == bad
    assert blobs.add([DATA], SHA256).read_bytes() == DATA
    assert storage.read(place(tmp_path)) == DATA


def test_an_altered_copy_is_fetched_again(storage: Storage, tmp_path: Path) -> None:
    del storage
    blobs = open_blobs(tmp_path)
    path = blobs.add([DATA], SHA256)
    path.chmod(0o644)
    path.write_bytes(b"evil")
    again = blobs.verified_path(SHA256)
    assert again
    assert again.read_bytes() == DATA


def test_copies_stay_below_their_limit(storage: Storage, tmp_path: Path) -> None:
    del storage
    blobs = open_blobs(tmp_path, limit=350_000)
    added = []
    for _ in range(5):
        data = os.urandom(100_000)
        added.append(hashlib.sha256(data).hexdigest())
        blobs.add([data], added[-1])
        assert blobs.verified_path(added[0])
    assert len(list(blobs.list())) == 5
    assert len(list(blobs.spool.list())) <= 3
    assert blobs.unchanged_path(added[0])
    for sha256 in added:
        assert blobs.verified_path(sha256)


def test_storage_that_is_not_there_is_said(storage: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    del storage
    blobs = open_blobs(tmp_path)
    blobs.add([DATA], SHA256)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{probe.getsockname()[1]}")
        cut_off = open_blobs(tmp_path)
        assert cut_off.verified_path(SHA256)  # the copy
        assert not cut_off.has("0" * 64)
        for ask in (cut_off.size, cut_off.verified_path, cut_off.remove, lambda sha256: cut_off.add([DATA], sha256)):
            with pytest.raises(StorageError, match="cannot be used") as caught:
                ask("0" * 64)
            assert "AWS_ENDPOINT_URL" in caught.value.problems[0].hint


def test_a_bucket_that_is_not_there_is_said(storage: Storage, tmp_path: Path) -> None:
    del storage
    spool = LocalBlobs(tmp_path / "spool", tmp_path / "quarantine")
    blobs = open_object_storage("s3://nobody", "blobs", spool, os.environ)
    with pytest.raises(StorageError):
        blobs.add([DATA], SHA256)
    for url in ("s3://", "gs://bucket", "bucket"):
        with pytest.raises(ConfigurationError, match="s3://BUCKET/PREFIX") as caught:
            open_object_storage(url, "blobs", spool, os.environ)
        assert caught.value.problems[0].where == "ZIGBUILD_BLOBS"


def test_without_the_package_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "obstore.exceptions", None)
    with pytest.raises(NotFoundError, match="obstore") as caught:
        open_object_storage("s3://bucket", "blobs", LocalBlobs(tmp_path, tmp_path), {})
    assert "[s3]" in caught.value.problems[0].hint


def test_a_repository_keeps_its_bytes_there(storage: Storage, tmp_path: Path) -> None:
    del storage
    url, wheel = f"s3://bucket/{tmp_path.name}", write_foreign_wheel(tmp_path)
    done = subprocess.run(
        [sys.executable, "-m", "zigbuild_backend", "cache", "add", "--data", tmp_path / "data", wheel],
        env={**os.environ, "ZIGBUILD_BLOBS": url},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "data" / "blobs").exists()
    shutil.rmtree(tmp_path / "data" / "spool")
    repository = open_repository(tmp_path / "data", {**os.environ, "ZIGBUILD_BLOBS": url})
    file = repository.ledger.find(wheel.name)
    assert repository.presence(file) == "whole"
    path, layout = repository.blobs.verified_path(file.sha256), repository.ledger.layout(file.sha256)
    assert path
    assert layout
    store_members(path, layout, repository.members)
    repository.blobs.remove(file.sha256)
    shutil.rmtree(tmp_path / "data" / "spool")
    repository = open_repository(tmp_path / "data", {**os.environ, "ZIGBUILD_BLOBS": url})
    assert repository.presence(file) == "members"
    assert b"".join(assemble_wheel(layout, repository.members)) == wheel.read_bytes()
