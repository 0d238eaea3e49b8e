"""Finds files in the indexes that pip is configured with: whoever can install packages has nothing more to set up.

Searching is done by the library *unearth*, which knows the index formats (PEP 503, PEP 691) and their passwords.
"""

from __future__ import annotations

import ast
import contextlib
import importlib.util
import logging
import re
import ssl
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..base.errors import MismatchError, NotFoundError

if TYPE_CHECKING:
    from unearth import Link, PackageFinder
    from unearth.fetchers import Fetcher, PyPIClient

_TIMEOUT = 60.0
_UV_NAMES = {
    "UV_INDEX_URL": "index-url",
    "UV_DEFAULT_INDEX": "index-url",
    "UV_EXTRA_INDEX_URL": "extra-index-url",
    "UV_INDEX": "extra-index-url",
    "UV_FIND_LINKS": "find-links",
}
"""uv's variables and the options of pip that they are like; a later one goes before an earlier one."""

_NAME = re.compile(r"(?<!\S)[\w.-]+=(?=\w+:)")
"""uv's indexes may have a name: ``name=URL``."""


@dataclass(frozen=True)
class Indexes:
    """Where to look for files, and how to get there.

    ``index_urls`` are indexes, where an empty one is the public default; ``find_links`` are pages or folders that have
    files themselves. ``cert`` is a file or folder of certificate authorities, ``client_cert`` a file with our own
    certificate and key; ``timeout`` is in seconds without a byte.
    """

    index_urls: tuple[str, ...] = ("",)
    find_links: tuple[str, ...] = ()
    trusted_hosts: tuple[str, ...] = ()
    cert: str = ""
    client_cert: str = ""
    proxy: str = ""
    timeout: float = _TIMEOUT


def read_indexes(environ: Mapping[str, str]) -> Indexes:
    """The indexes of pip's configuration files and of *environ*: ``PIP_…``, and where pip is not installed ``UV_…``."""
    has_pip = importlib.util.find_spec("pip") is not None
    return parse_indexes(_list_pip_options(environ) if has_pip else "", environ, is_uv_asked=not has_pip)


def parse_indexes(listed: str, environ: Mapping[str, str], *, is_uv_asked: bool = False) -> Indexes:
    """The indexes that *listed*, the output of ``pip config list``, and *environ* name.

    As for ``pip download``, the environment goes before the command's section, and that before the global one.
    """
    options: dict[str, str] = {}
    if is_uv_asked:
        options |= {option: environ[name] for name, option in _UV_NAMES.items() if environ.get(name)}
        options = {option: _NAME.sub("", value) for option, value in options.items()}
    sections: dict[str, dict[str, str]] = {"global": {}, "download": {}}
    for line in listed.splitlines():
        key, _, value = line.partition("=")
        section, _, option = key.partition(".")
        if section in sections:
            sections[section][option] = ast.literal_eval(value)
    options |= sections["global"] | sections["download"]
    options |= {
        name[len("PIP_") :].lower().replace("_", "-"): value
        for name, value in environ.items()
        if name.startswith("PIP_") and value
    }
    has_index = options.get("no-index", "").lower() not in ("1", "true", "yes", "on", "y", "t")
    timeout = options.get("timeout") or options.get("default-timeout") or ""
    return Indexes(
        index_urls=(options.get("index-url", ""), *options.get("extra-index-url", "").split()) if has_index else (),
        find_links=tuple(options.get("find-links", "").split()),
        trusted_hosts=tuple(options.get("trusted-host", "").split()),
        cert=options.get("cert", ""),
        client_cert=options.get("client-cert", ""),
        proxy=options.get("proxy", ""),
        timeout=float(timeout) if timeout.isdecimal() else _TIMEOUT,
    )


def _list_pip_options(environ: Mapping[str, str]) -> str:
    # Isolated, or a pip.py in the current folder would be run.
    command = [sys.executable, "-I", "-m", "pip", "config", "list"]
    done = subprocess.run(command, env=dict(environ), capture_output=True, text=True, encoding="utf-8", check=False)
    return "" if done.returncode else done.stdout


def stream_file(name: str, file_name: str, sha256: str, indexes: Indexes, hint: str) -> Iterator[bytes]:
    """The content, block by block, of the file *file_name* of the project *name*, which should have that sha256 (hex).

    What is yielded is not verified: an index may lie.

    :raises NotFoundError: with *hint* if no place has the file or can be reached; also if unearth is not installed.
    :raises MismatchError: if the files of that name have other hashes, as the indexes publish them.
    """
    with open_session(indexes, f"to download {file_name}") as session:
        link = _find_link(_open_places(indexes, session), name, file_name, sha256, hint)
        yield from stream_url(link.normalized, session, hint)


def list_files(name: str, indexes: Indexes, purpose: str) -> tuple[tuple[str, str], ...]:
    """The names of the files that the indexes have of the project *name*, what is near first, each with its sha256.

    Where an index publishes no hash it is empty.

    :raises NotFoundError: if none has any, or none can be reached; also, saying the *purpose*, without unearth.
    """
    with open_session(indexes, purpose) as session, _listening() as said:
        links = [link for place in _open_places(indexes, session) for link in _list_links(place, name, said)]
    if not links:
        raise NotFoundError(
            "; ".join([f"no index has anything of {name!r}", *said]),
            where=name,
            hint="name an index that has it: PIP_INDEX_URL, or 'pip config set global.index-url URL'",
        )
    return tuple((link.filename, (link.hash_option or {}).get("sha256", [""])[0]) for link in links)


def open_session(indexes: Indexes, purpose: str) -> PyPIClient:
    """What speaks with the *indexes* as pip would: with their certificates, proxy and passwords; it may be closed.

    :raises NotFoundError: saying the *purpose* if unearth is not installed.
    """
    try:
        from unearth.auth import MultiDomainBasicAuth
        from unearth.fetchers import PyPIClient
    except ImportError:
        raise NotFoundError(
            f"is needed {purpose}", where="unearth", hint="pip install 'zigbuild-backend[cli]'"
        ) from None
    session = PyPIClient(
        trusted_hosts=indexes.trusted_hosts,
        verify=_trust(indexes.cert),
        cert=indexes.client_cert or None,
        proxy=indexes.proxy or None,
        timeout=indexes.timeout,
        follow_redirects=True,
    )
    session.auth = MultiDomainBasicAuth(prompting=False, index_urls=[url for url in indexes.index_urls if url])
    return session


def stream_url(url: str, session: PyPIClient, hint: str) -> Iterator[bytes]:
    """The content of the file at *url*, block by block, not verified.

    :raises NotFoundError: with *hint* if it can't be had.
    """
    import httpx2

    try:
        # Servers may call a .tar.gz an encoding of a .tar; the hash is that of the file.
        with session.stream("GET", url, headers={"Accept-Encoding": "identity"}) as response:
            response.raise_for_status()
            yield from response.iter_raw()
    except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
        raise NotFoundError(f"cannot be fetched: {error}", where=redact(url), hint=hint) from None


def redact(url: str) -> str:
    """*url* as it may be shown: without its password and fragment."""
    from unearth import Link

    return Link(url).redacted


def _trust(cert: str) -> ssl.SSLContext | bool:
    if not cert:
        return True
    is_folder = Path(cert).is_dir()
    return ssl.create_default_context(cafile=None if is_folder else cert, capath=cert if is_folder else None)


def _open_places(indexes: Indexes, session: Fetcher) -> Iterator[PackageFinder]:
    """A finder for each place, what is near first; one for all would fail where one place cannot be reached."""
    from unearth import PackageFinder

    for place in indexes.find_links:
        yield PackageFinder(session, find_links=[place], ignore_compatibility=True, trusted_hosts=indexes.trusted_hosts)
    for url in sorted(indexes.index_urls, key=lambda url: not url.startswith("file:")):
        urls = [url] if url else []  # unearth knows the default
        yield PackageFinder(session, index_urls=urls, ignore_compatibility=True, trusted_hosts=indexes.trusted_hosts)


def _find_link(places: Iterable[PackageFinder], name: str, file_name: str, sha256: str, hint: str) -> Link:
    """The first link to the file whose published hash, if there is one, is *sha256*."""
    published = ""
    with _listening() as said:
        for place in places:
            for link in _list_links(place, name, said):
                if link.filename == file_name:
                    published = (link.hash_option or {}).get("sha256", [sha256])[0]
                    if published == sha256:
                        return link
    if published:
        raise MismatchError(
            f"has the sha256 {published} in the index, not {sha256}", where=file_name, hint="which of them is right?"
        )
    raise NotFoundError(
        "; ".join([f"no index has it for {name!r}", *said]),
        where=file_name,
        hint=f"{hint}\nor name an index that has it: PIP_INDEX_URL, or 'pip config set global.index-url URL'",
    )


def _list_links(place: PackageFinder, name: str, said: list[str]) -> list[Link]:
    """The files of a project in one place; where it can't be reached there are none, and *said* grows."""
    import httpx2

    try:
        return [package.link for package in place.find_all_packages(name, allow_yanked=True)]
    except (httpx2.HTTPError, OSError, ValueError) as error:
        said.append(str(error) or type(error).__name__)
        return []


@contextlib.contextmanager
def _listening() -> Iterator[list[str]]:
    """What unearth says meanwhile of places that it passes over: it logs, and the log would be printed."""
    said: list[str] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            said.append(record.getMessage())

    listener, logger = Listener(logging.WARNING), logging.getLogger("unearth")
    logger.addHandler(listener)
    try:
        yield said
    finally:
        logger.removeHandler(listener)
