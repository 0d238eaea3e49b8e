"""The upstream index: its pages are recorded in the ledger, and its files are downloaded by their hashes.

A project with local files is never looked up, so that nobody can add a file to it under its name at another index
(dependency confusion). Files that upstream deletes stay recorded, also while upstream cannot be reached.
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
"""The time during which a page is not requested again."""

MAX_FILE_SECONDS = 1800.0
"""The longest time that the download of a file can take, however steadily it goes on."""

_TIMEOUT = 20.0  # seconds without a byte, if pip's timeout is not shorter: a client waits for the response
_MAX_METADATA = 16 << 20
_MAX_LOOK_UPS = 4096
_TOPIC = "upstream page"
_HINT = "check the upstream index, and the network"

ProblemListener = Callable[[Problem], None]
"""Is called with each invalid entry or failed request that does not stop the operation."""


@dataclass(frozen=True)
class _LookUp:
    """The time of a project's last look-up, on the monotonic clock, and the error that it ended with, if any."""

    at: float
    error: NotFoundError | None = None


def open_upstream(
    ledger: Ledger, address: str | None, environ: Mapping[str, str], listen: ProblemListener = lambda problem: None
) -> Upstream | None:
    """Open the upstream at *address*, by default the indexes in pip's configuration; return None if there is none.

    :raises ConfigurationError: if *address* is neither ``none`` nor a URL.
    :raises NotFoundError: if the packages that read indexes are not installed.
    """
    if address == "none":  # before pip is asked, which takes long
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
    """Return the files of a project that are shown: the local ones if there are any, else those from upstream."""
    known = tuple(files)
    local = tuple(file for file in known if file.is_local)
    return local or known


class Upstream:
    """The indexes at *urls*, read through *session*; a project is taken from the first index that has it."""

    def __init__(
        self, ledger: Ledger, urls: Sequence[str], session: PyPIClient, listen: ProblemListener = lambda problem: None
    ) -> None:
        self._ledger = ledger
        self.urls = tuple(urls)
        self._session = session
        self._listen = listen
        self._look_ups: OrderedDict[str, _LookUp] = OrderedDict()
        self._guard = threading.Lock()
        # The number of locks and of look-ups is limited, since clients choose the names and could fill the memory.
        self._project_locks = tuple(threading.Lock() for _ in range(64))

    def close(self) -> None:
        self._session.close()

    def refresh(self, project: str) -> None:
        """Record the current page of *project* (a canonical name), unless it was looked up just before.

        :raises NotFoundError: if neither an upstream index nor the ledger has it.
        :raises UnreachableError: if upstream cannot be asked, and the ledger has no file of it.
        """
        if self._is_fresh(project):
            return
        with self._project_locks[hash(project) % len(self._project_locks)]:
            if self._is_fresh(project):  # another thread looked it up meanwhile
                return
            known = self._ledger.files(project)
            error = None
            if not any(file.is_local for file in known):
                error = self._look_up(project, known)
                if error and known:
                    self._listen(Problem(f"cannot be looked up; its recorded files are served: {error}", where=project))
                    error = None
            self._note_look_up(project, error)
        if error:
            raise error

    def stream(self, file: File) -> Iterator[bytes]:
        """Yield the bytes of *file*, which was found at upstream, without verifying them.

        :raises NotFoundError: if they cannot be downloaded.
        :raises MismatchError: if they are too many, or take too long.
        """
        if file.is_local:
            raise NotFoundError("was not found at an upstream index", where=file.name)
        blocks = stream_url(file.origin, self._session, _HINT)
        return limit_blocks(blocks, file.size or MAX_DOWNLOAD, MAX_FILE_SECONDS, file.name)

    def metadata(self, file: File) -> bytes:
        """Return the METADATA of *file* from the ledger, or download it from upstream and record it.

        :raises NotFoundError: if upstream does not publish it, or cannot be reached.
        :raises MismatchError: if it has not the hash on upstream's page.
        """
        try:
            return self._ledger.metadata(file.sha256)
        except NotFoundError:
            if file.is_local or not file.metadata_sha256:
                raise
        blocks = stream_url(f"{file.origin}.metadata", self._session, _HINT)
        data = b"".join(limit_blocks(blocks, _MAX_METADATA, MAX_FILE_SECONDS, f"{file.name}.metadata"))
        if hashlib.sha256(data).hexdigest() != file.metadata_sha256:
            raise MismatchError(
                "the METADATA at upstream has not the hash on upstream's page", where=file.name, hint="try again later"
            )
        self._ledger.record(file, metadata=data)
        return data

    def _is_fresh(self, project: str) -> bool:
        """Return whether the project was looked up just before; raise the error that this ended with."""
        with self._guard:
            look_up = self._look_ups.get(project)
        if look_up is None or time.monotonic() - look_up.at > FRESH_SECONDS:
            return False
        if look_up.error:
            raise type(look_up.error).of(look_up.error.problems)  # a new one: each raise adds to the traceback
        return True

    def _note_look_up(self, project: str, error: NotFoundError | None) -> None:
        with self._guard:
            self._look_ups[project] = _LookUp(time.monotonic(), error)
            self._look_ups.move_to_end(project)
            if len(self._look_ups) > _MAX_LOOK_UPS:
                self._look_ups.popitem(last=False)

    def _look_up(self, project: str, known: Sequence[File]) -> NotFoundError | None:
        """Record the page of the first index that has *project*; return the error if none has."""
        for url in self.urls:
            topic = f"{_TOPIC} {url}"
            note = self._ledger.read_note(topic, project) if known else None
            etag = note[0].decode() if note else ""
            try:
                reply = read_page(self._session, url, project, etag)
            except (NotFoundError, MismatchError) as error:
                # The project can be that of this index, so a later one must not supply it.
                return UnreachableError.of(error.problems)
            if reply.page:
                self._record(reply.page, known)
                if reply.etag != etag:
                    self._ledger.write_note(topic, project, reply.etag.encode())
            if reply.page or reply.is_unchanged:
                return None
        return NotFoundError("no upstream index has it", where=project)

    def _record(self, page: RemotePage, known: Sequence[File]) -> None:
        """Record the files of *page*; report those that are invalid, or have other bytes than before."""
        sizes = {(file.name, file.sha256): file.size for file in known}
        # HTML pages have no sizes: a recorded size is kept.
        entries = [
            LedgerEntry(replace(file, size=sizes.get((file.name, file.sha256), file.size))) for file in page.files
        ]
        for problem in (*page.refused, *self._ledger.record_all(entries)):
            self._listen(problem)
