"""Puts wheels into a devpi-server, by its HTTP interface."""

from __future__ import annotations

import base64
import json
import urllib.request
import uuid
from typing import Any

from corpus import Wheel


def fill(url: str, wheels: list[Wheel]) -> None:
    """Makes the index ``bench/dev`` of the server at *url*, with *wheels* in it."""
    token = _send_json(f"{url}+login", {"user": "root", "password": ""}, "POST")["result"]["password"]
    _send_json(f"{url}bench", {"password": "bench"}, "PUT", f"root:{token}")
    token = _send_json(f"{url}+login", {"user": "bench", "password": "bench"}, "POST")["result"]["password"]
    _send_json(f"{url}bench/dev", {"type": "stage", "bases": []}, "PUT", f"bench:{token}")
    for wheel in wheels:
        _upload(f"{url}bench/dev/", wheel, f"bench:{token}")


def _send_json(url: str, document: dict[str, Any], method: str, account: str = "") -> dict[str, Any]:
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    request = urllib.request.Request(url, json.dumps(document).encode(), headers, method=method)
    if account:
        request.add_header("X-Devpi-Auth", base64.b64encode(account.encode()).decode())
    with urllib.request.urlopen(request, timeout=60) as response:
        answer: dict[str, Any] = json.load(response)
        return answer


def _upload(url: str, wheel: Wheel, account: str) -> None:
    boundary = uuid.uuid4().hex
    fields = {
        ":action": "file_upload",
        "name": wheel.project,
        "version": wheel.version,
        "filetype": "bdist_wheel",
        "pyversion": "py3",
        "requires_python": ">=3.10",
        "metadata_version": "2.1",
        "sha256_digest": wheel.sha256,
    }
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    ]
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="content"; filename="{wheel.path.name}"\r\n'
    parts.append(head.encode() + b"Content-Type: application/octet-stream\r\n\r\n" + wheel.path.read_bytes() + b"\r\n")
    body = b"".join([*parts, f"--{boundary}--\r\n".encode()])
    request = urllib.request.Request(url, body, {"Content-Type": f"multipart/form-data; boundary={boundary}"})
    request.add_header("X-Devpi-Auth", base64.b64encode(account.encode()).decode())
    urllib.request.urlopen(request, timeout=60).close()
