"""The index is killed again and again while clients ask it for everything and others add, drop and restore files.

Whatever was answered in full is right, nothing that was recorded is lost, and what was half done leaves nothing behind.
By default that is done 20 times, with ``ZIGBUILD_WHOLE_MATRIX`` set 200 times.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from loads import Release, digest, drop_altogether, find_leftovers, find_processes
from repositories import OFFLINE, TARGETS, wait_until
from servers import JSON, find_port, get, opened, serving
from wheels import metadata_of, write_foreign_wheel
from zigbuild_backend.index.ledger import Ledger
from zigbuild_backend.rebuild.sandbox.bubblewrap import end_orphaned_sandboxes, find_sandbox

if os.name != "posix":
    pytest.skip("the sandbox is Linux's", allow_module_level=True)
ROUNDS = 200 if os.environ.get("ZIGBUILD_WHOLE_MATRIX") else 20
CLIENTS = 6
SEED = 20
MOMENTS = (0.3, 0.6, 1, 4)
"""Seconds within which the server is killed: most rebuilds are under way then, and some are done."""

AN_HOUR = 3600


@dataclass
class World:
    """The repository in ``data``, what is recorded there (sha256 by name), and all that went wrong so far.

    ``dropped`` are the wheels that come and go; programs are run with ``environ``, so that they start fast.
    """

    data: Path
    release: Path
    port: int
    dropped: tuple[str, ...]
    recorded: dict[str, str]
    metadata: dict[str, bytes]
    environ: dict[str, str]
    faults: list[str] = field(default_factory=list)
    seen: Counter[str] = field(default_factory=Counter)
    is_over: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def ask(world: World, chance: random.Random) -> None:
    """Ask for something, and look at what came, if all of it did."""
    name = chance.choice(world.dropped)
    path = f"/files/{world.recorded[name]}/{name}"
    kind = chance.choices(("wheel", "part", "metadata", "page", "people"), (6, 1, 1, 2, 1))[0]
    if kind == "part":
        reply = get(world.url + path, range="bytes=0-99")
        expected = reply.status == 206 and reply.body == (world.release / name).read_bytes()[:100]
    elif kind == "metadata":
        reply = get(f"{world.url}{path}.metadata")
        expected = reply.body == world.metadata[name]
    elif kind == "page":
        recorded = dict(world.recorded)
        reply = get(f"{world.url}/simple/example-c/", accept=JSON)
        expected = reply.status == 200 and is_page_right(reply.body, recorded)
    elif kind == "people":
        reply = get(f"{world.url}/projects/example-c/")
        expected = name in reply.text
    else:
        reply = get(world.url + path)
        expected = digest(reply.body) == world.recorded[name]
    world.seen[f"{kind} {reply.status}"] += 1
    if reply.status == 503 and "retry-after" in reply.headers:
        return
    if reply.status not in (200, 206) or not expected:
        world.faults.append(f"{kind} {name}: {reply.status} {reply.body[:300]!r}")


def is_page_right(body: bytes, recorded: Mapping[str, str]) -> bool:
    page = {file["filename"]: file["hashes"]["sha256"] for file in json.loads(body)["files"]}
    return page.items() >= {(name, sha256) for name, sha256 in recorded.items() if name.startswith("example_c-")}


def run_client(world: World, seed: int) -> None:
    chance = random.Random(seed)
    while not world.is_over.is_set():
        try:
            ask(world, chance)
        except (OSError, http.client.HTTPException):
            time.sleep(0.05)  # the server is gone, and with it the answer


@dataclass
class Tender:
    """Commands that add, drop and restore files, one after the other; the one at work may be killed."""

    world: World
    folder: Path
    running: subprocess.Popen[str] | None = None
    is_killed: bool = False

    def run(self) -> None:
        chance = random.Random(SEED)
        number = 0
        while not self.world.is_over.is_set():
            some = chance.sample(self.world.dropped, 2)
            kind = chance.choice(("add", "add new", "evict", "purge", "purge", "restore"))
            if kind == "add new":
                wheel = write_foreign_wheel(self.folder, f"late{number}")
                number += 1
                if self._zigbuild(kind, "add", wheel):
                    self.world.recorded[wheel.name] = digest(wheel.read_bytes())
                    self.world.metadata[wheel.name] = metadata_of(f"late{number - 1}", "1.0")
            elif kind == "add":
                self._zigbuild(kind, "add", *(self.world.release / name for name in some))
            elif kind == "restore":
                self._zigbuild(kind, "restore", "--upstream", "none", *some)
            else:
                self._zigbuild(kind, "evict", *(["--purge"] if kind == "purge" else []), *self.world.dropped)

    def _zigbuild(self, kind: str, command: str, *arguments: str | Path) -> bool:
        """Run a command; return whether it did what it should."""
        line = [sys.executable, "-m", "zigbuild_backend", "cache", command, "--data", self.world.data, *arguments]
        self.is_killed = False
        self.running = subprocess.Popen(
            list(map(str, line)),
            env=self.world.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        said, _ = self.running.communicate()
        code = self.running.returncode
        self.world.seen[f"{kind} {code}"] += 1
        self.world.seen["restored by a rebuild"] += said.count(": rebuilt")
        if code and not (code == -signal.SIGKILL and self.is_killed):
            self.world.faults.append(f"{kind}: {code} {said[-1000:]}")
        return code == 0

    def kill(self) -> None:
        if self.running and self.running.poll() is None:
            self.is_killed = True
            self.running.kill()


@pytest.fixture
def world(release: Release, tmp_path: Path) -> World:
    """Return a copy of the release, of which a few wheels come and go, after they were built there once."""
    data = Path(shutil.copytree(release.data, tmp_path / "data", symlinks=True))
    names = tuple(name for target in TARGETS for name in sorted(release.hashes) if name.endswith(f"-{target}.whl"))
    drop_altogether(data, *names)
    with serving(data, "--patience", "300") as server:
        for name in names:
            assert server.get(f"/files/{release.hashes[name]}/{name}").status == 200
    with opened(data) as repository:
        files = repository.ledger.all_files()
        metadata = {file.name: repository.ledger.metadata(file.sha256) for file in files}
    recorded = {file.name: file.sha256 for file in files}
    environ = {**os.environ, **OFFLINE, "PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(tmp_path / "pyc")}
    return World(data, release.folder, find_port(), names, recorded, metadata, environ)


@contextmanager
def under_load(world: World, tender: Tender) -> Iterator[None]:
    """While the context lasts, clients ask and the *tender* works."""
    calls: list[Callable[[], None]] = [tender.run]
    calls += [lambda seed=seed: run_client(world, seed) for seed in range(CLIENTS)]
    threads = [threading.Thread(target=call, daemon=True) for call in calls]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        world.is_over.set()
        for thread in threads:
            thread.join(60)


def is_ready(world: World) -> bool:
    with suppress(OSError, http.client.HTTPException):
        return get(f"{world.url}/health").status == 200
    return False


def check_ledger(world: World, names: list[str]) -> None:
    """Assert that everything that was recorded is there, and of *names* all that belongs to them, too."""
    recorded = dict(world.recorded)
    with closing(Ledger(world.data / "ledger.sqlite", world.data / "ledger.key")) as ledger:
        assert {file.name: file.sha256 for file in ledger.all_files()}.items() >= recorded.items()
        assert ledger.altered() == ()
        for name in names:
            assert ledger.metadata(recorded[name]) == world.metadata[name]
            if name in world.dropped:
                assert any(verdict.level == 4 and verdict.is_good for verdict in ledger.verifications(recorded[name]))
                assert ledger.level(recorded[name]) == 4
                assert ledger.buildinfo(recorded[name])


def test_killed_at_random_moments(world: World, tmp_path: Path) -> None:
    chance = random.Random(SEED)
    (tmp_path / "late").mkdir()
    tender = Tender(world, tmp_path / "late")
    command = [sys.executable, "-m", "zigbuild_backend", "serve", "--data", world.data, "--port", world.port]
    command += ["--upstream", "none", "--patience", "60"]
    began = time.monotonic()
    with ExitStack() as stack:
        log, said = (stack.enter_context((tmp_path / name).open("ab")) for name in ("log", "said"))
        stack.enter_context(under_load(world, tender))
        for number in range(ROUNDS):
            server = subprocess.Popen(list(map(str, command)), stdout=log, stderr=said, env=world.environ)
            stack.callback(server.kill)
            if chance.random() < 0.9:
                wait_until(lambda server=server: is_ready(world) or server.poll() is not None)
            time.sleep(chance.uniform(0, chance.choice(MOMENTS)))
            assert server.poll() is None, (tmp_path / "said").read_text()
            server.kill()
            if chance.random() < 0.3:
                tender.kill()
            assert server.wait() == -signal.SIGKILL
            check_ledger(world, chance.sample(sorted(world.metadata), 3))
            assert not world.faults, (number, world.faults)
    seconds = time.monotonic() - began
    lines = [line for line in (tmp_path / "log").read_bytes().split(b"\n") if b'"event": "recreation"' in line]
    ways = Counter(line.split(b'"way": "')[1].split(b'"')[0].decode() for line in lines if b'"way": "' in line)
    print(f"{ROUNDS} rounds in {seconds:.0f} s: {sorted(world.seen.items())}; recreations {dict(ways)}")
    print(f"left behind: {[str(path.relative_to(world.data)) for path in find_leftovers(world.data)]}")
    assert ways["members"]
    assert ways["rebuilt"] + world.seen["restored by a rebuild"]
    assert not {"mismatch", "failed"} & ways.keys()
    assert b'"event": "bug"' not in (tmp_path / "log").read_bytes()
    assert "Traceback" not in (tmp_path / "said").read_text()

    for path in find_leftovers(world.data):
        os.utime(path, (time.time() - AN_HOUR,) * 2)
    with serving(world.data, "--patience", "300") as running:
        check_ledger(world, sorted(world.metadata))
        drop_altogether(world.data, *world.dropped)
        for name in world.dropped:
            reply = running.get(f"/files/{world.recorded[name]}/{name}")
            assert (reply.status, digest(reply.body)) == (200, world.recorded[name])
        assert running.stop() == 0
    assert not find_leftovers(world.data)
    wait_until(lambda: not find_processes(world.data), 10)


def test_sandbox_whose_maker_is_killed_while_it_makes_it(tmp_path: Path) -> None:
    """bubblewrap waits for a process of its own that has gone, since nobody could be told of it."""
    reader, writer = os.pipe()
    os.close(reader)
    options = ("--unshare-all", "--ro-bind", "/", "/", "--chdir", tmp_path, "--json-status-fd", str(writer))
    subprocess.run([find_sandbox(os.environ).program, *options, "true"], pass_fds=[writer], timeout=60)
    os.close(writer)
    assert find_processes(tmp_path)
    end_orphaned_sandboxes(tmp_path / "another")
    assert find_processes(tmp_path)
    end_orphaned_sandboxes(tmp_path)
    wait_until(lambda: not find_processes(tmp_path), 10)
