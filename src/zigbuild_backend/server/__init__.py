"""The server, a door: the index over HTTP, for installers, machines and people."""

from .app import create_app
from .journal import Journal
from .settings import ServeSettings

__all__ = ["Journal", "ServeSettings", "create_app"]
