"""How the server is run, as one frozen value."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ...core.base.errors import ConfigurationError

_LAST_PORT = 65535
_MOST_PATIENCE = 3600.0
_PREFIX = re.compile(r"(?:/[A-Za-z0-9._~-]+)+/?")


@dataclass(frozen=True)
class ServerSettings:
    """What an operator may choose, with what is good for most.

    ``patience`` is how many seconds a request waits for a wheel; ``accel`` is the prefix of nginx's internal location,
    empty where no nginx is in front; ``client_builds`` is how many recreations one client may wait for at once.

    :raises ConfigurationError: if one of them is impossible.
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
            raise ConfigurationError(problem, where="--patience", hint="clients and proxies give up at some time, too")
        if self.accel and not _PREFIX.fullmatch(self.accel):
            problem = f"{self.accel!r} is no prefix of addresses"
            raise ConfigurationError(
                problem, where="--accel", hint="it is as in nginx's 'location /held/blobs/': /held"
            )
