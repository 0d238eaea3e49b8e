"""Dropped wheels that many ask for at once: each is made once, all that can be in one go, and everybody is served."""

from __future__ import annotations

import os
import random
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from loads import CountedBuilds, Release, count_ways, digest, drop_altogether
from servers import serving

if os.name != "posix":
    pytest.skip("the sandbox is Linux's", allow_module_level=True)
PATIENT = ("--patience", "300")


@pytest.fixture
def data(release: Release, tmp_path: Path) -> Path:
    """Return a repository with the release, of which nothing was compiled yet."""
    return Path(shutil.copytree(release.data, tmp_path / "data", symlinks=True))


def test_a_hundred_clients_and_one_build(release: Release, data: Path, tmp_path: Path) -> None:
    name, sha256 = min(release.hashes.items())
    drop_altogether(data, name)
    builds = CountedBuilds(tmp_path)
    with serving(data, *PATIENT, environ=builds.environ) as server:
        path = server.find("example-c")[name]
        with ThreadPoolExecutor(100) as clients:
            replies = list(clients.map(lambda _: server.get(path), range(100)))
        assert {(reply.status, digest(reply.body)) for reply in replies} == {(200, sha256)}
        ways = count_ways(server)
        assert ways.pop("rebuilt") == {name: 1}
        assert ways.keys() <= {"whole"}, "who asked in the very moment when it was done"
        figures = server.read_figures()
        assert figures['zigbuild_recreations_total{kind="rebuilt"}'] == 1
        assert figures['zigbuild_requests_total{route="file",status="200"}'] == 100
        assert figures["zigbuild_hits_total"] + figures["zigbuild_misses_total"] == 100
        assert figures["zigbuild_recreating_files"] == figures["zigbuild_waiting_requests"] == 0
    assert len(builds) == 1


def test_many_wheels_in_random_order(release: Release, data: Path, tmp_path: Path) -> None:
    drop_altogether(data, *release.hashes)
    builds = CountedBuilds(tmp_path)
    with serving(data, *PATIENT, environ=builds.environ) as server:
        paths = {name: path for name, path in server.find("example-c").items() if name in release.hashes}
        assert paths.keys() == release.hashes.keys()

        def ask(seed: int) -> dict[str, tuple[int, str]]:
            names = sorted(paths)
            random.Random(seed).shuffle(names)
            replies = {name: server.get(paths[name]) for name in names}
            return {name: (reply.status, digest(reply.body)) for name, reply in replies.items()}

        with ThreadPoolExecutor(20) as clients:
            answers = list(clients.map(ask, range(20)))
        expected = {name: (200, sha256) for name, sha256 in release.hashes.items()}
        assert all(answer == expected for answer in answers)
        ways = count_ways(server)
        assert ways.pop("rebuilt") == dict.fromkeys(release.hashes, 1)
        assert ways.keys() <= {"whole"}, "who asked in the very moment when it was done"
        assert server.read_figures()['zigbuild_recreations_total{kind="rebuilt"}'] == len(release.hashes)
    assert 1 <= len(builds) <= len(release.hashes) // 2, "those that wait are made in one graph"
