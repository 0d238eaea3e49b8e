"""Measures `zigbuild serve` beside other indexes, in one run on this machine, with wrk.

    python benchmarks/index/run.py [--rounds N] [--seconds S] [--only NAME]... [--folder DIR] [--json FILE]

All servers run at once and are asked in turn, so that what the machine does meanwhile meets all of them. Before that,
what each serves is compared with what it was given. Needs Linux, nginx and wrk, and `pip install -e '.[server]'`.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import urllib.error
import urllib.parse
import urllib.request
from contextlib import ExitStack
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from corpus import WHEELS, Wheel, make_wheels
from indexes import SERVERS, Place, Server, Started, find_port, install, read_peak, stop

JSON = "application/vnd.pypi.simple.v1+json"
HTML = "text/html"
KINDS = {"json": "JSON pages", "html": "HTML pages", "metadata": ".metadata", "wheel": "wheels, 50 KB"}
OURS = "zigbuild serve"

SCRIPT = """\
local requests, turn = {}, 0
function init()
   for path in io.lines("PATHS") do requests[#requests + 1] = wrk.format("GET", path, HEADERS) end
end
function request()
   turn = turn % #requests + 1
   return requests[turn]
end
"""
"""Each connection asks for all paths, one after the other."""


@dataclass(frozen=True)
class Run:
    """What one run of wrk saw: responses a second, and latencies in milliseconds."""

    rate: float
    median: float
    worst: float
    """What one of a hundred took or more."""


class Links(HTMLParser):
    """The addresses on a page, by the name that is shown."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, str] = {}
        self._address = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self._address = dict(attrs).get("href") or ""

    def handle_data(self, data: str) -> None:
        if self._address and data.strip():
            self.found[data.strip()] = self._address
            self._address = ""


def read(url: str, accept: str = "*/*") -> tuple[str, bytes]:
    """The content type and the body that *url* answers with."""
    request = urllib.request.Request(url, headers={"Accept": accept})
    with urllib.request.urlopen(request, timeout=60) as response:
        return response.headers.get_content_type(), response.read()


def find_addresses(started: Started, wheels: list[Wheel]) -> dict[str, list[str]]:
    """What is asked for, by kind, after a look at all of it; a kind that the server does not have is missing."""
    pages = {wheel.project: f"{started.simple}{wheel.project}/" for wheel in wheels}
    found: dict[str, list[str]] = {"html": list(pages.values())}
    addresses: dict[str, str] = {}
    for page in pages.values():
        content_type, body = read(page, HTML)
        links = Links()
        links.feed(body.decode())
        assert content_type == HTML and len(links.found) == WHEELS, f"{page} lists {len(links.found)} files"
        addresses |= {name: urllib.parse.urljoin(page, url).partition("#")[0] for name, url in links.found.items()}
    content_type, body = read(next(iter(pages.values())), JSON)
    if content_type == JSON:
        found["json"] = list(pages.values())
        assert all(len(json.loads(read(page, JSON)[1])["files"]) == WHEELS for page in pages.values())
    for wheel in wheels:
        assert hashlib.sha256(read(addresses[wheel.path.name])[1]).hexdigest() == wheel.sha256, wheel.path.name
    found["wheel"] = [addresses[wheel.path.name] for wheel in wheels]
    try:
        bodies = [read(f"{addresses[wheel.path.name]}.metadata")[1] for wheel in wheels]
    except urllib.error.HTTPError:
        return found
    if bodies == [wheel.metadata for wheel in wheels]:
        found["metadata"] = [f"{url}.metadata" for url in found["wheel"]]
    return found


def run_wrk(kind: str, urls: list[str], seconds: int, folder: Path) -> Run:
    """Asks for *urls* with 16 connections; the script and the list of paths are written into *folder*."""
    paths, script = folder / "paths.txt", folder / "ask.lua"
    paths.write_text("".join(f"{urllib.parse.urlsplit(url).path}\n" for url in urls))
    headers = f'{{ ["Accept"] = "{JSON if kind == "json" else HTML if kind == "html" else "*/*"}" }}'
    script.write_text(SCRIPT.replace("PATHS", str(paths)).replace("HEADERS", headers))
    root = "{0.scheme}://{0.netloc}/".format(urllib.parse.urlsplit(urls[0]))
    command = ["wrk", "-t1", "-c16", f"-d{seconds}s", "--timeout", "30s", "--latency", "-s", str(script), root]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    failures = re.search(r"Non-2xx.*|Socket errors.*", said)
    if failures:
        sys.exit(f"{urls[0]}: {failures[0]}")
    rate = re.search(r"Requests/sec: +([\d.]+)", said)
    latencies = {share: read_latency(value) for share, value in re.findall(r"^ +(\d\d)% +(\S+) *$", said, re.MULTILINE)}
    assert rate, said
    return Run(float(rate[1]), latencies["50"], latencies["99"])


def read_latency(text: str) -> float:
    """A latency as wrk writes it, in milliseconds."""
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s|m)", text).groups()  # type: ignore[union-attr]
    return float(number) * {"us": 0.001, "ms": 1, "s": 1_000, "m": 60_000}[unit]


def measure(
    servers: dict[str, dict[str, list[str]]], rounds: int, seconds: int, folder: Path
) -> dict[str, dict[str, list[Run]]]:
    """The runs by server and kind, after one round of a second that is not counted."""
    runs: dict[str, dict[str, list[Run]]] = {name: {kind: [] for kind in kinds} for name, kinds in servers.items()}
    for number in range(rounds + 1):
        for kind in KINDS:
            for name, kinds in servers.items():
                if kind in kinds:
                    run = run_wrk(kind, kinds[kind], seconds if number else 1, folder)
                    if number:
                        runs[name][kind].append(run)
        print(f"round {number} of {rounds}", file=sys.stderr)
    return runs


def show(runs: dict[str, dict[str, list[Run]]], peaks: dict[str, int]) -> None:
    """Prints the tables: medians, what ours is to each, and latencies."""
    medians = {
        name: {kind: statistics.median(run.rate for run in each) for kind, each in kinds.items()}
        for name, kinds in runs.items()
    }
    print_row("responses a second", *KINDS.values(), "peak memory, MB")
    print_row(*["---"] * 6)
    for name, rates in medians.items():
        print_row(
            name, *(f"{rates[kind]:,.0f}" if kind in rates else "–" for kind in KINDS), f"{peaks[name] / 1e6:.0f}"
        )
    if OURS in medians:
        print()
        print_row(f"{OURS} is to", *KINDS.values())
        print_row(*["---"] * 5)
        for name, rates in medians.items():
            ratios = (f"{medians[OURS][kind] / rates[kind]:.2f}" if kind in rates else "–" for kind in KINDS)
            print_row(name, *ratios)
    print()
    print_row("latency in ms: half, 99 of 100", *KINDS.values())
    print_row(*["---"] * 5)
    for name, kinds in runs.items():
        print_row(name, *(show_latency(kinds[kind]) if kind in kinds else "–" for kind in KINDS))


def show_latency(runs: list[Run]) -> str:
    return f"{statistics.median(run.median for run in runs):.1f}, {statistics.median(run.worst for run in runs):.1f}"


def print_row(*cells: str) -> None:
    print(f"| {' | '.join(cells)} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-n", "--rounds", type=int, default=5)
    parser.add_argument("-s", "--seconds", type=int, default=5, help="how long each run of wrk takes (default: 5)")
    parser.add_argument("--only", action="append", choices=[server.name for server in SERVERS])
    parser.add_argument("--folder", type=Path, help="where environments are kept for the next run (default: nowhere)")
    parser.add_argument("--json", type=Path, help="a file that gets every run")
    arguments = parser.parse_args()
    missing = [program for program in ("wrk", "nginx") if not shutil.which(program)]
    if missing:
        sys.exit(f"needs {' and '.join(missing)}")
    chosen = [server for server in SERVERS if not arguments.only or server.name in (*arguments.only, SERVERS[0].name)]
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.chmod(0o755)  # nginx's workers read from it
        environments = arguments.folder or folder / "environments"
        wheels = make_wheels(folder / "wheels")
        started: dict[str, Started] = {}
        for number, server in enumerate(chosen):
            programs = install(server, environments.resolve() / server.name)
            started[server.name] = start_server(server, wheels, folder / str(number), programs, started)
            stack.callback(stop, started[server.name])
            print(f"{server.name}: {started[server.name].simple}", file=sys.stderr)
        addresses = {name: find_addresses(each, wheels) for name, each in started.items()}
        runs = measure(addresses, arguments.rounds, arguments.seconds, folder)
        peaks = {name: read_peak(each) for name, each in started.items()}
    show(runs, peaks)
    if arguments.json:
        plain = {
            name: {kind: [vars(run) for run in each] for kind, each in kinds.items()} for name, kinds in runs.items()
        }
        arguments.json.write_text(json.dumps({"runs": plain, "peaks": peaks}, indent=1))


def start_server(
    server: Server, wheels: list[Wheel], folder: Path, programs: Path, started: dict[str, Started]
) -> Started:
    folder.mkdir()
    upstream = started[SERVERS[0].name].simple if started else ""
    return server.start(Place(wheels, folder, programs, find_port(), upstream))


if __name__ == "__main__":
    main()
