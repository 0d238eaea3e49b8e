"""Running the index: how it starts, what it says when it can't, and how it ends."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from servers import find_port, publish, serving
from wheels import write_foreign_wheel

posix = pytest.mark.skipif(os.name != "posix", reason="signals are POSIX's")


def serve(*options: str | Path, path: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run the command where it is expected to end at once."""
    environ = os.environ if path is None else {**os.environ, "PATH": path}
    command = [sys.executable, "-m", "zigbuild_backend", "serve", "--upstream", "none", *map(str, options)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=environ)
    assert "Traceback" not in done.stderr
    return done


def test_one_command_starts_it_on_an_empty_folder(tmp_path: Path) -> None:
    with serving(tmp_path / "new" / "data", logs=tmp_path) as server:
        said = server.stderr.read_text()
        assert f"serving {tmp_path / 'new' / 'data'} on {server.url}/" in said
        assert f"pip install --index-url {server.url}/simple/ PROJECT" in said
        assert f"uv pip install --default-index {server.url}/simple/ PROJECT" in said
        assert "zigbuild cache add" in said
        assert json.loads(server.get("/simple/?format=json").body)["projects"] == []
        assert "No file is recorded yet" in server.get("/").text
        assert server.stop() == 0
        assert server.read_log()[-1]["event"] == "stopped"


def test_port_that_is_in_use(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as server:
        done = serve("--data", tmp_path / "data", "--port", str(server.port))
        assert done.returncode == 2
        assert "in use" in done.stderr
        assert "--port" in done.stderr
        assert server.get("/health").status == 200


@pytest.mark.parametrize("host", ["192.0.2.1", "no such host"])
def test_host_that_is_none_of_ours(tmp_path: Path, host: str) -> None:
    done = serve("--data", tmp_path / "data", "--host", host)
    assert done.returncode == 2
    assert "cannot be listened on" in done.stderr
    assert "--host" in done.stderr


@pytest.mark.parametrize(
    "options",
    [("--port", "99999"), ("--patience", "0"), ("--patience", "nan"), ("--accel", "held"), ("--accel", "/a b")],
)
def test_impossible_options(tmp_path: Path, options: tuple[str, str]) -> None:
    done = serve("--data", tmp_path / "data", *options)
    assert done.returncode == 2
    assert options[0] in done.stderr


def test_upstream_that_is_the_server_itself(tmp_path: Path) -> None:
    port = find_port()
    url = f"http://localhost:{port}/simple/"
    done = serve("--data", tmp_path / "data", "--port", str(port), "--upstream", url)
    assert done.returncode == 2
    assert f"{url}: is the URL of this server" in done.stderr
    assert "--upstream none" in done.stderr
    done = serve("--data", tmp_path / "data", "--port", str(port), "--peer", url)
    assert done.returncode == 2


def test_folder_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("a file")
    done = serve("--data", tmp_path / "file" / "data", "--port", str(find_port()))
    assert done.returncode in (2, 5)
    assert str(tmp_path / "file") in done.stderr


def test_key_that_is_gone(tmp_path: Path) -> None:
    data = tmp_path / "data"
    publish(data, write_foreign_wheel(tmp_path))
    (data / "ledger.key").unlink()
    done = serve("--data", data, "--port", str(find_port()))
    assert done.returncode == 5
    assert "ledger.key" in done.stderr


def test_without_isolation_it_refuses(tmp_path: Path) -> None:
    done = serve("--data", tmp_path / "data", "--port", str(find_port()), path="/nonexistent")
    assert done.returncode == 5
    assert "bubblewrap" in done.stderr
    assert "--no-isolation" in done.stderr
    with serving(tmp_path / "data", "--no-isolation", environ={"PATH": "/nonexistent"}) as server:
        assert "not isolated" in server.stderr.read_text()
        assert server.get("/simple/").status == 200


@posix
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_end_lets_responses_be_sent(tmp_path: Path, number: signal.Signals) -> None:
    data, size = tmp_path / "data", 30_000_000
    wheel = write_foreign_wheel(tmp_path, "big", modules={"big.bin": os.urandom(size)})
    publish(data, wheel)
    with serving(data) as server:
        (path,) = server.find("big").values()
        with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
            received = len(connection.recv(1000))
            server.process.send_signal(number)
            time.sleep(0.5)
            with pytest.raises(OSError):
                server.get("/health")
            while block := connection.recv(1 << 20):
                received += len(block)
        assert received > wheel.stat().st_size
        assert server.process.wait(30) == 0
        assert "Traceback" not in server.stderr.read_text()


@posix
def test_quiet_server_logs_no_requests_but_what_matters(tmp_path: Path) -> None:
    with serving(tmp_path / "data", "--quiet") as server:
        server.get("/simple/nothing/")
        assert server.stop() == 0
        assert server.stderr.read_text() == ""
        assert [line["event"] for line in server.read_log()] == ["stopped"]
