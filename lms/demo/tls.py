"""The demo's HTTPS address, so that there is a certificate to watch: a handshake and nothing behind it.

    python -m lms.demo.tls PORT DIRECTORY

DIRECTORY holds authority.pem, which whoever asks has to trust, and server.pem, read again at each handshake.
"""

import contextlib
import datetime
import ipaddress
import socketserver
import ssl
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

HOST = "127.0.0.1"
DAYS = 90  # what public authorities give
HANDSHAKE_SECONDS = 5.0


class Authority:
    """A certificate authority for one address, made now; its key is never written."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._path = directory / "server.pem"
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "LMS demo authority")])
        certificate = self._certificate(self._name, self._key, days=10 * 365, authority=True)
        (directory / "authority.pem").write_bytes(certificate.public_bytes(Encoding.PEM))

    def issue(self, *, days: float = DAYS) -> None:
        """A new server.pem that is valid for so many days from now; for a negative number it has ended already."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
        certificate = self._certificate(name, key, days=days, authority=False)
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        fresh = self._path.with_suffix(".new")
        fresh.touch(mode=0o600)
        fresh.write_bytes(private + certificate.public_bytes(Encoding.PEM))
        fresh.replace(self._path)

    def _certificate(
        self, name: x509.Name, key: ec.EllipticCurvePrivateKey, *, days: float, authority: bool
    ) -> x509.Certificate:
        now = datetime.datetime.now(datetime.UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=DAYS))
            .not_valid_after(now + datetime.timedelta(days=days))
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        )
        if not authority:
            address = x509.IPAddress(ipaddress.ip_address(HOST))
            builder = builder.add_extension(x509.SubjectAlternativeName([address]), critical=False)
        return builder.sign(self._key, hashes.SHA256())


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, port: int, directory: Path) -> None:
        self.certificate = directory / "server.pem"
        super().__init__((HOST, port), _Handshake)


class _Handshake(socketserver.BaseRequestHandler):
    server: _Server

    def handle(self) -> None:
        self.request.settimeout(HANDSHAKE_SECONDS)
        # A file that is being replaced, and clients that give up or don't trust it: those learn of it on their side.
        with contextlib.suppress(OSError):
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self.server.certificate)
            with context.wrap_socket(self.request, server_side=True) as connection:
                connection.recv(1024)
                connection.sendall(b"HTTP/1.0 421 Misdirected Request\r\n\r\nThe pages are at the http:// address.\n")


@contextlib.contextmanager
def serving(port: int, directory: Path) -> Iterator[None]:
    """Handshakes at the port until the end of the block."""
    with _Server(port, directory) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt), _Server(int(sys.argv[1]), Path(sys.argv[2])) as endless:
        endless.serve_forever()
