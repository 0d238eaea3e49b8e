"""An upstream index over real HTTP: remembered, asked again conditionally, and never trusted."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from index_server import JSON, Answer, IndexServer, serving
from wheels import metadata_of, write_foreign_wheel
from zigbuild_backend.core.base.errors import ConfigurationError, MismatchError, NotFoundError, Problem
from zigbuild_backend.core.fetch.http_client import open_session
from zigbuild_backend.core.fetch.pip_configuration import PipConfiguration
from zigbuild_backend.index import upstream
from zigbuild_backend.index.files import File
from zigbuild_backend.index.recreator import RecreationLimits, Recreator
from zigbuild_backend.index.remote_indexes import RemoteIndexes
from zigbuild_backend.index.remote_pages import UnreachableError
from zigbuild_backend.index.repository import Repository, open_repository
from zigbuild_backend.index.upstream import Upstream, open_upstream, select_visible

Connect = Callable[[str], Upstream]

NOWHERE = "http://127.0.0.1:9/simple/"


@pytest.fixture
def server() -> Iterator[IndexServer]:
    with serving() as index:
        yield index


@pytest.fixture
def repository(tmp_path: Path) -> Iterator[Repository]:
    opened = open_repository(tmp_path / "data", {})
    yield opened
    opened.close()


@pytest.fixture
def environ() -> dict[str, str]:
    """Return the user's environment, without an index."""
    return {**os.environ, "no_proxy": "127.0.0.1", "PIP_CONFIG_FILE": os.devnull, "PIP_NO_INDEX": "1"}


@pytest.fixture
def told() -> list[Problem]:
    return []


@pytest.fixture
def connect(repository: Repository, told: list[Problem], monkeypatch: pytest.MonkeyPatch) -> Iterator[Connect]:
    """Open the upstream at an address; pages are asked for anew each time."""
    monkeypatch.setattr(upstream, "FRESH_SECONDS", 0.0)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    opened: list[Upstream] = []

    def connect(url: str) -> Upstream:
        session = open_session(PipConfiguration(index_urls=(url,)), "to test")
        opened.append(Upstream(repository.ledger, [url], session, told.append))
        return opened[-1]

    yield connect
    for one in opened:
        one.close()


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    return write_foreign_wheel(tmp_path)


def names(repository: Repository) -> list[str]:
    return [file.name for file in repository.ledger.files("eggs")]


def test_a_page_is_remembered(connect: Connect, server: IndexServer, repository: Repository, wheel: Path) -> None:
    server.put_page("eggs", server.put_file(wheel, **{"yanked": "bad", "upload-time": "2026-01-01T00:00:00Z"}))
    connect(server.index).refresh("eggs")
    (file,) = repository.ledger.files("eggs")
    assert (file.sha256, file.size) == (hashlib.sha256(wheel.read_bytes()).hexdigest(), wheel.stat().st_size)
    assert (file.version, file.yanked, file.upload_time) == ("1.0", "bad", "2026-01-01T00:00:00Z")
    assert file.origin == f"{server.url}/files/{wheel.name}"
    assert server.asked == ["/simple/eggs/"]


def test_it_is_asked_again_conditionally(
    connect: Connect, server: IndexServer, repository: Repository, wheel: Path
) -> None:
    row = server.put_file(wheel)
    server.put_page("eggs", row, etag='"1"')
    connect(server.index).refresh("eggs")
    connect(server.index).refresh("eggs")  # another process
    server.put_page("eggs", {**row, "yanked": True}, etag='"2"')
    connect(server.index).refresh("eggs")
    assert server.asked == ["/simple/eggs/", '/simple/eggs/ "1"', '/simple/eggs/ "1"']
    assert repository.ledger.files("eggs")[0].yanked == ""
    server.put_page("eggs", row, etag='"3"')
    connect(server.index).refresh("eggs")
    assert repository.ledger.files("eggs")[0].yanked is None


def test_it_is_not_asked_for_a_while(
    connect: Connect, server: IndexServer, wheel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upstream, "FRESH_SECONDS", 60.0)
    server.put_page("eggs", server.put_file(wheel))
    found = connect(server.index)
    for _ in range(3):
        found.refresh("eggs")
        with pytest.raises(NotFoundError, match="no upstream index has it"):
            found.refresh("ham")
    assert server.asked == ["/simple/eggs/", "/simple/ham/"]


@pytest.mark.parametrize("trouble", [Answer(status=503), Answer(status=404), Answer(b"x", "image/png"), None])
def test_what_was_remembered_stands(
    trouble: Answer | None,
    connect: Connect,
    server: IndexServer,
    repository: Repository,
    wheel: Path,
    told: list[Problem],
) -> None:
    server.put_page("eggs", server.put_file(wheel))
    found = connect(server.index)
    found.refresh("eggs")
    if trouble:
        server.answers["/simple/eggs/"] = trouble
    else:
        found = Upstream(repository.ledger, [NOWHERE], found._session, told.append)
    found.refresh("eggs")
    assert names(repository) == [wheel.name]
    assert [problem.message.partition(":")[0] for problem in told] == [
        "cannot be looked up; its recorded files are served"
    ]


def test_files_that_upstream_deleted_stay(
    connect: Connect, server: IndexServer, repository: Repository, wheel: Path
) -> None:
    server.put_page("eggs", server.put_file(wheel))
    found = connect(server.index)
    found.refresh("eggs")
    server.put_page("eggs")
    found.refresh("eggs")
    assert names(repository) == [wheel.name]


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Answer(status=404), NotFoundError),
        (Answer(status=500), UnreachableError),
        (Answer(status=403), UnreachableError),
        (Answer(status=302, location="/simple/eggs/"), UnreachableError),
        (Answer(b"[]", JSON), UnreachableError),
        (Answer(b"<html>", "text/plain"), UnreachableError),
    ],
)
def test_nothing_is_known(answer: Answer, kind: type[NotFoundError], connect: Connect, server: IndexServer) -> None:
    server.answers["/simple/eggs/"] = answer
    with pytest.raises(NotFoundError) as error:
        connect(server.index).refresh("eggs")
    assert type(error.value) is kind


def test_upstream_that_can_not_be_reached(connect: Connect) -> None:
    with pytest.raises(UnreachableError, match="cannot be reached"):
        connect(NOWHERE).refresh("eggs")


def test_a_page_without_end(connect: Connect, server: IndexServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zigbuild_backend.index.remote_pages.MAX_PAGE_BYTES", 1000)
    server.answers["/simple/eggs/"] = Answer(b" " * 2000, JSON)
    with pytest.raises(UnreachableError, match="is larger than 1000 bytes"):
        connect(server.index).refresh("eggs")


def test_bytes_never_change(
    connect: Connect, server: IndexServer, repository: Repository, wheel: Path, told: list[Problem]
) -> None:
    row = server.put_file(wheel)
    server.put_page("eggs", row)
    found = connect(server.index)
    found.refresh("eggs")
    server.put_page("eggs", {**row, "hashes": {"sha256": "ab" * 32}}, {**row, "filename": "../eggs-1.0.tar.gz"})
    found.refresh("eggs")
    assert [file.sha256 for file in repository.ledger.files("eggs")] == [row["hashes"]["sha256"]]
    unfit, altered = (problem.message for problem in told)
    assert unfit == "is left out: is no valid file name"
    assert altered.startswith(f"is recorded with the sha256 {row['hashes']['sha256']}")


def test_a_size_that_is_told_later(connect: Connect, server: IndexServer, repository: Repository, wheel: Path) -> None:
    row = server.put_file(wheel)
    server.put_page("eggs", {key: value for key, value in row.items() if key != "size"})
    found = connect(server.index)
    found.refresh("eggs")
    server.put_page("eggs", {**row, "yanked": "x"})
    found.refresh("eggs")
    assert [(file.size, file.yanked) for file in repository.ledger.files("eggs")] == [(0, "x")]


def test_local_files_hide_those_of_upstream(
    connect: Connect, server: IndexServer, repository: Repository, wheel: Path
) -> None:
    local = File("eggs", "0.1", "eggs-0.1.tar.gz", 1, "cd" * 32)
    server.put_page("eggs", server.put_file(wheel))
    found = connect(server.index)
    found.refresh("eggs")
    assert select_visible(repository.ledger.files("eggs")) == repository.ledger.files("eggs")
    repository.ledger.record(local)
    server.asked.clear()
    found.refresh("eggs")
    assert server.asked == []
    assert select_visible(repository.ledger.files("eggs")) == (repository.ledger.find(local.name),)


def test_the_first_index_that_knows_a_project_has_it(
    repository: Repository, environ: dict[str, str], server: IndexServer, wheel: Path
) -> None:
    with serving() as second:
        for index in (server, second):
            index.put_page("eggs", index.put_file(wheel))
        second.put_page("ham", second.put_file(write_foreign_wheel(wheel.parent, "ham")))
        settings = {"PIP_INDEX_URL": server.index, "PIP_EXTRA_INDEX_URL": second.index, "PIP_NO_INDEX": ""}
        found = open_upstream(repository.ledger, None, {**environ, **settings})
        assert found
        for project in ("eggs", "ham"):
            found.refresh(project)
        found.close()
        assert (server.asked, second.asked) == (["/simple/eggs/", "/simple/ham/"], ["/simple/ham/"])


def test_no_upstream(repository: Repository, environ: dict[str, str]) -> None:
    assert open_upstream(repository.ledger, "none", environ) is None
    assert open_upstream(repository.ledger, None, environ) is None
    with pytest.raises(ConfigurationError, match="is no URL of an index"):
        open_upstream(repository.ledger, "nothing", environ)


def test_an_index_of_files(connect: Connect, tmp_path: Path, repository: Repository, wheel: Path) -> None:
    folder = tmp_path / "simple" / "eggs"
    folder.mkdir(parents=True)
    wheel.rename(folder / wheel.name)
    sha256 = hashlib.sha256((folder / wheel.name).read_bytes()).hexdigest()
    (folder / "index.html").write_text(f'<a href="{wheel.name}#sha256={sha256}">x</a>')
    found = connect((tmp_path / "simple").as_uri())
    found.refresh("eggs")
    (file,) = repository.ledger.files("eggs")
    assert b"".join(found.stream(file)) == (folder / wheel.name).read_bytes()


def test_metadata(connect: Connect, server: IndexServer, repository: Repository, wheel: Path) -> None:
    metadata = metadata_of("eggs", "1.0")
    sha256 = hashlib.sha256(metadata).hexdigest()
    server.put_page("eggs", server.put_file(wheel, **{"core-metadata": {"sha256": sha256}}))
    found = connect(server.index)
    found.refresh("eggs")
    (file,) = repository.ledger.files("eggs")
    place = f"/files/{wheel.name}.metadata"
    with pytest.raises(NotFoundError):
        found.metadata(file)
    server.answers[place] = Answer(b"another")
    with pytest.raises(MismatchError):
        found.metadata(file)
    server.answers[place] = Answer(metadata)
    assert found.metadata(file) == metadata
    server.answers.clear()
    assert found.metadata(file) == metadata


def fetch(repository: Repository, found: Upstream, file: File) -> tuple[Path | str, list[str]]:
    """Return the path of the bytes, or the reason for their absence, and the kinds of reported events."""
    kinds: list[str] = []

    recreator = Recreator(
        repository,
        None,
        RemoteIndexes(upstream=found),
        RecreationLimits(retry_seconds=0),
        lambda outcome, *_: kinds.append(outcome),
    )
    try:
        return recreator.obtain(file, 30), kinds
    except NotFoundError as error:
        return error.problems[0].message, kinds
    finally:
        recreator.close()


def test_bytes_are_fetched_and_kept(connect: Connect, server: IndexServer, repository: Repository, wheel: Path) -> None:
    server.put_page("eggs", server.put_file(wheel))
    found = connect(server.index)
    found.refresh("eggs")
    (file,) = repository.ledger.files("eggs")
    path, kinds = fetch(repository, found, file)
    assert isinstance(path, Path)
    assert (path.read_bytes(), kinds) == (wheel.read_bytes(), ["upstream"])
    server.answers.clear()
    assert fetch(repository, found, file) == (path, [])


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda data: data[:-1] + b"x", "the received bytes have the sha256"),
        (lambda data: data[:-1], "the received bytes have the sha256"),
        (lambda data: data + b"x", "is larger than"),
    ],
)
def test_other_bytes_are_never_kept(
    change: Any, reason: str, connect: Connect, server: IndexServer, repository: Repository, wheel: Path
) -> None:
    server.put_page("eggs", server.put_file(wheel))
    found = connect(server.index)
    found.refresh("eggs")
    (file,) = repository.ledger.files("eggs")
    server.answers[f"/files/{wheel.name}"] = Answer(change(wheel.read_bytes()))
    said, kinds = fetch(repository, found, file)
    assert reason in str(said)
    assert kinds == ["mismatch", "failed"]
    assert list(repository.blobs.list()) == []


def test_a_file_that_upstream_moved(connect: Connect, server: IndexServer, repository: Repository, wheel: Path) -> None:
    row = server.put_file(wheel)
    server.put_page("eggs", row)
    found = connect(server.index)
    found.refresh("eggs")
    server.answers["/elsewhere"] = server.answers.pop(f"/files/{wheel.name}")
    server.put_page("eggs", {**row, "url": "/elsewhere"})
    found.refresh("eggs")
    path, kinds = fetch(repository, found, repository.ledger.files("eggs")[0])
    assert isinstance(path, Path)
    assert kinds == ["upstream"]


def test_a_file_that_upstream_deleted(
    connect: Connect, server: IndexServer, repository: Repository, wheel: Path
) -> None:
    server.put_page("eggs", server.put_file(wheel))
    found = connect(server.index)
    found.refresh("eggs")
    (file,) = repository.ledger.files("eggs")
    del server.answers[f"/files/{wheel.name}"]
    said, kinds = fetch(repository, found, file)
    assert "404" in str(said)
    assert kinds == ["failed"]
