"""An HTTPS server whose certificate only an authority of its own vouches for, and a proxy that knows the way to it."""

from __future__ import annotations

import contextlib
import datetime
import functools
import http.server
import select
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

HOST = "files.invalid"
"""A name that no resolver knows, so that only a proxy leads to the server."""


class _Files(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@contextlib.contextmanager
def serve_https(folder: Path, certificates: Path) -> Iterator[int]:
    """Serve *folder* as ``files.invalid``; yield the port. The authority is written to ``ca.pem`` in *certificates*."""
    make_certificates(certificates)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "server.pem")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Files, directory=str(folder)))
    server.socket = context.wrap_socket(server.socket, server_side=True)
    with _running(server):
        yield server.server_port


@contextlib.contextmanager
def serve_proxy() -> Iterator[tuple[str, list[str]]]:
    """Run a proxy to servers of this machine; yield its URL, and the hosts and ports that it is asked to connect to."""
    asked: list[str] = []

    class Proxy(http.server.BaseHTTPRequestHandler):
        def do_CONNECT(self) -> None:
            asked.append(self.path)
            with socket.create_connection(("127.0.0.1", int(self.path.rpartition(":")[2]))) as other:
                self.send_response(200)
                self.end_headers()
                ways = {self.connection: other, other: self.connection}
                while True:
                    for side in select.select([*ways], [], [])[0]:
                        data = side.recv(1 << 16)
                        if not data:
                            return
                        ways[side].sendall(data)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
    with _running(server):
        yield f"http://127.0.0.1:{server.server_port}", asked


def make_certificates(folder: Path) -> None:
    """Write ``ca.pem``, an authority, and ``server.pem``, a certificate by it for :data:`HOST` with its key."""
    x509 = pytest.importorskip("cryptography.x509")
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    def sign(name: str, key: ec.EllipticCurvePrivateKey, issuer: ec.EllipticCurvePrivateKey) -> bytes:
        now = datetime.datetime.now(datetime.timezone.utc)
        is_authority = key is issuer
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)]))
            .issuer_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "authority")]))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.public_key()), critical=False)
        )
        if is_authority:
            usages = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment")
            unused = {**dict.fromkeys((*usages, "key_agreement", "encipher_only", "decipher_only"), False)}
            usage = x509.KeyUsage(**unused, key_cert_sign=True, crl_sign=True)
            builder = builder.add_extension(usage, critical=True)
        else:
            builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        signed: bytes = builder.sign(issuer, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
        return signed

    folder.mkdir(parents=True, exist_ok=True)
    authority, server = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    (folder / "ca.pem").write_bytes(sign("authority", authority, authority))
    pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    key = server.private_bytes(pem, pkcs8, serialization.NoEncryption())
    (folder / "server.pem").write_bytes(key + sign(HOST, server, authority))


@contextlib.contextmanager
def _running(server: http.server.ThreadingHTTPServer) -> Iterator[None]:
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
