"""The pages for installers: what PEP 503, 691 and their successors want of them, from the same values."""

from __future__ import annotations

import json
from html.parser import HTMLParser

import pytest

from zigbuild_backend.index.files import File
from zigbuild_backend.index.server.simple_api import (
    make_simple_page,
    render_index_html,
    render_index_json,
    render_project_html,
    render_project_json,
)

WHEEL = File(
    "spam",
    "1.0",
    "spam-1.0-cp313-cp313-win_amd64.whl",
    1234,
    "a" * 64,
    requires_python=">=3.9",
    metadata_sha256="b" * 64,
    upload_time="2026-01-31T12:00:00.000000Z",
    provenance="https://index.test/integrity/spam",
)
SDIST = File("spam", "1.0", "spam-1.0.tar.gz", 99, "c" * 64)


class Anchors(HTMLParser):
    """Collects the links, their texts, and the meta elements of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.links: list[tuple[str, dict[str, str | None]]] = []
        self.metas: dict[str, str | None] = {}
        self._open: dict[str, str | None] | None = None
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self._open = dict(attrs)
        elif tag == "meta":
            self.metas[str(dict(attrs).get("name"))] = dict(attrs).get("content")

    def handle_data(self, data: str) -> None:
        if self._open is not None:
            self.links.append((data, self._open))
            self._open = None


def test_json_has_all_that_is_known_of_a_file() -> None:
    document = json.loads(render_project_json(make_simple_page("spam", [WHEEL])))
    assert document == {
        "meta": {"api-version": "1.4"},
        "name": "spam",
        "project-status": {"status": "active"},
        "versions": ["1.0"],
        "files": [
            {
                "filename": WHEEL.name,
                "url": f"../../files/{'a' * 64}/{WHEEL.name}",
                "hashes": {"sha256": "a" * 64},
                "size": 1234,
                "upload-time": "2026-01-31T12:00:00.000000Z",
                "requires-python": ">=3.9",
                "yanked": False,
                "core-metadata": {"sha256": "b" * 64},
                "data-dist-info-metadata": {"sha256": "b" * 64},
                "provenance": "https://index.test/integrity/spam",
            }
        ],
    }


def test_json_leaves_out_what_is_not_known() -> None:
    (row,) = json.loads(render_project_json(make_simple_page("spam", [SDIST])))["files"]
    assert row.keys() == {"filename", "url", "hashes", "size", "yanked"}
    (row,) = json.loads(render_project_json(make_simple_page("spam", [File("spam", "1", "spam-1.zip", 0, "d" * 64)])))[
        "files"
    ]
    assert "size" not in row, "an index that gave none"


def test_html_has_all_that_is_known_of_a_file() -> None:
    page = Anchors(render_project_html(make_simple_page("spam", [WHEEL, SDIST])))
    assert page.metas["pypi:repository-version"] == "1.4"
    assert page.metas["pypi:project-status"] == "active"
    assert page.links == [
        (
            WHEEL.name,
            {
                "href": f"../../files/{'a' * 64}/{WHEEL.name}#sha256={'a' * 64}",
                "data-requires-python": ">=3.9",
                "data-core-metadata": f"sha256={'b' * 64}",
                "data-dist-info-metadata": f"sha256={'b' * 64}",
                "data-provenance": "https://index.test/integrity/spam",
            },
        ),
        (SDIST.name, {"href": f"../../files/{'c' * 64}/{SDIST.name}#sha256={'c' * 64}"}),
    ]


@pytest.mark.parametrize(
    ("yanked", "json_value", "html_value"), [(None, False, None), ("", True, ""), ("<bad>", "<bad>", "<bad>")]
)
def test_yanked(yanked: str | None, json_value: object, html_value: str | None) -> None:
    page = make_simple_page("spam", [File("spam", "1", "spam-1.tar.gz", 1, "e" * 64, yanked=yanked)])
    assert json.loads(render_project_json(page))["files"][0]["yanked"] == json_value
    ((_, attributes),) = Anchors(render_project_html(page)).links
    assert attributes.get("data-yanked") == html_value


def test_status_and_its_reason_are_in_both_forms() -> None:
    page = make_simple_page("spam", [SDIST], status="archived", reason='no "more"')
    assert json.loads(render_project_json(page))["project-status"] == {"status": "archived", "reason": 'no "more"'}
    metas = Anchors(render_project_html(page)).metas
    assert (metas["pypi:project-status"], metas["pypi:project-status-reason"]) == ("archived", 'no "more"')


def test_files_are_in_the_order_of_their_versions() -> None:
    versions = ["1.10", "1.9", "not a version", "2.0rc1", "1.9.post1", "1!0.1"]
    files = [File("spam", version, f"spam-{number}.zip", 1, "f" * 64) for number, version in enumerate(versions)]
    document = json.loads(render_project_json(make_simple_page("spam", files)))
    assert document["versions"] == ["not a version", "1.9", "1.9.post1", "1.10", "2.0rc1", "1!0.1"]


def test_hostile_values_stay_values() -> None:
    evil = '"><script>alert(1)</script>'
    file = File("spam", "1", "spam-1.zip", 1, "0" * 64, requires_python=evil, yanked=evil, provenance=evil)
    page = make_simple_page("spam", [file], reason=evil)
    html = render_project_html(page)
    assert "<script" not in html
    ((_, attributes),) = Anchors(html).links
    assert attributes["data-requires-python"] == attributes["data-yanked"] == attributes["data-provenance"] == evil
    assert json.loads(render_project_json(page))["files"][0]["requires-python"] == evil


def test_addresses_of_files_with_local_versions_and_epochs_are_quoted() -> None:
    file = File("spam", "1!1.0+local", "spam-1!1.0+local-py3-none-any.whl", 1, "0" * 64)
    url = json.loads(render_project_json(make_simple_page("spam", [file])))["files"][0]["url"]
    assert url.endswith("/spam-1!1.0+local-py3-none-any.whl")


def test_list_of_projects() -> None:
    assert json.loads(render_index_json(["a", "b-c"])) == {
        "meta": {"api-version": "1.4"},
        "projects": [{"name": "a"}, {"name": "b-c"}],
    }
    page = Anchors(render_index_html(["a", "b-c"]))
    assert [(text, attributes["href"]) for text, attributes in page.links] == [("a", "a/"), ("b-c", "b-c/")]
    assert page.metas["pypi:repository-version"] == "1.4"
