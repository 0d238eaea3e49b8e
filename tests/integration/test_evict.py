"""Bytes are only dropped when they were seen to come back, and what is dropped does come back."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from repositories import OFFLINE, TARGETS, CountingSandbox, copy_repository, drop, falsify, zigbuild
from wheels import write_foreign_wheel
from zigbuild_backend.core.base.errors import NotFoundError
from zigbuild_backend.core.base.store import hold_lock
from zigbuild_backend.index.adding_files import add_files
from zigbuild_backend.index.disk_space import measure_held
from zigbuild_backend.index.eviction import EvictionReport, drop_whole_file, evict, remove_unused_members
from zigbuild_backend.index.files import File, Verification
from zigbuild_backend.index.ledger_history import render_now
from zigbuild_backend.index.proof import prove_wheels
from zigbuild_backend.index.rebuilder import Rebuilder
from zigbuild_backend.index.recreator import Recreator
from zigbuild_backend.index.repository import Repository, open_repository
from zigbuild_backend.rebuild.build_variations import contrasting_variations
from zigbuild_backend.rebuild.sandbox.command import Sandbox

LINUX, WINDOWS, MACOS = TARGETS
ENVIRON = {**os.environ, **OFFLINE}
ISOLATION = [] if shutil.which("bwrap") else ["--no-isolation"]


@pytest.fixture
def unproven(example_repository: Path, tmp_path: Path) -> Iterator[Repository]:
    copied = copy_repository(tmp_path / "data", example_repository)
    yield copied
    copied.close()


@pytest.fixture(scope="module")
def proven(example_repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a repository in which a wheel was proven by the command line, and the others count as proven like it."""
    folder = tmp_path_factory.mktemp("proven") / "data"
    copied = copy_repository(folder, example_repository)
    proven = wheels_of(copied)[LINUX]
    done = zigbuild("cache", "prove", "--data", folder, "--json", proven.name, *ISOLATION)
    assert done.returncode == 0, done.stderr
    (row,) = json.loads(done.stdout)["wheels"]
    told = {"file": proven.name, "sha256": proven.sha256, "same": True, "level": 4, "explanation": "", "problems": []}
    assert row == told
    assert done.stderr.count(f"{proven.name}: identical (") == 2
    assert "1 of 1 wheel proven to be rebuildable" in done.stderr
    verdict = copied.ledger.verifications(proven.sha256)[-1]
    for file in wheels_of(copied).values():
        copied.ledger.record_verification(replace(verdict, sha256=file.sha256))
    copied.close()
    return folder


@pytest.fixture
def repository(proven: Path, tmp_path: Path) -> Iterator[Repository]:
    copied = copy_repository(tmp_path / "data", proven)
    yield copied
    copied.close()


def wheels_of(repository: Repository) -> dict[str, File]:
    return {file.name.rpartition("-")[2][:-4]: file for file in repository.ledger.all_files() if file.is_wheel}


def presences(repository: Repository) -> dict[str, str]:
    return {target: repository.presence(file) for target, file in wheels_of(repository).items()}


def assert_comes_back(repository: Repository, sandbox: Sandbox | None, release: Path) -> None:
    recreator = Recreator(repository, sandbox)
    try:
        for future, file in [(recreator.request(file), file) for file in repository.ledger.all_files()]:
            assert future.result(300).read_bytes() == (release / file.name).read_bytes()
    finally:
        recreator.close()


def drop_all(repository: Repository, *, is_purge: bool = False, wanted: int | None = None) -> EvictionReport:
    return evict(repository, repository.ledger.all_files(), is_purge=is_purge, wanted=wanted)


def test_what_was_not_proven_stays(unproven: Repository) -> None:
    done = zigbuild("cache", "evict", "--data", unproven.folder)
    assert done.returncode == 2
    assert "3 wheels: was not proven to be rebuildable: it has reached level 1, RECORD and archive agree" in done.stderr
    assert "hint: zigbuild cache prove\n" in done.stderr
    assert done.stdout.startswith("0 wheels dropped")
    file = wheels_of(unproven)[LINUX]
    done = zigbuild("cache", "evict", "--purge", "--data", unproven.folder, file.name)
    assert done.returncode == 2
    assert f"hint: zigbuild cache prove {file.name}\n" in done.stderr
    assert set(presences(unproven).values()) == {"whole"}


def test_a_proof_tells_of_both_variations(repository: Repository) -> None:
    file = wheels_of(repository)[LINUX]
    verdict = next(verdict for verdict in repository.ledger.verifications(file.sha256) if verdict.level == 4)
    one, other = verdict.circumstance["same"]
    assert verdict.is_good
    assert {key for key in one if one[key] != other[key]} >= {"jobs", "umask", "timezone", "locale", "caches"}
    assert repository.ledger.usage(file.sha256).rebuild_seconds > 0


def test_dropped_softly(repository: Repository, example_release: Path) -> None:
    before = measure_held(repository)
    done = zigbuild("cache", "evict", "--data", repository.folder, "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["before"], told["after"]) == (before, measure_held(repository))
    assert told["freed"] == before - told["after"] == sum(row["freed"] for row in told["dropped"]) > 0
    assert {row["file"] for row in told["dropped"]} == {file.name for file in wheels_of(repository).values()}
    assert set(presences(repository).values()) == {"members"}
    assert_comes_back(repository, None, example_release)


def test_purged(repository: Repository, example_release: Path, sandbox: Sandbox) -> None:
    drop_all(repository)
    done = zigbuild("cache", "evict", "--purge", "--data", repository.folder)
    assert done.returncode == 0, done.stderr
    sdist = repository.ledger.find("example_c-1.0.0.tar.gz")
    assert set(presences(repository).values()) == {"dropped"}
    assert (measure_held(repository), list(repository.members.list())) == (sdist.size, [])
    assert done.stdout.splitlines()[-1].startswith("3 wheels dropped; ")
    assert_comes_back(repository, sandbox, example_release)
    purged = drop_all(repository, is_purge=True)  # whole ones go at once
    assert purged.freed == sum(file.size for file in wheels_of(repository).values())


def test_a_dry_run_drops_nothing(repository: Repository) -> None:
    planned = zigbuild("cache", "evict", "--purge", "--dry-run", "--json", "--data", repository.folder)
    assert planned.returncode == 0
    assert set(presences(repository).values()) == {"whole"}
    done = zigbuild("cache", "evict", "--purge", "--json", "--data", repository.folder)
    assert json.loads(done.stdout) == json.loads(planned.stdout)


def test_only_as_much_as_is_wanted_and_what_is_used_least(repository: Repository) -> None:
    wheels = wheels_of(repository)
    for file in wheels.values():
        repository.ledger.record_rebuild_seconds(file.sha256, 1)
    for _ in range(100):
        repository.ledger.count_use(wheels[WINDOWS].sha256)  # by far the largest
    wanted = max(wheels[target].size for target in (LINUX, MACOS)) + 1
    report = drop_all(repository, is_purge=True, wanted=wanted)
    assert {eviction.file.name for eviction in report.dropped} == {wheels[LINUX].name, wheels[MACOS].name}
    assert report.freed >= wanted
    done = zigbuild("cache", "evict", "--bytes", "1000000000", "--data", repository.folder)
    assert (done.returncode, presences(repository)[WINDOWS]) == (0, "members")


def test_what_costs_most_to_make_stays_longest(repository: Repository) -> None:
    wheels = wheels_of(repository)
    for target, file in wheels.items():
        repository.ledger.record_rebuild_seconds(file.sha256, 1000 if target == WINDOWS else 1)
    assert len(drop_all(repository, is_purge=True, wanted=1).dropped) == 1
    assert presences(repository)[WINDOWS] == "whole"


def test_sdists_are_never_dropped(repository: Repository) -> None:
    done = zigbuild("cache", "evict", "--purge", "--data", repository.folder, "*.tar.gz")
    assert done.returncode == 5
    assert "sdists are never dropped" in done.stderr
    assert repository.presence(repository.ledger.find("example_c-1.0.0.tar.gz")) == "whole"


def test_what_is_refuted_stays(repository: Repository) -> None:
    file = wheels_of(repository)[LINUX]
    repository.ledger.record_verification(
        Verification(file.sha256, 3, False, {}, "spam.so: .text differs", render_now())
    )
    report = drop_all(repository)
    assert [problem.where for problem in report.refused] == [file.name]
    assert "it has reached level 2, assembled from its members; spam.so: .text differs" in report.refused[0].message
    assert presences(repository)[LINUX] == "whole"


def test_what_several_caches_have_is_not_proven_by_that(unproven: Repository) -> None:
    file = wheels_of(unproven)[LINUX]
    unproven.ledger.record_verification(Verification(file.sha256, 5, True, {}, "", render_now()))
    assert file.name in {problem.where for problem in drop_all(unproven).refused}


def test_without_its_sdist_a_wheel_stays(repository: Repository) -> None:
    repository.blobs.remove(repository.ledger.find("example_c-1.0.0.tar.gz").sha256)
    report = drop_all(repository)
    assert report.dropped == ()
    assert all("the sdist that wheels of" in problem.message for problem in report.refused)


def add_foreign(repository: Repository, folder: Path, *versions: str) -> list[File]:
    """Wheels of another tool that share a member."""
    paths = [write_foreign_wheel(folder, version=version) for version in versions]
    added = add_files(repository, paths, user_store=repository.store, cwd=folder)
    return [one.file for one in added if one.file]


def test_wheels_of_other_tools_keep_their_members(unproven: Repository, tmp_path: Path) -> None:
    (file,) = add_foreign(unproven, tmp_path, "1.0")
    report = evict(unproven, [file])
    assert ([eviction.file for eviction in report.dropped], report.refused) == ([file], ())
    assert (unproven.presence(file), unproven.ledger.level(file.sha256)) == ("members", 2)
    report = evict(unproven, [file], is_purge=True)
    assert report.dropped == ()
    assert "has no buildinfo, so it can only be recreated from its members" in report.refused[0].message
    assert unproven.presence(file) == "members"
    unproven.ledger.record_verification(Verification(file.sha256, 5, True, {"index": "x"}, "", render_now()))
    evict(unproven, [file], is_purge=True)
    assert unproven.presence(file) == "dropped"


def test_members_that_another_wheel_is_kept_as_stay(unproven: Repository, tmp_path: Path) -> None:
    first, second = add_foreign(unproven, tmp_path, "1.0", "2.0")
    for file in (first, second):
        drop_whole_file(unproven, file)
    (shared,) = unproven.members.list()
    remove_unused_members(unproven, frozenset([first.sha256]))
    assert list(unproven.members.list()) == [shared]
    assert unproven.presence(second) == "members"
    remove_unused_members(unproven, frozenset([first.sha256, second.sha256]))
    assert list(unproven.members.list()) == []


def test_one_process_drops_at_a_time(repository: Repository) -> None:
    with hold_lock(repository.folder / "locks" / "evict.lock"):
        done = zigbuild("cache", "evict", "--data", repository.folder)
    assert done.returncode == 2
    assert "another process is dropping files" in done.stderr


PROGRAM = """
import os, sys
from pathlib import Path
from zigbuild_backend.index.repository import open_repository
from zigbuild_backend.index.eviction import evict
from zigbuild_backend.index.recreator import Recreator
repository = open_repository(Path(sys.argv[1]), {})
recreator = Recreator(repository, None)
print("ready", flush=True)
while True:
    evict(repository, repository.ledger.all_files())
    for file in repository.ledger.all_files():
        recreator.obtain(file, 60)
"""


def test_killed_at_any_moment_nothing_is_lost(repository: Repository, example_release: Path) -> None:
    chance = random.Random(7)
    for _ in range(12):
        with subprocess.Popen(
            [sys.executable, "-c", PROGRAM, repository.folder], stdout=subprocess.PIPE, text=True, env=ENVIRON
        ) as child:
            assert child.stdout
            assert child.stdout.readline() == "ready\n"
            time.sleep(chance.uniform(0, 0.1))
            child.send_signal(signal.SIGKILL)
        again = open_repository(repository.folder, {})
        assert again.ledger.altered() == ()
        assert "dropped" not in presences(again).values()
        assert_comes_back(again, None, example_release)
        again.close()


def test_what_comes_out_different_is_told(unproven: Repository, sandbox: Sandbox) -> None:
    altered = falsify(unproven, drop(unproven)[LINUX])
    rebuilder = Rebuilder(unproven, sandbox)
    (proof,) = prove_wheels(rebuilder, [altered], contrasting_variations(ENVIRON))
    assert (proof.is_good, proof.level, proof.error) == (False, 3, None)
    assert proof.explanation
    (verdict,) = (verdict for verdict in unproven.ledger.verifications(altered.sha256) if not verdict.is_good)
    assert verdict.circumstance["differs"]["umask"] == "022"
    done = zigbuild("cache", "prove", "--data", unproven.folder, altered.name, *ISOLATION)
    assert done.returncode == 4
    assert done.stdout == f"{altered.name}: other bytes: {proof.explanation}\n"


def test_what_nothing_tells_of_can_not_be_proven(unproven: Repository, sandbox: Sandbox, tmp_path: Path) -> None:
    (file,) = add_foreign(unproven, tmp_path, "1.0")
    rebuilder = Rebuilder(unproven, sandbox)
    (proof,) = prove_wheels(rebuilder, [file], contrasting_variations(ENVIRON))
    assert isinstance(proof.error, NotFoundError)
    unproven.blobs.remove(unproven.ledger.find("example_c-1.0.0.tar.gz").sha256)
    done = zigbuild("cache", "prove", "--data", unproven.folder, *ISOLATION)
    assert done.returncode == 5
    assert "0 of 4 wheels proven to be rebuildable" in done.stderr
    assert "3 wheels: the sdist that wheels of example_c 1.0.0 were built from" in done.stderr
    assert done.stderr.count("the sdist that wheels of") == 1
    assert f"{file.name}: has no buildinfo" in done.stderr
    assert all(unproven.ledger.level(file.sha256) == 1 for file in wheels_of(unproven).values())


def test_a_release_is_proven_by_a_build_for_each_variation(unproven: Repository, sandbox: Sandbox) -> None:
    files = unproven.ledger.all_files()
    usual = contrasting_variations(ENVIRON)[0]
    counting = CountingSandbox(sandbox)
    rebuilder = Rebuilder(unproven, counting)
    proofs = list(prove_wheels(rebuilder, files, [usual, replace(usual)]))
    assert counting.builds == 2
    # It was one variation, twice.
    assert [(proof.is_good, proof.level, unproven.ledger.level(proof.file.sha256)) for proof in proofs] == [
        (True, 3, 3)
    ] * 3
    assert len(evict(unproven, files).refused) == 3
