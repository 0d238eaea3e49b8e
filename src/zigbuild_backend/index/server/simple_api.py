"""The simple repository API for installers: PEP 503 and 629 as HTML, PEP 691 as JSON.

With versions, sizes and upload times (PEP 700), METADATA files (PEP 658 and 714), provenance (PEP 740) and project
status (PEP 792).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from packaging.version import InvalidVersion, Version

from ..files import File
from .routes import render_file_path

API_VERSION = "1.4"


@dataclass(frozen=True)
class SimplePage:
    """A project: its canonical name, its files, and its status of PEP 792, with the reason if there is one."""

    name: str
    files: tuple[File, ...]
    status: str = "active"
    reason: str = ""


def make_simple_page(name: str, files: Iterable[File], status: str = "active", reason: str = "") -> SimplePage:
    """Return the page of a project, with its files in the order of their versions."""
    return SimplePage(name, tuple(sorted(files, key=_order)), status, reason)


def render_project_json(page: SimplePage) -> str:
    """Return the page of a project in the JSON form of PEP 691."""
    document: dict[str, Any] = {
        "meta": {"api-version": API_VERSION},
        "name": page.name,
        "project-status": _render_status(page),
        "versions": list(dict.fromkeys(file.version for file in page.files)),
        "files": [_render_file(file) for file in page.files],
    }
    return _render_json(document)


def render_project_html(page: SimplePage) -> str:
    """Return the page of a project in the HTML form of PEP 503."""
    title = f"Links for {escape(page.name)}"
    status = f'<meta name="pypi:project-status" content="{escape(page.status)}">\n'
    if page.reason:
        status += f'<meta name="pypi:project-status-reason" content="{escape(page.reason)}">\n'
    links = [_render_link(file) for file in page.files]
    return _render_html(title, links, status)


def render_index_json(projects: Sequence[str]) -> str:
    """Return the list of all projects in the JSON form of PEP 691."""
    names = [{"name": name} for name in projects]
    return _render_json({"meta": {"api-version": API_VERSION}, "projects": names})


def render_index_html(projects: Sequence[str]) -> str:
    """Return the list of all projects in the HTML form of PEP 503."""
    return _render_html("Simple index", [f'<a href="{escape(name)}/">{escape(name)}</a>' for name in projects])


def parse_version(text: str) -> Version | None:
    """Return *text* as a version, or None if it is none, as in old releases."""
    try:
        return Version(text)
    except InvalidVersion:
        return None


def _order(file: File) -> tuple[bool, Version, str]:
    version = parse_version(file.version)
    return version is not None, version or Version("0"), file.name


def _render_status(page: SimplePage) -> dict[str, str]:
    return {"status": page.status, "reason": page.reason} if page.reason else {"status": page.status}


def _render_file(file: File) -> dict[str, Any]:
    row: dict[str, Any] = {
        "filename": file.name,
        "url": _locate(file),
        "hashes": {"sha256": file.sha256},
        "yanked": file.yanked or file.yanked is not None,
    }
    if file.size:  # 0 if upstream's page has no sizes
        row["size"] = file.size
    if file.upload_time:
        row["upload-time"] = file.upload_time
    if file.requires_python:
        row["requires-python"] = file.requires_python
    if file.metadata_sha256:
        row["core-metadata"] = row["data-dist-info-metadata"] = {"sha256": file.metadata_sha256}
    if file.provenance:
        row["provenance"] = file.provenance
    return row


def _render_link(file: File) -> str:
    attributes = {"href": f"{_locate(file)}#sha256={file.sha256}"}
    if file.requires_python:
        attributes["data-requires-python"] = file.requires_python
    if file.metadata_sha256:
        attributes["data-core-metadata"] = attributes["data-dist-info-metadata"] = f"sha256={file.metadata_sha256}"
    if file.yanked is not None:
        attributes["data-yanked"] = file.yanked
    if file.provenance:
        attributes["data-provenance"] = file.provenance
    written = " ".join(f'{name}="{escape(value)}"' for name, value in attributes.items())
    return f"<a {written}>{escape(file.name)}</a>"


def _locate(file: File) -> str:
    """Return the URL relative to a project's page, which is valid under every host and prefix of the server."""
    return f"../../{render_file_path(file.sha256, file.name)}"


def _render_json(document: dict[str, Any]) -> str:
    return json.dumps(document, separators=(",", ":"))


def _render_html(title: str, links: Iterable[str], head: str = "") -> str:
    lines = "".join(f"{link}<br>\n" for link in links)
    return (
        "<!DOCTYPE html>\n"
        '<html lang="en">\n'
        "<head>\n"
        '<meta charset="utf-8">\n'
        f'<meta name="pypi:repository-version" content="{API_VERSION}">\n'
        f"{head}<title>{title}</title>\n"
        "</head>\n"
        f"<body>\n<h1>{title}</h1>\n{lines}</body>\n</html>\n"
    )
