"""The settings of the server, as one frozen value."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ...core.base.errors import ConfigurationError

_LAST_PORT = 65535
_MOST_PATIENCE = 3600.0
_PREFIX = re.compile(r"(?:/[A-Za-z0-9._~-]+)+/?")


@dataclass(frozen=True)
class ServerSettings:
    """The options of ``zigbuild serve``.

    ``patience`` is the number of seconds that a request waits for a file; ``accel`` is the prefix of nginx's internal
    location, empty without nginx; ``client_builds`` is the number of recreations that one client can wait for at once.

    :raises ConfigurationError: if a value is out of range.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    patience: float = 25.0
    accel: str = ""
    client_builds: int = 32
    is_logging_requests: bool = True

    def __post_init__(self) -> None:
        if not 0 < self.port <= _LAST_PORT:
            raise ConfigurationError(f"must be from 1 to {_LAST_PORT}", where="--port", hint="see --help")
        if not 0 < self.patience <= _MOST_PATIENCE:
            problem = f"must be more than 0 and at most {_MOST_PATIENCE:.0f} seconds"
            raise ConfigurationError(problem, where="--patience", hint="clients and proxies have time limits, too")
        if self.accel and not _PREFIX.fullmatch(self.accel):
            problem = f"{self.accel!r} is no prefix of URL paths"
            raise ConfigurationError(problem, where="--accel", hint="for nginx's 'location /held/blobs/' it is /held")
