"""The configuration of pip, as far as it says how to download files: a build needs no other one."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping

from ..base.frozen import dataclass

_TIMEOUT = 60.0
_UV_NAMES = {
    "UV_INDEX_URL": "index-url",
    "UV_DEFAULT_INDEX": "index-url",
    "UV_EXTRA_INDEX_URL": "extra-index-url",
    "UV_INDEX": "extra-index-url",
    "UV_FIND_LINKS": "find-links",
}
"""uv's variables by the options of pip that mean the same; a later one overrides an earlier one."""


@dataclass(frozen=True)
class PipConfiguration:
    """The places that have files, and how to reach them.

    ``index_urls`` are indexes, where an empty one is the public default; ``find_links`` are pages or folders that link
    to files or hold them. ``cert`` is a file or folder of certificate authorities, ``client_cert`` a file with the
    client's own certificate and key; ``timeout`` is in seconds without a byte.
    """

    index_urls: tuple[str, ...] = ("",)
    find_links: tuple[str, ...] = ()
    trusted_hosts: tuple[str, ...] = ()
    cert: str = ""
    client_cert: str = ""
    proxy: str = ""
    timeout: float = _TIMEOUT


def read_pip_configuration(environ: Mapping[str, str]) -> PipConfiguration:
    """Return the configuration in pip's files and in ``PIP_…`` of *environ*; where pip is not installed, ``UV_…``."""
    import importlib.util

    has_pip = importlib.util.find_spec("pip") is not None
    return parse_pip_configuration(_list_options(environ) if has_pip else "", environ, has_pip=has_pip)


def parse_pip_configuration(listed: str, environ: Mapping[str, str], *, has_pip: bool = True) -> PipConfiguration:
    """Return the configuration in *listed*, the output of ``pip config list``, and in *environ*.

    As for ``pip download``, the environment overrides the section of that command, and this the global one. Variables
    of uv count where the environment has no pip.
    """
    import ast

    options: dict[str, str] = {}
    if not has_pip:
        options |= {option: environ[name] for name, option in _UV_NAMES.items() if environ.get(name)}
        # uv's indexes have names, if given as NAME=URL.
        options = {option: re.sub(r"(?<!\S)[\w.-]+=(?=\w+:)", "", value) for option, value in options.items()}
    sections: dict[str, dict[str, str]] = {"global": {}, "download": {}}
    for line in listed.splitlines():
        key, _, value = line.partition("=")
        section, _, option = key.partition(".")
        if section in sections:
            sections[section][option] = ast.literal_eval(value)
    options |= sections["global"] | sections["download"]
    options |= {
        name[len("PIP_") :].lower().replace("_", "-"): value
        for name, value in environ.items()
        if name.startswith("PIP_") and value
    }
    has_index = options.get("no-index", "").lower() not in ("1", "true", "yes", "on", "y", "t")
    timeout = options.get("timeout") or options.get("default-timeout") or ""
    return PipConfiguration(
        index_urls=(options.get("index-url", ""), *options.get("extra-index-url", "").split()) if has_index else (),
        find_links=tuple(options.get("find-links", "").split()),
        trusted_hosts=tuple(options.get("trusted-host", "").split()),
        cert=options.get("cert", ""),
        client_cert=options.get("client-cert", ""),
        proxy=options.get("proxy", ""),
        timeout=float(timeout) if timeout.isdecimal() else _TIMEOUT,
    )


def _list_options(environ: Mapping[str, str]) -> str:
    """Return the output of ``pip config list``, empty if pip fails."""
    import subprocess

    # Isolated, or a pip.py in the current folder would be run.
    command = [sys.executable, "-I", "-m", "pip", "config", "list"]
    done = subprocess.run(command, env=dict(environ), capture_output=True, text=True, encoding="utf-8", check=False)
    return "" if done.returncode else done.stdout
