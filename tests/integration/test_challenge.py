"""Other indexes are asked which bytes a name has there: independent ones that agree are the highest proof."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from index_server import Answer, IndexServer, serving
from repositories import TARGETS, copy_repository, drop, zigbuild
from servers import serving as serving_repository
from zigbuild_backend.index.files import File
from zigbuild_backend.index.repository import Repository

LINUX, WINDOWS, MACOS = TARGETS
NO_ISOLATION = [] if shutil.which("bwrap") else ["--no-isolation"]


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@pytest.fixture
def repository(example_repository: Path, tmp_path: Path) -> Iterator[Repository]:
    copied = copy_repository(tmp_path / "data", example_repository)
    yield copied
    copied.close()


@pytest.fixture
def other() -> Iterator[IndexServer]:
    with serving() as index:
        yield index


def find(repository: Repository, target: str) -> File:
    (file,) = (file for file in repository.ledger.all_files() if target in file.name)
    return file


def test_agree_differ_and_unknown(repository: Repository, other: IndexServer, example_release: Path) -> None:
    agreed, differing = find(repository, LINUX), find(repository, WINDOWS)
    row = other.put_file(example_release / differing.name)
    other.put_page("example-c", other.put_file(example_release / agreed.name), {**row, "hashes": {"sha256": "ab" * 32}})
    done = zigbuild("cache", "challenge", other.index, "--data", repository.folder)
    assert done.returncode == 4, done.stderr
    assert done.stdout.splitlines() == [
        f"{agreed.name}: agree",
        f"{differing.name}: DIFFERS: {'ab' * 32} there, {differing.sha256} here",
        "1 agree, 1 differ, 2 unknown there",
    ]
    assert other.asked == ["/simple/example-c/"]  # no file is fetched for that
    (good,) = (verdict for verdict in repository.ledger.verifications(agreed.sha256) if verdict.level == 5)
    assert (good.is_good, good.circumstance) == (True, {"index": other.index})
    assert repository.ledger.level(agreed.sha256) == 5
    (bad,) = (verdict for verdict in repository.ledger.verifications(differing.sha256) if verdict.level == 5)
    assert (bad.is_good, bad.explanation) == (False, f"{other.index} has the sha256 {'ab' * 32}")
    assert repository.ledger.level(differing.sha256) == 1


def test_as_a_document(repository: Repository, other: IndexServer, example_release: Path) -> None:
    file = find(repository, MACOS)
    other.put_page("example-c", other.put_file(example_release / file.name))
    done = zigbuild("cache", "challenge", other.index, file.name, "--data", repository.folder, "--json")
    assert done.returncode == 0, done.stderr
    row = {"file": file.name, "state": "agree", "sha256": file.sha256, "theirs": file.sha256}
    assert json.loads(done.stdout) == {"index": other.index, "files": [row]}


def test_the_place_that_a_file_came_from_is_no_witness(
    repository: Repository, other: IndexServer, example_release: Path
) -> None:
    file = find(repository, LINUX)
    row = other.put_file(example_release / file.name)
    other.put_page("example-c", row)
    origin = f"{other.url}/files/{file.name}"
    eggs = replace(file, project="eggs", name="eggs-1.0-py3-none-any.whl", sha256="cd" * 32, origin=origin, spec="")
    repository.ledger.record(eggs)
    other.put_page("eggs", {**row, "filename": eggs.name, "hashes": {"sha256": eggs.sha256}})
    done = zigbuild("cache", "challenge", other.index, "eggs", "--data", repository.folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0] == f"{eggs.name}: agree, but it was downloaded from there"
    assert repository.ledger.level(eggs.sha256) == 0


@pytest.mark.parametrize(
    ("answer", "code", "message"),
    [
        (Answer(status=500), 5, "cannot be reached"),
        (Answer(b"<html>", "image/png"), 4, "is no page of an index: its content type is 'image/png'"),
        (Answer(status=404), 0, ""),
    ],
)
def test_indexes_that_do_not_answer(
    answer: Answer, code: int, message: str, repository: Repository, other: IndexServer
) -> None:
    other.answers["/simple/example-c/"] = answer
    done = zigbuild("cache", "challenge", other.index, "--data", repository.folder)
    assert done.returncode == code
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_what_is_no_address(repository: Repository, tmp_path: Path) -> None:
    done = zigbuild("cache", "challenge", "somewhere", "--data", repository.folder)
    assert done.returncode == 2
    assert "is no URL of an index" in done.stderr
    done = zigbuild("cache", "challenge", "http://127.0.0.1:9/", "--data", tmp_path / "nothing")
    assert done.returncode == 5
    assert "there is no repository" in done.stderr


def test_two_caches(repository: Repository, example_repository: Path, tmp_path: Path) -> None:
    """Another ``zigbuild serve`` is a witness, and gives what was dropped here."""
    theirs = copy_repository(tmp_path / "theirs", example_repository)
    theirs.close()
    with serving_repository(theirs.folder, *NO_ISOLATION) as running:
        peer = f"{running.url}/simple/"
        done = zigbuild("cache", "challenge", peer, "--data", repository.folder)
        assert done.returncode == 0, done.stderr
        assert done.stdout.splitlines()[-1] == "4 agree, 0 differ, 0 unknown there"
        wheels = drop(repository)
        restore = ("cache", "restore", "--data", repository.folder, "--upstream", "none", "--peer", peer)
        done = zigbuild(*restore, *NO_ISOLATION)
        assert done.returncode == 0, done.stderr
        assert sorted(done.stdout.splitlines()) == sorted(
            f"{file.name}: downloaded from {peer}" for file in wheels.values()
        )
