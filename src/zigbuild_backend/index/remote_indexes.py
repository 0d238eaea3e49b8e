"""The other indexes that a repository gets bytes from."""

from __future__ import annotations

from dataclasses import dataclass

from .peers import Peers
from .upstream import Upstream


@dataclass(frozen=True)
class RemoteIndexes:
    """The upstream index, and other caches; each is None if there is none."""

    upstream: Upstream | None = None
    peers: Peers | None = None

    @property
    def urls(self) -> tuple[str, ...]:
        return tuple(url for remote in (self.upstream, self.peers) if remote for url in remote.urls)
