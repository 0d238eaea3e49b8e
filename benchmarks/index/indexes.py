"""The indexes that are compared: how each is installed, filled and started, as its documentation has it."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from corpus import Wheel, write_folders, write_static_index
from devpi import fill as fill_devpi

HERE = Path(__file__).parent
STARTING_SECONDS = 120


@dataclass(frozen=True)
class Place:
    """What a server is given: the wheels, a *folder* of its own, the *programs* of its environment and its *port*."""

    wheels: list[Wheel]
    folder: Path
    programs: Path
    port: int
    upstream: str
    """The static index, for those that only pass on what another one has."""


@dataclass(frozen=True)
class Started:
    """A running server: the address of its simple pages, and the processes that were started for it."""

    simple: str
    processes: tuple[subprocess.Popen[bytes], ...]


def find_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def start_process(
    command: list[str | Path], folder: Path, environ: Mapping[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """Starts *command*; what it says goes to a file in *folder*."""
    with (folder / "log.txt").open("ab") as log:
        return subprocess.Popen(
            [str(part) for part in command],
            cwd=folder,
            env=os.environ | dict(environ or {}),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )


def wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    """Waits until *url* is answered."""
    deadline = time.monotonic() + STARTING_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.1)
    sys.exit(f"{process.args} does not answer: see the log beside its data")


def start(place: Place, command: list[str | Path], simple: str, environ: Mapping[str, str] | None = None) -> Started:
    process = start_process(command, place.folder, environ)
    url = f"http://127.0.0.1:{place.port}{simple}"
    wait_for(url, process)
    return Started(url, (process,))


def start_ours(place: Place) -> Started:
    return _start_ours(place, place.port, [])


def _start_ours(place: Place, port: int, options: list[str]) -> Started:
    zigbuild: list[str | Path] = [sys.executable, "-m", "zigbuild_backend"]
    data = place.folder / "data"
    if not data.exists():
        add = [*zigbuild, "cache", "add", place.wheels[0].path.parent, "--data", data]
        subprocess.run(add, check=True, stdout=subprocess.DEVNULL)
    command = [*zigbuild, "serve", "--data", data, "--port", str(port), "--upstream", "none", *options]
    process = start_process(command, place.folder)
    url = f"http://127.0.0.1:{port}/simple/"
    wait_for(url, process)
    return Started(url, (process,))


def start_ours_behind_nginx(place: Place) -> Started:
    """nginx asks for every request, and is told which file to send."""
    return _start_behind_nginx(
        place, ["--accel", "/held"], f"location /held/ {{ internal; alias {place.folder}/data/; }}"
    )


def start_ours_behind_cache(place: Place) -> Started:
    """nginx keeps what it may, by the headers of the responses."""
    keep = f"proxy_cache_path {place.folder}/cache keys_zone=cache:10m max_size=1g use_temp_path=off;"
    return _start_behind_nginx(place, [], "proxy_cache cache; proxy_cache_lock on;", keep)


def _start_behind_nginx(place: Place, options: list[str], beside: str, keep: str = "") -> Started:
    port = find_port()
    ours = _start_ours(place, port, options)
    locations = f"""
        {beside}
        location / {{
            proxy_pass http://ours;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header Host $http_host;
        }}
    """
    nginx = _start_nginx(place, locations, f"upstream ours {{ server 127.0.0.1:{port}; keepalive 32; }} {keep}")
    return Started(nginx.simple, (*ours.processes, *nginx.processes))


def start_nginx(place: Place) -> Started:
    root = place.folder / "www"
    write_static_index(place.wheels, root)
    locations = f"""
        root {root};
        location /simple/ {{ index $page; }}
    """
    pages = 'map $http_accept $page { default index.html; "~application/vnd.pypi.simple.v1\\+json" index.json; }'
    return _start_nginx(place, locations, pages)


def _start_nginx(place: Place, locations: str, beside: str) -> Started:
    """One worker a core, as distributions have it; no log of requests, and files by sendfile."""
    (place.folder / "nginx.conf").write_text(f"""
        daemon off;
        worker_processes auto;
        pid {place.folder}/nginx.pid;
        error_log {place.folder}/error.log;
        events {{ worker_connections 1024; }}
        http {{
            access_log off;
            sendfile on;
            tcp_nopush on;
            keepalive_requests 100000000;
            open_file_cache max=10000;
            types {{ text/html html; application/vnd.pypi.simple.v1+json json; }}
            default_type application/octet-stream;
            client_body_temp_path {place.folder}/body;
            proxy_temp_path {place.folder}/proxy;
            fastcgi_temp_path {place.folder}/fastcgi;
            uwsgi_temp_path {place.folder}/uwsgi;
            scgi_temp_path {place.folder}/scgi;
            {beside}
            server {{
                listen 127.0.0.1:{place.port};
                {locations}
            }}
        }}
    """)
    return start(place, ["nginx", "-p", place.folder, "-c", place.folder / "nginx.conf"], "/simple/")


def start_devpi(place: Place) -> Started:
    server = place.folder / "server"
    subprocess.run(
        [place.programs / "devpi-init", "--serverdir", server, "--no-root-pypi"],
        check=True,
        cwd=place.folder,
        capture_output=True,
    )
    command: list[str | Path] = [place.programs / "devpi-server", "--serverdir", server, "--host", "127.0.0.1"]
    started = start(place, [*command, "--port", str(place.port), "--enable-core-metadata"], "/")
    fill_devpi(started.simple, place.wheels)
    return Started(f"{started.simple}bench/dev/+simple/", started.processes)


def start_proxpi(place: Place) -> Started:
    environ = {"PROXPI_INDEX_URL": place.upstream, "PROXPI_CACHE_DIR": str(place.folder / "cache")}
    environ |= {"PROXPI_DOWNLOAD_TIMEOUT": "60", "PROXPI_INDEX_TTL": "1000000"}
    command: list[str | Path] = [place.programs / "gunicorn", "--threads", "8", "--bind", f"127.0.0.1:{place.port}"]
    return start(place, [*command, "proxpi.server:app"], "/index/", environ)


def start_pypiserver(place: Place) -> Started:
    # "auto" takes the first server that is installed, which is waitress.
    packages = place.folder / "packages"
    write_folders(place.wheels, packages)
    command: list[str | Path] = [
        place.programs / "pypi-server",
        "run",
        "--host",
        "127.0.0.1",
        "--port",
        str(place.port),
    ]
    options = ["--server", "auto", "--backend", "cached-dir", "--hash-algo", "sha256", "--disable-fallback"]
    return start(place, [*command, *options, packages], "/simple/")


def start_simple_repository(place: Place) -> Started:
    packages = place.folder / "packages"
    write_folders(place.wheels, packages)
    command: list[str | Path] = [place.programs / "simple-repository-server", "--host", "127.0.0.1"]
    return start(place, [*command, "--port", str(place.port), "--stream-http-resources", packages], "/simple/")


@dataclass(frozen=True)
class Server:
    """An index, what is installed for it, and how it starts."""

    name: str
    start: Callable[[Place], Started]
    requires: tuple[str, ...] = ()


SERVERS = (
    Server("nginx, static files", start_nginx),
    Server("zigbuild serve", start_ours),
    Server("zigbuild serve, behind nginx", start_ours_behind_nginx),
    Server("zigbuild serve, behind nginx that caches", start_ours_behind_cache),
    Server("proxpi", start_proxpi, ("proxpi", "gunicorn")),
    Server("devpi-server", start_devpi, ("devpi-server",)),
    Server("simple-repository-server", start_simple_repository, ("simple-repository-server",)),
    Server("pypiserver", start_pypiserver, ("pypiserver[cache]", "waitress")),
)
"""The static one is first: others pass on what it has."""


def install(server: Server, folder: Path) -> Path:
    """The folder of programs of an environment with what *server* needs."""
    programs = folder / "bin"
    if server.requires and not (folder / "done").exists():
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        constraints = [
            line.split("[")[0] + line.partition("]")[2] for line in (HERE / "requirements.txt").read_text().split()
        ]
        (folder / "constraints.txt").write_text("\n".join(line for line in constraints if "==" in line))
        pip = [programs / "python", "-m", "pip", "install", "-q", "-c", folder / "constraints.txt"]
        subprocess.run([*pip, *server.requires], check=True, stderr=subprocess.DEVNULL)
        (folder / "done").touch()
    return programs


def stop(started: Started) -> None:
    """Ends the processes of *started*, which end their own children."""
    for process in reversed(started.processes):
        process.terminate()
    for process in started.processes:
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def read_peak(started: Started) -> int:
    """The most memory (bytes) that the processes of *started* and all that they started have had, as one sum."""
    children: dict[int, list[int]] = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            parent = int(status.read_text().rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(int(status.parent.name))
    waiting, total = [process.pid for process in started.processes], 0
    while waiting:
        pid = waiting.pop()
        waiting += children.get(pid, [])
        with contextlib.suppress(OSError):
            lines = Path(f"/proc/{pid}/status").read_text().splitlines()
            total += sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))
    return total
