"""``zigbuild serve`` as a process of its own, for the tests that speak with it as clients do."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from zigbuild_backend.core.base.store import default_store
from zigbuild_backend.index.adding_files import add_files
from zigbuild_backend.index.files import File
from zigbuild_backend.index.repository import Repository, open_repository

JSON = "application/vnd.pypi.simple.v1+json"


@dataclass(frozen=True)
class Reply:
    """A reply; names of headers are in small letters."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


@dataclass(frozen=True)
class Running:
    """A server at work: its process, its port, and the files that its output goes to."""

    process: subprocess.Popen[bytes]
    port: int
    stdout: Path
    stderr: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def get(self, path: str, method: str = "GET", **headers: str) -> Reply:
        """Send a request with the path as it is; underscores in names of headers are dashes."""
        return get(self.url + path, method, **headers)

    def talk(self, data: bytes, seconds: float = 10.0) -> bytes:
        """Send *data*, and return all that comes until the server closes, or says nothing for *seconds*."""
        received = b""
        address = ("127.0.0.1", self.port)
        with socket.create_connection(address, timeout=seconds) as connection, contextlib.suppress(OSError):
            connection.sendall(data)
            while block := connection.recv(1 << 16):
                received += block
        return received

    def find(self, project: str) -> dict[str, str]:
        """File name → path, of a project's files."""
        page = json.loads(self.get(f"/simple/{project}/", accept=JSON).body)
        return {file["filename"]: file["url"].removeprefix("../..") for file in page["files"]}

    def read_log(self) -> list[dict[str, Any]]:
        """Return the lines of the log, and wait for those of the last requests."""
        time.sleep(0.5)
        return [json.loads(line) for line in self.stdout.read_text().splitlines()]

    def read_figures(self) -> dict[str, float]:
        lines = self.get("/metrics").text.splitlines()
        return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines if line[0] != "#")}

    def read_memory(self) -> int:
        """Return the resident memory of the process, in bytes."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    def stop(self) -> int:
        """End it, and return its exit code."""
        self.process.terminate()
        return self.process.wait(60)


def get(url: str, method: str = "GET", **headers: str) -> Reply:
    """Send a request; redirects are not followed, nothing is decoded."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=300)
    with contextlib.closing(connection):
        path = url.split(parts.netloc, 1)[1]
        connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        response = connection.getresponse()
        named = {name.lower(): value for name, value in response.getheaders()}
        return Reply(response.status, named, response.read())


def find_port() -> int:
    """Return a port that is free."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def serving(
    data: Path, *options: str, logs: Path | None = None, environ: Mapping[str, str] | None = None
) -> Iterator[Running]:
    """Yield a server of the repository in *data*, ready for requests; without upstream, unless *options* name one."""
    port = find_port()
    logs = logs or data.parent
    upstream = [] if "--upstream" in options else ["--upstream", "none"]
    command = [sys.executable, "-m", "zigbuild_backend", "serve", "--data", str(data), "--port", str(port)]
    stdout, stderr = logs / f"{port}.log", logs / f"{port}.txt"
    with stdout.open("wb") as log, stderr.open("wb") as said:
        process = subprocess.Popen(
            [*command, *upstream, *options], stdout=log, stderr=said, env={**os.environ, **(environ or {})}
        )
    running = Running(process, port, stdout, stderr)
    try:
        await_ready(running)
        yield running
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


def await_ready(running: Running) -> None:
    """Wait until requests are answered."""
    for _ in range(600):
        if running.process.poll() is not None:
            break
        with contextlib.suppress(OSError):
            if running.get("/health").status == 200:
                return
        time.sleep(0.1)
    raise AssertionError(f"the server did not start: {running.stderr.read_text()}")


@contextlib.contextmanager
def opened(data: Path) -> Iterator[Repository]:
    """Yield the repository in *data*, beside the server that has it open too."""
    repository = open_repository(data, os.environ)
    try:
        yield repository
    finally:
        repository.close()


def publish(data: Path, *paths: Path) -> dict[str, File]:
    """Add files to the repository in *data*; return their rows by name."""
    with opened(data) as repository:
        store = default_store(os.environ)
        added = add_files(repository, paths, user_store=store, cwd=data)
        for one in added:
            assert one.error is None, one.error
        return {file.name: file for file in repository.ledger.all_files()}
