"""The upstream index: what it has of a project is remembered in the ledger, and its files are fetched by their hashes.

A project that has local files is never looked up: nobody can put a file into it by using its name at an index
(dependency confusion). What upstream once had stays known when it is deleted there, or when upstream can't be reached.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..core.base.errors import MismatchError, NotFoundError, Problem
from ..core.fetch.downloads import MAX_DOWNLOAD
from ..core.fetch.http_client import open_session, stream_url
from ..core.fetch.pip_configuration import read_pip_configuration
from .files import File
from .ledger import Ledger, LedgerEntry
from .remote_pages import RemotePage, UnreachableError, check_index_url, limit_blocks, read_page

if TYPE_CHECKING:
    from unearth.fetchers import PyPIClient

FRESH_SECONDS = 60.0
"""How long a page is taken for current without asking."""

MAX_FILE_SECONDS = 1800.0
"""How long a file may take, however steadily it drips."""

_TIMEOUT = 20.0  # seconds without a byte, if pip's is not less: somebody waits for the answer
_MAX_METADATA = 16 << 20
_REMEMBERED = 4096
_TOPIC = "upstream page"
_HINT = "check the upstream index, and the network"

ProblemListener = Callable[[Problem], None]
"""Told of what is unfit or not to be had, where that stops nothing."""


@dataclass(frozen=True)
class _LookUp:
    """When a project was looked up, on the monotonic clock, and what is raised for it meanwhile, if anything is."""

    at: float
    error: NotFoundError | None = None


def open_upstream(
    ledger: Ledger, address: str | None, environ: Mapping[str, str], listen: ProblemListener = lambda problem: None
) -> Upstream | None:
    """The upstream at *address*, by default the indexes that pip is configured with; None if there is to be none.

    :raises ConfigurationError: if *address* is neither ``none`` nor a URL.
    :raises NotFoundError: if what speaks with indexes is not installed.
    """
    if address == "none":  # no need to ask pip then, which takes its time
        return None
    configuration = read_pip_configuration(environ)
    if address is not None:
        configuration = replace(configuration, index_urls=(check_index_url(address),))
    if not configuration.index_urls:
        return None
    configuration = replace(configuration, timeout=min(configuration.timeout, _TIMEOUT))
    session = open_session(configuration, "to ask the upstream index")
    return Upstream(ledger, [url or _default_index() for url in configuration.index_urls], session, listen)


def _default_index() -> str:
    from unearth import PackageFinder

    return PackageFinder().sources[0]["url"]


def select_visible(files: Iterable[File]) -> tuple[File, ...]:
    """The files of a project that it shows: if some are our own, those only, whatever upstream has by that name."""
    known = tuple(files)
    local = tuple(file for file in known if file.is_local)
    return local or known


class Upstream:
    """The indexes at *urls*, through *session*. A project is that of the first one that knows it, never a mixture."""

    def __init__(
        self, ledger: Ledger, urls: Sequence[str], session: PyPIClient, listen: ProblemListener = lambda problem: None
    ) -> None:
        self._ledger = ledger
        self.urls = tuple(urls)
        self._session = session
        self._listen = listen
        self._checked: OrderedDict[str, _LookUp] = OrderedDict()
        self._guard = threading.Lock()
        # Projects share a few locks, and few are remembered: clients choose the names, and may not fill the memory.
        self._turns = tuple(threading.Lock() for _ in range(64))

    def close(self) -> None:
        self._session.close()

    def refresh(self, project: str) -> None:
        """Brings what the ledger has of *project* (a canonical name) up to date, if that was not done just before.

        :raises NotFoundError: if no upstream index knows it, and the ledger doesn't either.
        :raises UnreachableError: if upstream can't be asked, and nothing is remembered.
        """
        if self._is_fresh(project):
            return
        with self._turns[hash(project) % len(self._turns)]:
            if self._is_fresh(project):  # somebody did it while we waited
                return
            known = self._ledger.files(project)
            error = None
            if not any(file.is_local for file in known):
                error = self._look_up(project, known)
                if error and known:
                    self._listen(Problem(f"what is remembered of it stands: {error}", where=project))
                    error = None
            self._note(project, error)
        if error:
            raise error

    def stream(self, file: File) -> Iterator[bytes]:
        """The bytes of *file*, which came from upstream. They are not verified yet.

        :raises NotFoundError: if they can't be had.
        :raises MismatchError: as soon as there are too many of them, or they take too long.
        """
        if file.is_local:
            raise NotFoundError("did not come from an upstream index", where=file.name)
        blocks = stream_url(file.origin, self._session, _HINT)
        return limit_blocks(blocks, file.size or MAX_DOWNLOAD, MAX_FILE_SECONDS, file.name)

    def metadata(self, file: File) -> bytes:
        """The METADATA of *file*, from the ledger, or from upstream and then kept there.

        :raises NotFoundError: if upstream does not publish it, or can't be reached.
        :raises MismatchError: if it is not the one that upstream published.
        """
        try:
            return self._ledger.metadata(file.sha256)
        except NotFoundError:
            if file.is_local or not file.metadata_sha256:
                raise
        blocks = stream_url(f"{file.origin}.metadata", self._session, _HINT)
        data = b"".join(limit_blocks(blocks, _MAX_METADATA, MAX_FILE_SECONDS, f"{file.name}.metadata"))
        if hashlib.sha256(data).hexdigest() != file.metadata_sha256:
            raise MismatchError("upstream has another METADATA than it says", where=file.name, hint="try again later")
        self._ledger.record(file, metadata=data)
        return data

    def _is_fresh(self, project: str) -> bool:
        """Whether it was looked up just before; raises what came of that."""
        with self._guard:
            checked = self._checked.get(project)
        if checked is None or time.monotonic() - checked.at > FRESH_SECONDS:
            return False
        if checked.error:
            raise type(checked.error).of(checked.error.problems)  # one that is raised twice remembers both ways
        return True

    def _note(self, project: str, error: NotFoundError | None) -> None:
        with self._guard:
            self._checked[project] = _LookUp(time.monotonic(), error)
            self._checked.move_to_end(project)
            if len(self._checked) > _REMEMBERED:
                self._checked.popitem(last=False)

    def _look_up(self, project: str, known: Sequence[File]) -> NotFoundError | None:
        """Records what the first index that knows *project* has; else gives the reason why there is nothing new."""
        for url in self.urls:
            topic = f"{_TOPIC} {url}"
            note = self._ledger.recall(topic, project) if known else None
            etag = note[0].decode() if note else ""
            try:
                reply = read_page(self._session, url, project, etag)
            except (NotFoundError, MismatchError) as error:
                # A later index must not take over what may be an earlier one's.
                return UnreachableError.of(error.problems)
            if reply.page:
                self._record(reply.page, known)
                if reply.etag != etag:
                    self._ledger.remember(topic, project, reply.etag.encode())
            if reply.page or reply.is_unchanged:
                return None
        return NotFoundError("no upstream index knows it", where=project)

    def _record(self, page: RemotePage, known: Sequence[File]) -> None:
        """Records the files of *page*, and tells of those that are unfit or have other bytes than they had."""
        sizes = {(file.name, file.sha256): file.size for file in known}
        # Pages without sizes are filled in from better ones, and never the other way round.
        entries = [
            LedgerEntry(replace(file, size=sizes.get((file.name, file.sha256), file.size))) for file in page.files
        ]
        for problem in (*page.refused, *self._ledger.record_all(entries)):
            self._listen(problem)
