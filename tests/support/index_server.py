"""A server of pages and files for tests, which says what it is told to and remembers what it was asked."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

JSON = "application/vnd.pypi.simple.v1+json"


@dataclass(frozen=True)
class Answer:
    """The answer to a request."""

    body: bytes = b""
    content_type: str = "application/octet-stream"
    status: int = 200
    etag: str = ""
    location: str = ""


@dataclass
class IndexServer:
    """``answers`` by path; ``asked`` are the paths of the requests, each with its ``If-None-Match`` if it had one."""

    url: str = ""
    answers: dict[str, Answer] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    @property
    def index(self) -> str:
        """The address of its simple pages."""
        return f"{self.url}/simple/"

    def put_page(self, project: str, *entries: Mapping[str, Any], etag: str = "") -> None:
        document = {"meta": {"api-version": "1.1"}, "name": project, "files": list(entries)}
        self.answers[f"/simple/{project}/"] = Answer(json.dumps(document).encode(), JSON, etag=etag)

    def put_file(self, path: Path, **changes: Any) -> dict[str, Any]:
        """Serve a file, and return its row of a page."""
        data = path.read_bytes()
        self.answers[f"/files/{path.name}"] = Answer(data)
        return {
            "filename": path.name,
            "url": f"../../files/{path.name}",
            "hashes": {"sha256": hashlib.sha256(data).hexdigest()},
            "size": len(data),
            **changes,
        }


@contextmanager
def serving() -> Iterator[IndexServer]:
    """Yield a server on this machine, running meanwhile."""
    index = IndexServer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            known = self.headers.get("If-None-Match", "")
            index.asked.append(f"{self.path} {known}".strip())
            answer = index.answers.get(self.path, Answer(status=404))
            if known and known == answer.etag:
                answer = Answer(status=304, etag=known)
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.content_type)
            self.send_header("Content-Length", str(len(answer.body)))
            for name, value in (("ETag", answer.etag), ("Location", answer.location)):
                if value:
                    self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, *arguments: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever, args=[0.01])
        thread.start()
        index.url = f"http://127.0.0.1:{running.server_port}"
        try:
            yield index
        finally:
            running.shutdown()
            thread.join()
