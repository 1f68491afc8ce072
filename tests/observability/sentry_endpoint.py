"""A Sentry endpoint on loopback that keeps what it is sent, or misbehaves."""

import contextlib
import gzip
import json
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


def unpacked(body: bytes, encoding: str | None) -> bytes:
    if encoding == "gzip":
        return gzip.decompress(body)
    if encoding == "br":  # what the SDK prefers where the package is installed
        import brotli

        return brotli.decompress(body)
    return body


class SentryEndpoint:
    """Use as a context manager. `behaviour`: "accept", "slow" (3 s), "limit" (429), "garbage" (no HTTP)."""

    def __init__(self, behaviour: str = "accept") -> None:
        self.behaviour = behaviour
        self.raw: list[bytes] = []
        self.items: list[tuple[str, Any]] = []
        self.headers: list[dict[str, Any]] = []

    def __enter__(self) -> "SentryEndpoint":
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                if endpoint.behaviour == "garbage":
                    self.wfile.write(b"\x00\xff this is not HTTP\r\n\r\n")
                    self.close_connection = True
                    return
                if endpoint.behaviour == "slow":
                    time.sleep(3)
                if endpoint.behaviour == "limit":
                    self.send_response(429)
                    self.send_header("Retry-After", "1")
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return
                endpoint.receive(unpacked(body, self.headers.get("Content-Encoding")))
                self.send_response(200)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def do_GET(self) -> None:
                """Sentry's API for one event: /api/0/projects/ORGANISATION/PROJECT/events/ID/"""
                wanted = self.path.rstrip("/").rsplit("/", 1)[-1]
                found = next((event for event in endpoint.of("event") if event["event_id"] == wanted), None)
                body = json.dumps(found or {"detail": "not found"}).encode()
                self.send_response(200 if found else 404)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def dsn(self) -> str:
        return f"http://0123456789abcdef0123456789abcdef@127.0.0.1:{self._server.server_address[1]}/1"

    def receive(self, body: bytes) -> None:
        self.raw.append(body)
        head, _, rest = body.partition(b"\n")
        self.headers.append(json.loads(head))
        while rest:
            line, _, rest = rest.partition(b"\n")
            if not line:
                continue
            header = json.loads(line)
            payload, rest = rest[: header["length"]], rest[header["length"] + 1 :]
            self.items.append((header["type"], json.loads(payload)))

    def of(self, kind: str) -> list[Any]:
        return [payload for type_, payload in self.items if type_ == kind]


OUTAGES = ("refused", "black hole", "slow", "limit", "garbage")


@contextlib.contextmanager
def out_of_reach(outage: str) -> Iterator[str]:
    """The DSN of an endpoint that is out of reach in one of the ways of OUTAGES, or of one that accepts ("accept")."""
    if outage in {"refused", "black hole"}:
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            if outage == "black hole":
                listener.listen(1)  # connections are made by the kernel, and nobody ever answers
            yield f"http://0123456789abcdef0123456789abcdef@127.0.0.1:{listener.getsockname()[1]}/1"
    else:
        with SentryEndpoint(outage) as endpoint:
            yield endpoint.dsn
