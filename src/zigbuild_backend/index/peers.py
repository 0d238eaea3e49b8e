"""Other caches: places that may have bytes which were dropped here, and witnesses of the bytes a name has elsewhere."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from ..core.base.errors import NotFoundError
from ..core.fetch.downloads import MAX_DOWNLOAD
from ..core.fetch.http_client import open_session, redact, stream_url
from ..core.fetch.pip_configuration import read_pip_configuration
from .files import File, Verification
from .ledger import Ledger
from .ledger_history import render_now
from .remote_pages import check_index_url, limit_blocks, read_page

if TYPE_CHECKING:
    from unearth.fetchers import PyPIClient

PENALTY_SECONDS = 300.0
"""How long a peer is passed over after it gave wrong bytes."""

_TIMEOUT = 5.0  # seconds without a byte
_MAX_FILE_SECONDS = 600.0
_HINT = "is the other cache running?"

Agreement = Literal["agree", "differ", "unknown"]


@dataclass(frozen=True)
class ChallengeAnswer:
    """What another index says of a file: whether it has the name with the same bytes, and what it has."""

    file: File
    state: Agreement
    theirs: File | None = None

    @property
    def is_independent(self) -> bool:
        """Whether it is another witness than we are: we may have the file from that very place."""
        return self.theirs is not None and self.theirs.origin != self.file.origin


def open_peers(urls: Sequence[str], environ: Mapping[str, str]) -> Peers:
    """The caches at *urls*, with the certificates, proxy and passwords of pip's configuration.

    :raises ConfigurationError: if one of them is no URL.
    :raises NotFoundError: if what speaks with indexes is not installed.
    """
    addresses = tuple(check_index_url(url) for url in urls)
    configuration = replace(read_pip_configuration(environ), index_urls=addresses)
    configuration = replace(configuration, timeout=min(configuration.timeout, _TIMEOUT))
    return Peers(addresses, open_session(configuration, "to ask other caches"))


class Peers:
    """The caches at *urls*, which are asked in this order, through *session*."""

    def __init__(self, urls: Sequence[str], session: PyPIClient) -> None:
        self.urls = tuple(urls)
        self._session = session
        self._passed_over: dict[str, float] = {}
        self._guard = threading.Lock()

    def close(self) -> None:
        self._session.close()

    def list_willing(self) -> tuple[str, ...]:
        """The peers that did not give wrong bytes lately, in their order."""
        with self._guard:
            return tuple(url for url in self.urls if self._passed_over.get(url, 0.0) <= time.monotonic())

    def pass_over(self, url: str) -> None:
        """Asks that peer no more for a while, since it gave wrong bytes."""
        with self._guard:
            self._passed_over[url] = time.monotonic() + PENALTY_SECONDS

    def stream(self, url: str, file: File) -> Iterator[bytes]:
        """The bytes that the peer at *url* has for *file*, if it calls them the same. They are not verified yet.

        :raises NotFoundError: if it has none, has others, or can't be reached.
        :raises MismatchError: if its page is none, or as soon as the bytes are too many or take too long.
        """
        page = read_page(self._session, url, file.project).page
        found = next((other for other in page.files if other.name == file.name), None) if page else None
        if found is None:
            raise NotFoundError("does not have it", where=redact(url))
        if found.sha256 != file.sha256:
            raise NotFoundError(f"has it with the sha256 {found.sha256}", where=redact(url))
        blocks = stream_url(found.origin, self._session, _HINT)
        return limit_blocks(blocks, file.size or MAX_DOWNLOAD, _MAX_FILE_SECONDS, file.name)

    def challenge(self, url: str, files: Iterable[File]) -> Iterator[ChallengeAnswer]:
        """What the index at *url* says of each of *files*.

        :raises UnreachableError: if it can't be reached.
        :raises MismatchError: if it is no index.
        """
        projects: dict[str, list[File]] = {}
        for file in files:
            projects.setdefault(file.project, []).append(file)
        for project, ours in projects.items():
            page = read_page(self._session, url, project).page
            theirs = {file.name: file for file in page.files} if page else {}
            for file in ours:
                found = theirs.get(file.name)
                yield ChallengeAnswer(file, _compare(file, found), found)


def _compare(file: File, found: File | None) -> Agreement:
    if found is None:
        return "unknown"
    return "agree" if found.sha256 == file.sha256 else "differ"


def record_challenge(ledger: Ledger, url: str, answer: ChallengeAnswer) -> None:
    """Keeps what came of a challenge: that two independent caches agree is the highest level of verification."""
    if answer.theirs and answer.is_independent:
        is_good = answer.state == "agree"
        explanation = "" if is_good else f"{redact(url)} has the sha256 {answer.theirs.sha256}"
        ledger.add_verdict(
            Verification(answer.file.sha256, 5, is_good, {"index": redact(url)}, explanation, render_now())
        )
