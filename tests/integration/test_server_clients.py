"""The index and real clients: pip, uv, nginx in front, an upstream behind, and wheels that are built on demand."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path

import pytest

import index_server
from machines import make_venv
from repositories import copy_repository
from repositories import drop as drop_all
from servers import JSON, Running, await_ready, find_port, opened, publish, serving
from wheels import metadata_of, write_foreign_wheel
from zigbuild_backend.index.files import File

pytestmark = [pytest.mark.full, pytest.mark.skipif(os.name != "posix", reason="the sandbox is Linux's")]


@pytest.fixture(scope="module")
def release(example_repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the data folder of a repository with a release of the example in C."""
    data = tmp_path_factory.mktemp("release") / "data"
    copy_repository(data, example_repository).close()
    return data


def drop(data: Path) -> File:
    """Drop the bytes of all wheels; return the one for this machine."""
    with opened(data) as repository:
        wheels = drop_all(repository)
        return next(file for platform, file in wheels.items() if platform.startswith("manylinux"))


def test_many_clients_one_build_and_pip_and_uv_install_it(release: Path, tmp_path: Path) -> None:
    wheel = drop(release)
    with serving(release, "--patience", "120", logs=tmp_path) as server:
        path = server.find(wheel.project)[wheel.name]
        with ThreadPoolExecutor(30) as threads:
            replies = list(threads.map(lambda _: server.get(path), range(30)))
        assert {(reply.status, hashlib.sha256(reply.body).hexdigest()) for reply in replies} == {(200, wheel.sha256)}
        recreations = [line for line in server.read_log() if line["event"] == "recreation"]
        assert [line["way"] for line in recreations] == ["rebuilt"]
        assert server.read_figures()['zigbuild_recreations_total{kind="rebuilt"}'] == 1

        requirements = tmp_path / "requirements.txt"
        requirements.write_text(f"{wheel.project}=={wheel.version} --hash=sha256:{wheel.sha256}\n")
        for name in ("pip", "uv"):
            venv = make_venv(sys.executable, tmp_path / name, "pip")
            index = f"{server.url}/simple/"
            pip = [venv.python, "-m", "pip", "install", "--index-url", index]
            uv = [sys.executable, "-m", "uv", "pip", "install", "--python", venv.python, "--no-cache", "-i", index]
            venv.run(*(pip if name == "pip" else uv), "--require-hashes", "-r", requirements)
            shown = venv.run(venv.python, "-c", "import example_c; print(example_c.__file__)").stdout
            assert str(venv.folder) in shown


def test_pip_downloads_a_dropped_wheel_for_another_platform(release: Path, tmp_path: Path) -> None:
    wheel = drop(release)
    with serving(release, "--patience", "120", logs=tmp_path) as server:
        python, abi, platform = wheel.name.removesuffix(".whl").rsplit("-", 3)[1:]
        options = [
            "--no-deps",
            "--only-binary",
            ":all:",
            "--index-url",
            f"{server.url}/simple/",
            "-d",
            tmp_path / "got",
        ]
        tags = ["--platform", platform, "--abi", abi, "--implementation", "cp", "--python-version", python[2:]]
        command = [sys.executable, "-m", "pip", "download", "-q", *options, *tags, wheel.project]
        subprocess.run(command, check=True, timeout=300)
    assert hashlib.sha256((tmp_path / "got" / wheel.name).read_bytes()).hexdigest() == wheel.sha256


def test_impatient_clients_are_told_when_to_come_again(release: Path, tmp_path: Path) -> None:
    wheel = drop(release)
    with serving(release, "--patience", "0.05", logs=tmp_path) as server:
        path = server.find(wheel.project)[wheel.name]
        reply = server.get(path, accept=JSON)
        assert reply.status == 503
        assert int(reply.headers["retry-after"]) >= 1
        assert "is being recreated" in json.loads(reply.body)["detail"]
        assert "recreating" in server.get(f"/projects/{wheel.project}/").text
        assert server.read_figures()["zigbuild_recreating_files"] == 1
        deadline = time.monotonic() + 120
        while (reply := server.get(path)).status == 503 and time.monotonic() < deadline:
            time.sleep(0.2)
        assert hashlib.sha256(reply.body).hexdigest() == wheel.sha256


def test_end_ends_builds_too_and_remembers_no_failure(release: Path, tmp_path: Path) -> None:
    wheel = drop(release)
    with serving(release, "--patience", "120", logs=tmp_path) as server:
        path = server.find(wheel.project)[wheel.name]
        with ThreadPoolExecutor(1) as threads:
            waiting = threads.submit(server.get, path)
            while server.read_figures()["zigbuild_recreating_files"] == 0:
                time.sleep(0.01)
            began = time.monotonic()
            assert server.stop() == 0
            assert time.monotonic() - began < 15
            reply = waiting.result()
        assert reply.status in (200, 503), reply.text
        if reply.status == 503:
            assert "the server is stopping" in reply.text
        assert "Traceback" not in server.stderr.read_text()
    with opened(release) as repository:
        assert repository.ledger.failure(wheel.sha256) is None


@pytest.fixture
def index(monkeypatch: pytest.MonkeyPatch) -> Iterator[index_server.IndexServer]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with index_server.serving() as running:
        yield running


def test_upstream_is_remembered(tmp_path: Path, index: index_server.IndexServer) -> None:
    wheel = write_foreign_wheel(tmp_path, "far")
    metadata = metadata_of("far", "1.0")
    row = index.put_file(wheel, **{"core-metadata": {"sha256": hashlib.sha256(metadata).hexdigest()}})
    index.put_page("far", row)
    index.answers[f"/files/{wheel.name}.metadata"] = index_server.Answer(metadata)
    index.put_page("eggs", row)
    publish(tmp_path / "data", write_foreign_wheel(tmp_path, "eggs"))
    with serving(tmp_path / "data", "--upstream", index.index) as server:
        assert index.asked == [], "nothing is fetched that nobody asked for"
        assert list(server.find("eggs")) == ["eggs-1.0-py3-none-any.whl"]
        assert index.asked == [], "what is local is not asked for elsewhere"
        path = server.find("far")[wheel.name]
        assert server.get(path + ".metadata").body == metadata
        assert server.get(path).body == wheel.read_bytes()
        assert server.get("/simple/unknown/").status == 404
        assert server.read_figures()['zigbuild_recreations_total{kind="upstream"}'] == 1
        (event,) = [line for line in server.read_log() if line["event"] == "recreation"]
        assert event["way"] == "upstream"
    index.answers.clear()
    with serving(tmp_path / "data", "--upstream", "none") as server:
        assert server.get(server.find("far")[wheel.name]).body == wheel.read_bytes()


def test_upstream_that_lies_is_not_passed_on(tmp_path: Path, index: index_server.IndexServer) -> None:
    wheel = write_foreign_wheel(tmp_path, "far")
    index.put_page("far", index.put_file(wheel))
    index.answers[f"/files/{wheel.name}"] = index_server.Answer(wheel.read_bytes()[:-1] + b"x")
    with serving(tmp_path / "data", "--upstream", index.index) as server:
        reply = server.get(server.find("far")[wheel.name])
        assert reply.status == 404
        assert "sha256" in reply.text
        assert server.read_figures()['zigbuild_recreations_total{kind="mismatch"}'] >= 1


def test_upstream_that_hangs_keeps_nobody_else_waiting(tmp_path: Path) -> None:
    publish(tmp_path / "data", write_foreign_wheel(tmp_path))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/simple/"
        with serving(tmp_path / "data", "--upstream", url, environ={"no_proxy": "127.0.0.1"}) as server:

            def ask(number: int, get: Callable[[str], object] = server.get) -> None:
                with suppress(OSError, HTTPException):
                    get(f"/simple/p{number}/")

            for number in range(40):
                threading.Thread(target=ask, args=[number], daemon=True).start()
            time.sleep(0.3)
            began = time.monotonic()
            for path in ("/simple/eggs/", "/", "/projects/eggs/", *server.find("eggs").values()):
                assert server.get(path).status == 200
            assert time.monotonic() - began < 5


NGINX = """\
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port};
{snippet}    }}
}}
"""


@pytest.fixture
def snippet() -> str:
    """Return the part of nginx's configuration that the documentation has."""
    text = (Path(__file__).parents[2] / "docs" / "serving.md").read_text(encoding="utf-8")
    return text.split("```nginx\n", 1)[1].split("```", 1)[0]


@pytest.mark.skipif(not shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin"), reason="nginx is not installed")
def test_nginx_sends_the_files(tmp_path: Path, snippet: str) -> None:
    data = tmp_path / "data"
    wheel = write_foreign_wheel(tmp_path, modules={"big.bin": os.urandom(200_000)})
    file = publish(data, wheel)[wheel.name]
    tmp_path.chmod(0o755)
    with serving(data, "--accel", "/held") as server:
        port = find_port()
        located = snippet.replace("127.0.0.1:8000", f"127.0.0.1:{server.port}").replace("/srv/zigbuild/", f"{data}/")
        (tmp_path / "nginx.conf").write_text(NGINX.format(folder=tmp_path, port=port, snippet=located))
        user = ["-g", "user root;"] if os.getuid() == 0 else []
        nginx = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
        assert nginx
        process = subprocess.Popen([nginx, "-c", tmp_path / "nginx.conf", *user])
        try:
            front = Running(process, port, server.stdout, server.stderr)
            await_ready(front)
            path = server.find("eggs")[file.name]
            whole = front.get(path)
            assert (whole.status, hashlib.sha256(whole.body).hexdigest()) == (200, file.sha256)
            assert whole.headers["content-type"] == "application/zip"
            assert whole.headers["cache-control"] == "public, max-age=31536000, immutable"
            part = front.get(path, range="bytes=10-19")
            assert (part.status, part.body) == (206, whole.body[10:20])
            assert front.get(path, if_none_match=whole.headers["etag"]).status == 304
            assert front.get(path, if_none_match=f'"{file.sha256}"').status == 304
            assert front.get(path, range="bytes=999999999-").status == 416
            for inside in (f"/held/blobs/{file.sha256[:2]}/{file.sha256}", "/held/ledger.key", "/held/../ledger.key"):
                assert front.get(inside).status == 404, "that is nginx's own"
            assert front.get("/simple/eggs/", accept=JSON).status == 200
            assert f"{front.url}/simple/" in front.get("/").text
            bare = server.get(path)
            assert (bare.body, bare.headers["x-accel-redirect"]) == (
                b"",
                f"/held/blobs/{file.sha256[:2]}/{file.sha256}",
            )
            server.get("/simple/far/", x_real_ip="192.0.2.9")
            assert [line["client"] for line in server.read_log() if line["path"] == "/simple/far/"] == ["192.0.2.9"]
        finally:
            process.terminate()
            process.wait()
