"""Reads project pages of other indexes; invalid entries are left out, each with a problem.

Formats: PEP 691 (JSON, with the fields of PEP 700, 714 and 740), and PEP 503 (HTML), which the library *unearth*
parses.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit, urlunsplit

from ..core.base.errors import ConfigurationError, MismatchError, NotFoundError, Problem
from ..core.fetch.http_client import redact
from .files import File, is_sha256, parse_file_name

if TYPE_CHECKING:
    from unearth.fetchers import PyPIClient


class UnreachableError(NotFoundError):
    """An index cannot be reached, or fails; this does not mean that it lacks the project."""


MAX_PAGE_BYTES = 64 << 20
"""The largest size of a page, in bytes."""

MAX_PAGE_SECONDS = 60.0
"""The longest time that the download of a page can take, however steadily it goes on."""

_ACCEPT = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html; q=0.2, text/html; q=0.01"
_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+!-]{0,250}")

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z")


@dataclass(frozen=True)
class RemotePage:
    """The files that an index lists for a project, and the problems of the entries that were left out."""

    files: tuple[File, ...]
    refused: tuple[Problem, ...] = ()


@dataclass(frozen=True)
class PageReply:
    """The reply of an index; ``page`` is None if it lacks the project, or if the page is unchanged."""

    page: RemotePage | None
    etag: str = ""
    is_unchanged: bool = False


def read_page(session: PyPIClient, index: str, project: str, etag: str = "") -> PageReply:
    """Read the page of *project* (a canonical name) from the index at the URL *index*; *etag* is that of the known one.

    :raises UnreachableError: if the index cannot be reached, or fails.
    :raises MismatchError: if its reply is no page of an index.
    """
    import httpx2

    url = f"{index.rstrip('/')}/{project}/"
    if url.startswith("file:"):
        url += "index.html"
    headers = {"Accept": _ACCEPT} | ({"If-None-Match": etag} if etag else {})
    try:
        with session.stream("GET", url, headers=headers) as response:
            if response.status_code == httpx2.codes.NOT_MODIFIED:
                return PageReply(None, etag, is_unchanged=True)
            if response.status_code in (httpx2.codes.NOT_FOUND, httpx2.codes.GONE):
                return PageReply(None)
            response.raise_for_status()
            data = b"".join(limit_blocks(response.iter_bytes(), MAX_PAGE_BYTES, MAX_PAGE_SECONDS, redact(url)))
            content_type = response.headers.get("Content-Type", "")
            page = parse_page(data, content_type, str(response.url), project)
            return PageReply(page, response.headers.get("ETag", ""))
    except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
        problem = f"cannot be reached: {str(error) or type(error).__name__}"
        raise UnreachableError(problem, where=redact(url), hint="check the URL, and the network") from None


def limit_blocks(blocks: Iterator[bytes], size: int, seconds: float, where: str) -> Iterator[bytes]:
    """Yield *blocks*, up to *size* bytes in total and within *seconds*; *where* names them in messages.

    :raises MismatchError: if they are more, or take longer.
    """
    end, total = time.monotonic() + seconds, 0
    for block in blocks:
        total += len(block)
        if total > size:
            raise MismatchError(f"is larger than {size} bytes", where=where, hint="check the URL of the index")
        if time.monotonic() > end:
            raise MismatchError(f"took longer than {seconds:.0f} s", where=where, hint="try again later")
        yield block


def parse_page(data: bytes, content_type: str, url: str, project: str) -> RemotePage:
    """Return the files of *project* on a page that was read from *url*.

    :raises MismatchError: if it is no page of an index.
    """
    try:
        if content_type.startswith("application/vnd.pypi.simple.v1+json"):
            entries = _list_json_entries(json.loads(data))
        elif content_type.startswith(("application/vnd.pypi.simple.v1+html", "text/html")):
            entries = _list_html_entries(data, url)
        else:
            raise ValueError(f"its content type is {content_type!r}")
    except (ValueError, RecursionError) as error:
        problem = f"is no page of an index: {error}"
        raise MismatchError(problem, where=redact(url), hint="check that the URL is that of an index") from None
    files: dict[str, File] = {}
    refused: list[Problem] = []
    for entry in entries:
        name = str(entry.get("filename", ""))[:250] if isinstance(entry, dict) else ""
        try:
            file = parse_entry(entry, url, project)
            if files.setdefault(file.name, file) != file:
                raise ValueError("is listed twice, with different data")
            files[file.name] = file
        except ValueError as error:
            refused.append(Problem(f"is left out: {error}", where=ascii(name)))
    return RemotePage(tuple(files.values()), tuple(refused))


def parse_entry(entry: Any, base: str, project: str) -> File:
    """Return the file that an entry of a PEP 691 page describes; relative URLs in it are resolved against *base*.

    :raises ValueError: if the entry is invalid.
    """
    if not isinstance(entry, dict):
        raise ValueError("is no JSON object")
    name = entry.get("filename")
    if not isinstance(name, str) or not _FILE_NAME.fullmatch(name):
        raise ValueError("is no valid file name")
    hashes = entry.get("hashes")
    sha256 = hashes.get("sha256") if isinstance(hashes, dict) else None
    if not isinstance(sha256, str) or not is_sha256(sha256):
        raise ValueError("has no sha256")
    size, yanked = entry.get("size"), entry.get("yanked")
    uploaded, requires = entry.get("upload-time"), entry.get("requires-python")
    return File(
        project=project,
        version=_parse_version(name, project),
        name=name,
        size=size if isinstance(size, int) and not isinstance(size, bool) and size >= 0 else 0,
        sha256=sha256,
        requires_python=requires if isinstance(requires, str) and requires.isprintable() else "",
        metadata_sha256=_parse_metadata_hash(entry),
        upload_time=uploaded if isinstance(uploaded, str) and _TIME.fullmatch(uploaded) else "",
        yanked=(yanked if isinstance(yanked, str) else "") if yanked else None,
        origin=_resolve(entry.get("url"), base),
        provenance=_resolve(entry["provenance"], base) if entry.get("provenance") else "",
        spec="",
    )


def _list_json_entries(table: Any) -> list[Any]:
    if not isinstance(table, dict) or not isinstance(table.get("files"), list):
        raise ValueError("it has no list of files")
    meta = table.get("meta")
    version = meta.get("api-version") if isinstance(meta, dict) else None
    if not isinstance(version, str) or version.partition(".")[0] != "1":
        raise ValueError(f"its api-version is {version!r}")
    files: list[Any] = table["files"]
    return files


def _list_html_entries(data: bytes, url: str) -> list[dict[str, Any]]:
    """Return the anchors of a PEP 503 page as entries of PEP 691."""
    from unearth import Link
    from unearth.collector import IndexPage, parse_html_page

    return [
        {
            "filename": link.filename,
            "url": link.url_without_fragment,
            "hashes": {name: values[0] for name, values in (link.hash_option or {}).items()},
            "requires-python": link.requires_python,
            "core-metadata": link.dist_info_metadata,
            "yanked": link.yank_reason or link.is_yanked,
        }
        for link in parse_html_page(IndexPage(Link(url), data, None, ""))
    ]


def _parse_version(name: str, project: str) -> str:
    """Return the version in a file name.

    :raises ValueError: if it is not a file name of *project*.
    """
    try:
        found, version = parse_file_name(name)
    except ConfigurationError as error:
        raise ValueError(error.problems[0].message) from None
    if found != project:
        raise ValueError(f"is a file of {found}, not of {project}")
    return version


def _parse_metadata_hash(entry: Mapping[str, Any]) -> str:
    """Return the sha256 of METADATA under the key of PEP 714, or one of its older names; empty if there is none."""
    keys = ("core-metadata", "dist-info-metadata", "data-dist-info-metadata")
    hashes = next((entry[key] for key in keys if entry.get(key)), None)
    sha256 = hashes.get("sha256") if isinstance(hashes, dict) else None
    return sha256 if isinstance(sha256, str) and is_sha256(sha256) else ""


def _resolve(url: Any, base: str) -> str:
    """Return *url* resolved against *base*, without credentials and fragment; ``file:`` only if *base* is a file.

    :raises ValueError: if *url* is invalid, or has another scheme.
    """
    if not isinstance(url, str) or not url.isprintable():
        raise ValueError("has no valid URL")
    parts = urlsplit(urljoin(base, url))
    allowed = ("file",) if base.startswith("file:") else ("http", "https")
    if parts.scheme not in allowed or not (parts.hostname or parts.scheme == "file"):
        raise ValueError(f"has a URL that is not {' or '.join(allowed)}")
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], fragment=""))


def check_index_url(url: str) -> str:
    """Return *url*, the URL of an index.

    :raises ConfigurationError: if it cannot be one.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https", "file") or not (parts.hostname or parts.scheme == "file"):
        raise ConfigurationError(
            "is no URL of an index", where=url, hint="give the URL of its simple pages: https://HOST/simple/"
        )
    return url
