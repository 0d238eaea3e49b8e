"""The one HTTP client: it connects as pip does, with its certificates, proxy and passwords.

It is that of the library *unearth*, which is imported where it is used: most builds download nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ..base.errors import NotFoundError
from .pip_configuration import PipConfiguration

if TYPE_CHECKING:
    import ssl

    from unearth.fetchers import PyPIClient

REQUIREMENT = "unearth>=0.19"
"""The requirement of builds that download sources."""


def open_session(configuration: PipConfiguration, purpose: str) -> PyPIClient:
    """Return a client that connects as *configuration* says; it is a context manager.

    :raises NotFoundError: saying the *purpose*, if unearth is not installed.
    """
    try:
        from unearth.auth import MultiDomainBasicAuth
        from unearth.fetchers import PyPIClient
    except ImportError:
        raise NotFoundError(f"is needed {purpose}", where="unearth", hint=f"pip install '{REQUIREMENT}'") from None
    session = PyPIClient(
        trusted_hosts=configuration.trusted_hosts,
        verify=_load_authorities(configuration.cert) if configuration.cert else True,
        cert=configuration.client_cert or None,
        proxy=configuration.proxy or None,
        timeout=configuration.timeout,
        follow_redirects=True,
    )
    indexes = [url for url in configuration.index_urls if url]
    session.auth = MultiDomainBasicAuth(prompting=False, index_urls=indexes)
    return session


def stream_url(url: str, session: PyPIClient, hint: str) -> Iterator[bytes]:
    """Yield the content of the file at *url*, block by block, not verified.

    :raises NotFoundError: with *hint*, if it cannot be fetched.
    """
    import httpx2

    try:
        # Servers may call a .tar.gz an encoding of a .tar; the hash is that of the file.
        with session.stream("GET", url, headers={"Accept-Encoding": "identity"}) as response:
            response.raise_for_status()
            yield from response.iter_raw()
    except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
        raise NotFoundError(f"cannot be fetched: {error}", where=redact(url), hint=hint) from None


def redact(url: str) -> str:
    """Return *url* without its password and fragment, if it is one."""
    from unearth import Link

    try:
        return Link(url).redacted
    except ValueError:
        return url


def _load_authorities(cert: str) -> ssl.SSLContext:
    """Return the TLS context that trusts the certificate authorities in the file or folder *cert*.

    :raises NotFoundError: if there are none.
    """
    import ssl

    is_folder = Path(cert).is_dir()
    try:
        return ssl.create_default_context(cafile=None if is_folder else cert, capath=cert if is_folder else None)
    except OSError as error:
        raise NotFoundError(
            f"no certificate authorities can be read from it: {error.strerror or error}",
            where=cert,
            hint="mend PIP_CERT, or 'cert' in the configuration of pip",
        ) from None
