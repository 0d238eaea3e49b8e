"""Dropped bytes come back by every way there is: the same ones, made once however many ask, or a reason why not."""

from __future__ import annotations

import concurrent.futures
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from index_server import Answer, IndexServer, serving
from repositories import (
    OFFLINE,
    TARGETS,
    CountingSandbox,
    alter,
    copy_repository,
    drop,
    falsify,
    wait_until,
    zigbuild,
)
from zigbuild_backend.core.base.errors import NotFoundError
from zigbuild_backend.core.fetch.http_client import open_session
from zigbuild_backend.core.fetch.pip_configuration import PipConfiguration
from zigbuild_backend.index.eviction import drop_whole_file
from zigbuild_backend.index.files import File
from zigbuild_backend.index.peers import Peers
from zigbuild_backend.index.recreations import BusyError
from zigbuild_backend.index.recreator import RecreationLimits, Recreator
from zigbuild_backend.index.remote_indexes import RemoteIndexes
from zigbuild_backend.index.repository import Repository
from zigbuild_backend.rebuild.sandbox.command import Sandbox

LINUX, WINDOWS, MACOS = TARGETS
ENVIRON = {**os.environ, **OFFLINE}


@pytest.fixture
def release(example_release: Path) -> Path:
    return example_release


@pytest.fixture
def repository(example_repository: Path, tmp_path: Path) -> Iterator[Repository]:
    copied = copy_repository(tmp_path / "data", example_repository)
    yield copied
    copied.close()


@dataclass
class Told:
    """The events that a recreator reports to its observer: kinds, and kinds with reasons."""

    kinds: list[str] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)

    def observe(self, kind: str, _file: File, _seconds: float, reason: str) -> None:
        self.kinds.append(kind)
        self.reasons.append(reason)


@contextmanager
def recreating(
    repository: Repository, sandbox: Sandbox | None, peers: Peers | None = None, **limits: Any
) -> Iterator[tuple[Recreator, Told]]:
    told = Told()
    recreator = Recreator(repository, sandbox, RemoteIndexes(peers=peers), RecreationLimits(**limits), told.observe)
    try:
        yield recreator, told
    finally:
        recreator.close()


def assert_same(path: Path, release: Path, file: File) -> None:
    assert path.read_bytes() == (release / file.name).read_bytes()


def test_what_is_there_is_given_at_once(repository: Repository, release: Path) -> None:
    with recreating(repository, None) as (recreator, told):
        for file in repository.ledger.all_files():
            assert_same(recreator.obtain(file, 0), release, file)
    assert told.kinds == []


def test_members_are_put_together_without_a_build(repository: Repository, release: Path) -> None:
    wheels = [file for file in repository.ledger.all_files() if file.is_wheel]
    for file in wheels:
        drop_whole_file(repository, file)
        assert repository.presence(file) == "members"
    with recreating(repository, None) as (recreator, told):
        start = time.monotonic()
        for file in wheels:
            assert_same(recreator.obtain(file, 0), release, file)
        assert time.monotonic() - start < 5
    assert told.kinds == ["members"] * 3


def test_wheels_of_a_release_are_rebuilt_in_one_graph(repository: Repository, release: Path, sandbox: Sandbox) -> None:
    wheels = drop(repository)
    gate = threading.Event()
    counting = CountingSandbox(sandbox, gate.wait)
    with recreating(repository, counting, builds=1) as (recreator, told):
        first = recreator.request(wheels[LINUX])
        wait_until(lambda: counting.builds)
        rest = [recreator.request(wheels[target]) for target in (WINDOWS, MACOS)]
        assert recreator.load().under_way == 3
        assert recreator.load().waiting == 2
        assert all(recreator.is_under_way(file.sha256) for file in wheels.values())
        gate.set()
        for target, future in zip((LINUX, WINDOWS, MACOS), [first, *rest], strict=True):
            assert_same(future.result(300), release, wheels[target])
        assert recreator.load().under_way == 0
    assert told.kinds == ["rebuilt"] * 3
    assert counting.builds == 2
    assert all(repository.ledger.usage(file.sha256).rebuild_seconds > 0 for file in wheels.values())


def test_a_hundred_who_ask_for_one_wheel_cause_one_build(
    repository: Repository, release: Path, sandbox: Sandbox
) -> None:
    file = drop(repository)[LINUX]
    counting = CountingSandbox(sandbox)
    with (
        recreating(repository, counting) as (recreator, told),
        concurrent.futures.ThreadPoolExecutor(100) as clients,
    ):
        for path in clients.map(lambda _: recreator.obtain(file, 300), range(100)):
            assert_same(path, release, file)
    assert counting.builds == 1
    assert told.kinds == ["rebuilt"]


PROGRAM = """
import os, sys
from pathlib import Path
from zigbuild_backend.index.repository import open_repository
from zigbuild_backend.index.recreator import RecreationLimits, Recreator
from zigbuild_backend.index.remote_indexes import RemoteIndexes
from zigbuild_backend.rebuild.sandbox.unconfined import Unconfined
repository = open_repository(Path(sys.argv[1]), os.environ)
file = repository.ledger.find(sys.argv[2])
recreator = Recreator(repository, Unconfined(), observe=lambda kind, *_: print(kind, flush=True))
print("ready", flush=True)
sys.stdin.readline()
print(recreator.obtain(file, 300).read_bytes() == Path(sys.argv[3]).read_bytes())
recreator.close()
"""


def test_two_processes_that_want_one_wheel_cause_one_build(repository: Repository, release: Path) -> None:
    file = drop(repository)[LINUX]
    command = [sys.executable, "-c", PROGRAM, repository.folder, file.name, release / file.name]
    environ = {**ENVIRON, "PYTHONPATH": os.pathsep.join(sys.path)}
    children = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environ)
        for _ in range(2)
    ]
    for child in children:
        assert child.stdout
        assert child.stdout.readline() == "ready\n"
    for child in children:
        assert child.stdin
        child.stdin.write("\n")
        child.stdin.flush()
    said = sorted(child.communicate(timeout=300)[0].split() for child in children)
    assert said == [["rebuilt", "True"], ["whole", "True"]]


def test_who_is_impatient_is_told_when_to_ask_again(repository: Repository, release: Path, sandbox: Sandbox) -> None:
    wheels = drop(repository)
    gate = threading.Event()
    with recreating(repository, CountingSandbox(sandbox, gate.wait), under_way=2) as (recreator, told):
        for target in (LINUX, MACOS):
            with pytest.raises(BusyError) as busy:
                recreator.obtain(wheels[target], 0.01)
            assert 1 <= busy.value.retry_after <= 60
        with pytest.raises(BusyError):  # nobody is let in any more
            recreator.obtain(wheels[WINDOWS], 300)
        assert told.kinds == ["busy"]
        gate.set()
        for target in (LINUX, MACOS):  # it went on
            assert_same(recreator.obtain(wheels[target], 300), release, wheels[target])


def test_what_waits_when_all_ends_is_told_to_ask_again(repository: Repository, sandbox: Sandbox) -> None:
    wheels = drop(repository)
    gate = threading.Event()
    counting = CountingSandbox(sandbox, gate.wait)
    with recreating(repository, counting, builds=1) as (recreator, told):
        first = recreator.request(wheels[LINUX])
        wait_until(lambda: counting.builds)
        waiting = recreator.request(wheels[MACOS])
        threading.Timer(0.3, gate.set).start()
    assert first.result(300).is_file()
    with pytest.raises(BusyError):
        waiting.result(300)
    with pytest.raises(BusyError):
        recreator.obtain(wheels[WINDOWS], 300)
    assert sorted(told.kinds) == ["busy", "busy", "rebuilt"]


def assert_refused(repository: Repository, sandbox: Sandbox | None, file: File, *reasons: str) -> None:
    """Assert that the file can't be had for these *reasons*, now and at once later, and that no bytes are kept."""
    counting = CountingSandbox(sandbox) if sandbox else None
    with recreating(repository, counting) as (recreator, told):
        for _ in range(2):
            with pytest.raises(NotFoundError) as error:
                recreator.obtain(file, 300)
            for reason in reasons:
                assert reason in str(error.value)
    assert told.kinds[-1] in ("failed", "mismatch")
    assert counting is None or counting.builds <= 1
    assert not repository.blobs.has(file.sha256)
    assert not list((repository.folder / "quarantine").glob("**/*.whl"))


def test_other_bytes_are_never_given(repository: Repository, sandbox: Sandbox) -> None:
    altered = falsify(repository, drop(repository)[LINUX])
    assert_refused(repository, sandbox, altered, "the rebuild gave other bytes")
    (verdict,) = (verdict for verdict in repository.ledger.verifications(altered.sha256) if not verdict.is_good)
    assert verdict.level == 3
    assert verdict.circumstance["python"]
    assert repository.ledger.level(altered.sha256) < 3


def test_altered_buildinfo(repository: Repository, sandbox: Sandbox) -> None:
    file = drop(repository)[LINUX]
    known = repository.ledger.buildinfo(file.sha256)
    alter(repository, "UPDATE texts SET data = ? WHERE data = ?", known.replace(b'"fast"', b'"safe"'), known)
    assert_refused(repository, sandbox, file, "the buildinfo in the ledger was altered")


def test_altered_row(repository: Repository, sandbox: Sandbox) -> None:
    file = drop(repository)[LINUX]
    alter(repository, "UPDATE files SET requires_python = '>=4' WHERE name = ?", file.name)
    assert_refused(repository, sandbox, file, "altered")


def test_altered_members_are_no_way(repository: Repository, release: Path, sandbox: Sandbox) -> None:
    file = next(file for file in repository.ledger.all_files() if LINUX in file.name)
    drop_whole_file(repository, file)
    for sha256 in repository.members.list():
        place = repository.members.verified_path(sha256)
        assert place
        place.write_bytes(b"x" * place.stat().st_size)
    with recreating(repository, sandbox) as (recreator, told):
        assert_same(recreator.obtain(file, 300), release, file)
    assert told.kinds == ["rebuilt"]


def test_the_sdist_is_gone(repository: Repository, sandbox: Sandbox) -> None:
    file = drop(repository)[LINUX]
    for other in repository.ledger.all_files():
        repository.blobs.remove(other.sha256)
    assert_refused(repository, sandbox, file, "the sdist that wheels of example_c 1.0.0 were built from")


def test_nothing_is_built_without_a_sandbox(repository: Repository) -> None:
    assert_refused(repository, None, drop(repository)[LINUX], "this process rebuilds no wheels")


def test_a_failure_is_remembered_for_a_while(repository: Repository, sandbox: Sandbox, release: Path) -> None:
    file = drop(repository)[LINUX]
    repository.ledger.record_failure(file.sha256, "no luck")
    with recreating(repository, sandbox) as (recreator, _), pytest.raises(NotFoundError, match="no luck"):
        recreator.obtain(file, 300)
    with recreating(repository, sandbox, retry_seconds=0) as (recreator, _):
        assert_same(recreator.obtain(file, 300), release, file)
    assert repository.ledger.failure(file.sha256) is None


@pytest.fixture
def peer(release: Path) -> Iterator[IndexServer]:
    """Another cache that has the release."""
    with serving() as index:
        index.put_page("example-c", *(index.put_file(path) for path in sorted(release.iterdir())))
        yield index


@contextmanager
def asking(*urls: str) -> Iterator[Peers]:
    with open_session(PipConfiguration(index_urls=urls, timeout=5), "to test") as session:
        yield Peers(urls, session)


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")


def test_another_cache_has_it(repository: Repository, release: Path, peer: IndexServer) -> None:
    wheels = drop(repository)
    with (
        asking("http://127.0.0.1:9/simple/", peer.index) as peers,
        recreating(repository, None, peers=peers) as (recreator, told),
    ):
        for file in wheels.values():
            assert_same(recreator.obtain(file, 30), release, file)
    assert told.kinds == ["peer"] * 3
    assert set(told.reasons) == {peer.index}


def test_a_cache_that_lies_is_passed_over(
    repository: Repository, release: Path, peer: IndexServer, sandbox: Sandbox
) -> None:
    wheels = drop(repository)
    for file in wheels.values():
        peer.answers[f"/files/{file.name}"] = Answer((release / file.name).read_bytes()[:-1] + b"x")
    with asking(peer.index) as peers, recreating(repository, sandbox, peers=peers) as (recreator, told):
        for file in wheels.values():
            assert_same(recreator.obtain(file, 300), release, file)
    assert told.kinds == ["mismatch", "rebuilt", "rebuilt", "rebuilt"]
    assert told.reasons[0].startswith(peer.index)
    assert [path for path in peer.asked if path.startswith("/files/")] == [f"/files/{next(iter(wheels.values())).name}"]


def test_a_cache_with_other_bytes_is_no_way(repository: Repository, peer: IndexServer) -> None:
    file = drop(repository)[LINUX]
    peer.put_page("example-c", {"filename": file.name, "url": "x", "hashes": {"sha256": "ab" * 32}})
    with (
        asking(peer.index) as peers,
        recreating(repository, None, peers=peers) as (recreator, _),
        pytest.raises(NotFoundError) as error,
    ):
        recreator.obtain(file, 30)
    assert f"has it with the sha256 {'ab' * 32}; {file.name}: this process rebuilds no wheels" in str(error.value)
    assert [path for path in peer.asked if path.startswith("/files/")] == []


def test_restore_from_the_command_line(repository: Repository, release: Path, peer: IndexServer) -> None:
    softly = next(file for file in repository.ledger.all_files() if MACOS in file.name)
    drop_whole_file(repository, softly)
    wheels = drop(repository, members=False)
    restore = ("cache", "restore", "--data", repository.folder, "--upstream", "none", "--peer", peer.index)
    done = zigbuild(*restore, "--no-isolation", f"*{MACOS}*", f"*{LINUX}*")
    assert done.returncode == 0, done.stderr
    lines = {f"{softly.name}: assembled", f"{wheels[LINUX].name}: downloaded from {peer.index}"}
    assert set(done.stdout.splitlines()) == lines
    for target in (MACOS, LINUX):
        path = repository.blobs.verified_path(wheels[target].sha256)
        assert path
        assert_same(path, release, wheels[target])
    del peer.answers[f"/files/{wheels[WINDOWS].name}"]
    repository.blobs.remove(repository.ledger.find("example_c-1.0.0.tar.gz").sha256)
    done = zigbuild(*restore, "--no-isolation", wheels[WINDOWS].name)
    assert (done.returncode, done.stdout) == (5, "")
    assert "404" in done.stderr
    assert "the sdist that wheels of example_c 1.0.0 were built from is not in the repository" in done.stderr
    assert "Traceback" not in done.stderr
    done = zigbuild("cache", "restore", "--data", repository.folder, "no-such-project")
    assert done.returncode == 5
    assert "matches no project and no file of the repository" in done.stderr
    done = zigbuild("cache", "restore", "--data", repository.folder, f"*{LINUX}*")
    assert (done.returncode, done.stdout) == (0, "")
    assert "nothing to do" in done.stderr
