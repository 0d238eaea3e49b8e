"""Other caches: they may have bytes that were dropped here, and show which bytes a file name has elsewhere."""

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
"""The time for which a peer is not asked again after it gave wrong bytes."""

_TIMEOUT = 5.0  # seconds without a byte
_MAX_FILE_SECONDS = 600.0
_HINT = "check that the other cache is running"

Agreement = Literal["agree", "differ", "unknown"]


@dataclass(frozen=True)
class ChallengeAnswer:
    """The answer of another index about a file: whether it has the name with the same hash, and its file."""

    file: File
    state: Agreement
    theirs: File | None = None

    @property
    def is_independent(self) -> bool:
        """Return whether the index is independent evidence: the file was not downloaded from it."""
        return self.theirs is not None and self.theirs.origin != self.file.origin


def open_peers(urls: Sequence[str], environ: Mapping[str, str]) -> Peers:
    """Open the caches at *urls*, with the certificates, proxy and passwords of pip's configuration.

    :raises ConfigurationError: if one of them is no URL.
    :raises NotFoundError: if the packages that read indexes are not installed.
    """
    addresses = tuple(check_index_url(url) for url in urls)
    configuration = replace(read_pip_configuration(environ), index_urls=addresses)
    configuration = replace(configuration, timeout=min(configuration.timeout, _TIMEOUT))
    return Peers(addresses, open_session(configuration, "to ask other caches"))


class Peers:
    """The caches at *urls*, read through *session* in this order."""

    def __init__(self, urls: Sequence[str], session: PyPIClient) -> None:
        self.urls = tuple(urls)
        self._session = session
        self._suspended_until: dict[str, float] = {}
        self._guard = threading.Lock()

    def close(self) -> None:
        self._session.close()

    def list_trusted(self) -> tuple[str, ...]:
        """Return the peers that are not suspended, in order."""
        with self._guard:
            return tuple(url for url in self.urls if self._suspended_until.get(url, 0.0) <= time.monotonic())

    def suspend(self, url: str) -> None:
        """Do not ask that peer again for a while, since it gave wrong bytes."""
        with self._guard:
            self._suspended_until[url] = time.monotonic() + PENALTY_SECONDS

    def stream(self, url: str, file: File) -> Iterator[bytes]:
        """Yield the bytes that the peer at *url* has for *file*, without verifying them.

        :raises NotFoundError: if it lacks the file, lists another hash for it, or cannot be reached.
        :raises MismatchError: if its page is invalid, or the bytes are too many or take too long.
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
        """Yield the answer of the index at *url* about each of *files*.

        :raises UnreachableError: if it cannot be reached.
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
    """Record the answer to a challenge; the agreement of an independent index is the highest verification level."""
    if answer.theirs and answer.is_independent:
        is_good = answer.state == "agree"
        explanation = "" if is_good else f"{redact(url)} has the sha256 {answer.theirs.sha256}"
        ledger.record_verification(
            Verification(answer.file.sha256, 5, is_good, {"index": redact(url)}, explanation, render_now())
        )
