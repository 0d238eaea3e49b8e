"""The pages for people, in a real browser, with its scripts and without."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest

from projects import write_files
from servers import Running, opened, publish, serving
from wheels import write_foreign_wheel
from zigbuild_backend.index import eviction as evict
from zigbuild_backend.index.files import File, Verification

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
QUIET = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
WITHOUT_SCRIPTS = {"profile": {"default_content_setting_values": {"javascript": 2}}}
AT = "2026-03-01T00:00:00.000000Z"
EVIL = '"><script>document.title="owned"</script>'

needs_browser = pytest.mark.skipif(not BROWSER, reason="chromium is not installed")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("people")
    data = folder / "data"
    tags = [
        "cp313-cp313-win_amd64",
        "cp312-cp312-win_amd64",
        "cp313-cp313-manylinux_2_17_x86_64",
        "cp313-cp313t-win_arm64",
    ]
    wheels = [write_foreign_wheel(folder, tag=tag, modules={"m": os.urandom(4000)}) for tag in tags]
    rows = publish(data, *wheels, write_foreign_wheel(folder, version="0.9"))
    by_tag = {tag: rows[f"eggs-1.0-{tag}.whl"] for tag in tags}
    with opened(data) as repository:
        ledger = repository.ledger
        for tag in (tags[1], tags[2]):
            ledger.record_verification(Verification(by_tag[tag].sha256, 4, True, {}, "", AT))
        evict.evict(repository, [by_tag[tags[1]]])
        repository.blobs.remove(by_tag[tags[2]].sha256)
        ledger.record_failure(by_tag[tags[2]].sha256, EVIL)
        ledger.record_verification(Verification(by_tag[tags[3]].sha256, 3, False, {}, EVIL, AT))
        old = ledger.find("eggs-0.9-py3-none-any.whl")
        ledger.record(replace(old, yanked=EVIL))
        ledger.record(File("mirrored", "1.0", "mirrored-1.0.tar.gz", 1000, "a" * 64, origin="https://index.test/m"))
    with serving(data, logs=folder) as running:
        yield running


def browse(*options: str | Path) -> str:
    """Return what the browser prints."""
    assert BROWSER
    return subprocess.run([BROWSER, *QUIET, *options], capture_output=True, text=True, timeout=120, check=True).stdout


def read_rows(page: str) -> dict[str, list[str]]:
    """Return the rows of a page's first table: the texts of their cells by that of their header."""
    table = page[page.index("<tbody>") : page.index("</tbody>")]
    rows = {}
    for row in re.findall(r"<tr>(.*?)</tr>", table, re.DOTALL):
        head, *cells = (
            " ".join(unescape(re.sub(r"<[^>]*>", " ", cell)).split())
            for cell in re.findall(r"<t[hd].*?</t[hd]>", row, re.DOTALL)
        )
        rows[head] = cells
    return rows


def test_projects_and_what_is_held_of_them(server: Running) -> None:
    rows = read_rows(server.get("/").text)
    assert list(rows) == ["eggs", "mirrored"]
    versions, wheels, proven, recorded, held, origin = rows["eggs"]
    assert (versions, wheels, proven, origin) == ("2", "5", "2", "here")
    assert recorded != held
    assert rows["mirrored"] == ["1", "0", "0", "1.0 kB", "0 Bytes", "upstream"]


def test_wheels_of_a_release_as_a_grid(server: Running) -> None:
    page = server.get("/projects/eggs/").text
    rows = read_rows(page)
    assert list(rows) == ["Linux x86_64 glibc 2.17 or later", "Windows ARM64", "Windows x86_64"]
    linux, arm, windows = rows.values()
    assert [cell.split(" ", 3)[:3] for cell in windows] == [
        ["wheel", "in", "pieces"],
        ["wheel", "present", "unproven"],
        ["–"],
    ]
    assert "proven" in windows[0]
    assert "level 4 on 2026-03-01" in windows[0]
    assert linux[1].startswith("wheel dropped proven")
    assert "document.title" in linux[1], "why it could not be brought back"
    assert arm[2].startswith("wheel present mismatch")
    assert page.index("1.0</h2>") < page.index("0.9</h2>"), "the latest first"
    assert "yanked" in page


def test_pages_are_safe_and_have_no_scripts(server: Running) -> None:
    for path in ("/", "/projects/eggs/"):
        reply = server.get(path)
        assert "<script" not in reply.text
        assert "style=" not in reply.text
        assert " on" not in re.sub(r">[^<]*<", "><", reply.text), "no handlers"
        policy = reply.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert reply.headers["x-content-type-options"] == "nosniff"
        assert reply.headers["referrer-policy"] == "no-referrer"


def test_tables_can_be_read_out(server: Running) -> None:
    for path in ("/", "/projects/eggs/"):
        page = server.get(path).text
        assert '<html lang="en">' in page
        assert page.count("<table") == page.count("<caption>") > 0
        assert all("scope=" in header for header in re.findall(r"<th\b[^>]*>", page))
        assert re.search(r"<main>.*<h1>", page, re.DOTALL)


def test_install_lines_are_those_of_the_address_that_was_asked(server: Running) -> None:
    page = server.get("/projects/eggs/").text
    hashes = set(re.findall(r"--hash=sha256:([0-9a-f]{64})", page))
    assert hashes == {path.split("/")[2] for path in server.find("eggs").values()}
    assert f"--index-url {server.url}/simple/" in page
    assert "--index-url http://index.test/simple/" in server.get("/projects/eggs/", host="index.test").text


@needs_browser
def test_browser_runs_nothing_of_what_is_hostile_in_them(server: Running, tmp_path: Path) -> None:
    page = browse(f"--user-data-dir={tmp_path}", "--dump-dom", f"{server.url}/projects/eggs/")
    assert "<title>eggs</title>" in page
    assert read_rows(page) == read_rows(server.get("/projects/eggs/").text)


@needs_browser
def test_browser_draws_them_with_scripts_and_without(server: Running, tmp_path: Path) -> None:
    shots = []
    for scripts in ("on", "off"):
        profile, shot = tmp_path / scripts, tmp_path / f"{scripts}.png"
        if scripts == "off":
            write_files(profile, {"Default/Preferences": json.dumps(WITHOUT_SCRIPTS)})
        browse(f"--user-data-dir={profile}", f"--screenshot={shot}", f"{server.url}/projects/eggs/")
        shots.append(shot.read_bytes())
    assert shots[0] == shots[1]
    assert shots[0].startswith(b"\x89PNG")
    assert len(shots[0]) > 20_000, "it is not blank"
    asked = [line["path"] for line in server.read_log() if "Chrome" in line.get("agent", "")]
    assert {"/projects/eggs/", "/style.css"} <= set(asked)
