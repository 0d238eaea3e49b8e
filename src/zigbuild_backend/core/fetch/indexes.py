"""Finds files in the indexes that pip is configured with.

The library *unearth* does the search: it reads the index formats (PEP 503, PEP 691).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from ..base.errors import MismatchError, NotFoundError
from .http_client import open_session, stream_url
from .pip_configuration import PipConfiguration

if TYPE_CHECKING:
    from unearth import Link, PackageFinder
    from unearth.fetchers import Fetcher

_HINT = "name an index that has it: PIP_INDEX_URL, or 'pip config set global.index-url URL'"


def stream_file(name: str, file_name: str, sha256: str, configuration: PipConfiguration, hint: str) -> Iterator[bytes]:
    """Yield the content, block by block, of the file *file_name* of the project *name*, with the hash *sha256* (hex).

    The bytes are not verified: an index may publish the hash of another file.

    :raises NotFoundError: with *hint*, if no place has the file or can be reached; also if unearth is not installed.
    :raises MismatchError: if the files of that name have other hashes, as the indexes publish them.
    """
    with open_session(configuration, f"to download {file_name}") as session:
        link = _find_link(_list_places(configuration, session), name, file_name, sha256, hint)
        yield from stream_url(link.normalized, session, hint)


def list_files(name: str, configuration: PipConfiguration, purpose: str) -> tuple[tuple[str, str], ...]:
    """Return the names of the files that the indexes have of the project *name*, nearest first, each with its sha256.

    The sha256 (hex) is empty where an index publishes none.

    :raises NotFoundError: if no index has any or can be reached; also, saying the *purpose*, without unearth.
    """
    with open_session(configuration, purpose) as session, _collect_warnings() as warnings:
        places = _list_places(configuration, session)
        links = [link for place in places for link in _list_links(place, name, warnings)]
    if not links:
        raise NotFoundError("; ".join([f"no index has a file of {name!r}", *warnings]), where=name, hint=_HINT)
    return tuple((link.filename, (link.hash_option or {}).get("sha256", [""])[0]) for link in links)


def _list_places(configuration: PipConfiguration, session: Fetcher) -> Iterator[PackageFinder]:
    """Yield a finder for each place, nearest first; one finder for all would fail if one place cannot be reached."""
    from unearth import PackageFinder

    hosts = configuration.trusted_hosts
    for place in configuration.find_links:
        yield PackageFinder(session, find_links=[place], ignore_compatibility=True, trusted_hosts=hosts)
    for url in sorted(configuration.index_urls, key=lambda url: not url.startswith("file:")):
        urls = [url] if url else []  # without any, unearth takes the default
        yield PackageFinder(session, index_urls=urls, ignore_compatibility=True, trusted_hosts=hosts)


def _find_link(places: Iterable[PackageFinder], name: str, file_name: str, sha256: str, hint: str) -> Link:
    """Return the first link to the file whose published hash, if there is one, is *sha256*."""
    published = ""
    with _collect_warnings() as warnings:
        for place in places:
            for link in _list_links(place, name, warnings):
                if link.filename == file_name:
                    published = (link.hash_option or {}).get("sha256", [sha256])[0]
                    if published == sha256:
                        return link
    if published:
        raise MismatchError(
            f"has the sha256 {published} in the index, not {sha256}",
            where=file_name,
            hint="find out which of the two its author published, and correct the other",
        )
    problem = "; ".join([f"no index has it for {name!r}", *warnings])
    raise NotFoundError(problem, where=file_name, hint=f"{hint}\nor {_HINT}")


def _list_links(place: PackageFinder, name: str, warnings: list[str]) -> list[Link]:
    """Return the files of a project in one place; if it cannot be reached there are none, and *warnings* grows."""
    import httpx2

    try:
        return [package.link for package in place.find_all_packages(name, allow_yanked=True)]
    except (httpx2.HTTPError, OSError, ValueError) as error:
        warnings.append(str(error) or type(error).__name__)
        return []


@contextlib.contextmanager
def _collect_warnings() -> Iterator[list[str]]:
    """Collect the warnings that unearth logs of places that it passes over, which would be printed otherwise."""
    import logging

    warnings: list[str] = []

    class Collector(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            warnings.append(record.getMessage())

    collector, logger = Collector(logging.WARNING), logging.getLogger("unearth")
    logger.addHandler(collector)
    try:
        yield warnings
    finally:
        logger.removeHandler(collector)
