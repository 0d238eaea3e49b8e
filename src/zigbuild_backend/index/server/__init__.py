"""The server, a door: the index over HTTP, for installers, machines and people."""
