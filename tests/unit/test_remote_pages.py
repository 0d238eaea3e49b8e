"""Pages of other indexes are read with suspicion: what is unfit is left out, and the reason is told."""

from __future__ import annotations

import json
from typing import Any

import pytest

from zigbuild_backend.core.base.errors import ConfigurationError, MismatchError
from zigbuild_backend.index.remote_pages import RemotePage, check_index_url, limit_blocks, parse_page

BASE = "https://index.example/simple/spam/"
JSON = "application/vnd.pypi.simple.v1+json"
NAME = "spam-1.0-py3-none-any.whl"
SHA256 = "ab" * 32


def entry(**changes: Any) -> dict[str, Any]:
    return {"filename": NAME, "url": f"../../files/{NAME}", "hashes": {"sha256": SHA256}, **changes}


def page(*entries: Any, project: str = "spam", **changes: Any) -> RemotePage:
    document = {"meta": {"api-version": "1.1"}, "name": project, "files": list(entries), **changes}
    return parse_page(json.dumps(document).encode(), JSON, BASE, project)


def test_json_with_all_that_may_be_said() -> None:
    told = entry(
        **{
            "size": 1234,
            "upload-time": "2026-01-31T12:00:00.000000Z",
            "requires-python": ">=3.9",
            "yanked": "broken",
            "core-metadata": {"sha256": "cd" * 32},
            "provenance": "https://index.example/provenance",
        }
    )
    (file,) = page(told).files
    assert (file.project, file.version, file.name, file.size, file.sha256) == ("spam", "1.0", NAME, 1234, SHA256)
    assert (file.upload_time, file.requires_python, file.yanked) == ("2026-01-31T12:00:00.000000Z", ">=3.9", "broken")
    assert (file.metadata_sha256, file.provenance) == ("cd" * 32, "https://index.example/provenance")
    assert file.origin == f"https://index.example/files/{NAME}"


@pytest.mark.parametrize(
    ("changes", "field", "value"),
    [
        ({}, "size", 0),
        ({"size": -1}, "size", 0),
        ({"size": True}, "size", 0),
        ({"size": "12"}, "size", 0),
        ({}, "yanked", None),
        ({"yanked": False}, "yanked", None),
        ({"yanked": True}, "yanked", ""),
        ({"core-metadata": True}, "metadata_sha256", ""),
        ({"core-metadata": {"sha256": "x"}}, "metadata_sha256", ""),
        ({"core-metadata": False, "dist-info-metadata": {"sha256": "cd" * 32}}, "metadata_sha256", "cd" * 32),
        ({"data-dist-info-metadata": {"sha256": "cd" * 32}}, "metadata_sha256", "cd" * 32),
        ({"upload-time": "yesterday"}, "upload_time", ""),
        ({"requires-python": ["3"]}, "requires_python", ""),
        ({"requires-python": ">=3\n<script>"}, "requires_python", ""),
        ({"url": NAME}, "origin", BASE + NAME),
        ({"url": f"//mirror.example/{NAME}"}, "origin", f"https://mirror.example/{NAME}"),
        ({"url": f"https://user:word@mirror.example/{NAME}#x=y"}, "origin", f"https://mirror.example/{NAME}"),
    ],
)
def test_fields(changes: dict[str, Any], field: str, value: object) -> None:
    (file,) = page(entry(**changes)).files
    assert getattr(file, field) == value


@pytest.mark.parametrize(
    ("unfit", "reason"),
    [
        (None, "is no JSON object"),
        ({}, "is no valid file name"),
        (entry(filename=3), "is no valid file name"),
        (entry(filename=f"../{NAME}"), "is no valid file name"),
        (entry(filename=f"x/{NAME}"), "is no valid file name"),
        (entry(filename=f"..\\{NAME}"), "is no valid file name"),
        (entry(filename=f"{NAME}\0"), "is no valid file name"),
        (entry(filename="." + NAME), "is no valid file name"),
        (entry(filename="s" * 300 + ".whl"), "is no valid file name"),
        (entry(filename="sраm-1.0-py3-none-any.whl"), "is no valid file name"),  # two Cyrillic letters
        (entry(filename="ham-1.0-py3-none-any.whl"), "is a file of ham, not of spam"),
        (entry(filename="spam-1.0-py3.egg"), "is the file name of neither a wheel nor an sdist"),
        (entry(filename="spam-x-py3-none-any.whl"), "is the file name of neither a wheel nor an sdist"),
        (entry(hashes={}), "has no sha256"),
        (entry(hashes=None), "has no sha256"),
        (entry(hashes={"sha256": "AB" * 32}), "has no sha256"),
        (entry(hashes={"sha256": ["ab" * 32]}), "has no sha256"),
        (entry(url=None), "has no valid URL"),
        (entry(url="https://x.example/\n"), "has no valid URL"),
        (entry(url="file:///etc/passwd"), "has a URL that is not http or https"),
        (entry(url="ftp://x.example/"), "has a URL that is not http or https"),
        (entry(url="https://:80/x"), "has a URL that is not http or https"),
        (entry(url="http://[::1/x"), "Invalid IPv6 URL"),
    ],
)
def test_unfit_files_are_left_out(unfit: Any, reason: str) -> None:
    good = entry(filename="spam-2.0.tar.gz")
    found = page(unfit, good)
    assert [file.name for file in found.files] == ["spam-2.0.tar.gz"]
    (problem,) = found.refused
    assert reason in problem.message
    assert problem.where.isascii()


def test_a_file_that_stands_there_twice() -> None:
    assert len(page(entry(), entry()).files) == 1
    found = page(entry(), entry(hashes={"sha256": "ef" * 32}))
    assert [file.sha256 for file in found.files] == [SHA256]
    assert "is listed twice, with different data" in found.refused[0].message


@pytest.mark.parametrize(
    ("data", "content_type", "reason"),
    [
        (b"{}", JSON, "it has no list of files"),
        (b"[]", JSON, "it has no list of files"),
        (b"[" * 100_000, JSON, "is no page of an index"),
        (b"{", JSON, "is no page of an index"),
        (b"\xff", JSON, "is no page of an index"),
        (b'{"files": {}}', JSON, "it has no list of files"),
        (b'{"files": [], "meta": {"api-version": "2.0"}}', JSON, "its api-version is '2.0'"),
        (b'{"files": []}', JSON, "its api-version is None"),
        (b"<html>", "image/png", "its content type is 'image/png'"),
        (b"<html>\xff", "text/html", "is no page of an index"),
    ],
)
def test_what_is_no_page(data: bytes, content_type: str, reason: str) -> None:
    with pytest.raises(MismatchError) as error:
        parse_page(data, content_type, BASE, "spam")
    assert reason in str(error.value)


@pytest.mark.parametrize(
    "content_type", ["text/html", "text/html; charset=utf-8", "application/vnd.pypi.simple.v1+html"]
)
def test_html(content_type: str) -> None:
    html = f"""<!DOCTYPE html><html><body>
    <a href="../../files/{NAME}#sha256={SHA256}" data-requires-python="&gt;=3.9" data-yanked=""
       data-core-metadata="sha256={"cd" * 32}">{NAME}</a>
    <a href="../../files/spam-2.0.tar.gz#sha256={SHA256}" data-yanked="why">x</a>
    <a href="../../files/spam-3.0.tar.gz#sha256={SHA256}">x</a>
    <a href="../../files/spam-4.0.tar.gz">x</a> <a>x</a>
    """
    found = parse_page(html.encode(), content_type, BASE, "spam")
    assert [(file.name, file.yanked) for file in found.files] == [
        (NAME, ""),
        ("spam-2.0.tar.gz", "why"),
        ("spam-3.0.tar.gz", None),
    ]
    first = found.files[0]
    assert (first.origin, first.sha256) == (f"https://index.example/files/{NAME}", SHA256)
    assert (first.requires_python, first.metadata_sha256, first.size) == (">=3.9", "cd" * 32, 0)
    assert [problem.message for problem in found.refused] == ["is left out: has no sha256"]


def test_files_of_this_machine_belong_to_indexes_of_files() -> None:
    html = f'<a href="{NAME}#sha256={SHA256}">x</a> <a href="http://x.example/{NAME}#sha256={SHA256}">x</a>'
    found = parse_page(html.encode(), "text/html", "file:///index/spam/index.html", "spam")
    assert [file.origin for file in found.files] == [f"file:///index/spam/{NAME}"]
    assert "has a URL that is not file" in found.refused[0].message


def test_blocks_have_a_limit() -> None:
    assert b"".join(limit_blocks(iter([b"ab", b"c"]), 3, 9, "x")) == b"abc"
    with pytest.raises(MismatchError, match="is larger than 2 bytes"):
        list(limit_blocks(iter([b"ab", b"c"]), 2, 9, "x"))
    with pytest.raises(MismatchError, match="took longer than"):
        list(limit_blocks(iter([b"ab"]), 2, -1, "x"))


@pytest.mark.parametrize("url", ["", "index.example", "ftp://index.example", "https://", "javascript:x"])
def test_what_is_no_address(url: str) -> None:
    with pytest.raises(ConfigurationError, match="is no URL of an index"):
        check_index_url(url)
