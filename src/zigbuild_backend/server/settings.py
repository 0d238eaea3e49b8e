"""How the server is run, as one frozen value."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ServeSettings:
    """What an operator may choose, with what is good for most.

    ``patience`` is how many seconds a request waits for a wheel; ``accel`` is the prefix of nginx's internal location,
    empty where no nginx is in front; ``client_builds`` is how many recreations one client may wait for at once.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    patience: float = 25.0
    accel: str = ""
    client_builds: int = 32
    is_logging_requests: bool = True
