"""Real faults for real servers: a TCP proxy that refuses, swallows or delays, servers frozen or killed, and a mail
server that can be away."""

import contextlib
import selectors
import signal
import socket
import socketserver
import subprocess
import threading
import time
from collections.abc import Iterator
from types import TracebackType
from urllib.parse import urlsplit, urlunsplit

import psutil

from lms.embedded import EmbeddedServers, end_with_parent

HOST = "127.0.0.1"
CHUNK = 65536


class Proxy:
    """Stands between a client and the server at `target`; it starts out transparent.

    `refuse()`: nobody listens and connections are reset. `swallow()`: connections are accepted, also later ones, and
    nothing ever comes back. `slow(seconds)`: each answer is held back that long. `restore()`: transparent again;
    connections caught in a fault stay dead.
    """

    def __init__(self, target: tuple[str, int]) -> None:
        self.target = target
        self._mode = "pass"
        self._delay = 0.0
        self._listener: socket.socket | None = None
        self._links: set[tuple[socket.socket, socket.socket | None]] = set()
        self._lock = threading.Lock()
        self._stopping = False
        self.port = 0
        self.accepted = 0

    def __enter__(self) -> "Proxy":
        self._listen()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping = True
        self._close_listener()
        self._cut()

    def url(self, url: str) -> str:
        """`url` with this proxy's address in place of the server's."""
        parts = urlsplit(url)
        user = f"{parts.username or ''}:{parts.password}@" if parts.password else ""
        return urlunsplit(parts._replace(netloc=f"{user}{HOST}:{self.port}"))

    @property
    def open_links(self) -> int:
        with self._lock:
            return len(self._links)

    def refuse(self) -> None:
        self._mode = "refuse"
        self._close_listener()
        self._cut()

    def swallow(self) -> None:
        self._mode = "swallow"

    def slow(self, seconds: float) -> None:
        self._delay = seconds
        self._mode = "slow"

    def restore(self) -> None:
        self._mode = "pass"
        if self._listener is None:
            self._listen()

    @contextlib.contextmanager
    def fault(self, name: str, *arguments: float) -> Iterator[None]:
        getattr(self, name)(*arguments)
        try:
            yield
        finally:
            self.restore()

    def _listen(self) -> None:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, self.port))
        listener.listen(512)
        self.port = listener.getsockname()[1]
        self._listener = listener
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def _close_listener(self) -> None:
        listener, self._listener = self._listener, None
        if listener is not None:
            # Closing alone would leave the thread that waits in accept holding the port.
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()

    def _cut(self) -> None:
        with self._lock:
            links, self._links = self._links, set()
        for link in links:
            _close(*link)

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            self.accepted += 1
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        server: socket.socket | None = None
        swallowed = self._mode == "swallow"
        if not swallowed:
            try:
                server = socket.create_connection(self.target, timeout=5)
                server.settimeout(None)
            except OSError:
                _close(client, None)
                return
        link = (client, server)
        with self._lock:
            self._links.add(link)
        try:
            self._carry(client, server, swallowed)
        except (OSError, ValueError):  # cut meanwhile: a closed socket has no number
            pass
        finally:
            with self._lock:
                self._links.discard(link)
            _close(client, server)

    def _carry(self, client: socket.socket, server: socket.socket | None, swallowed: bool) -> None:
        # Not select(): a thousand probes need sockets with numbers that it can't take.
        with selectors.PollSelector() as waiting:
            for part in (client, server):
                if part is not None:
                    waiting.register(part, selectors.EVENT_READ)
            while not self._stopping:
                readable = [key.fileobj for key, _ in waiting.select(0.5)]
                # A connection that lost bytes to the black hole can't be made whole again.
                swallowed = swallowed or self._mode == "swallow"
                for source in readable:
                    assert isinstance(source, socket.socket)
                    data = source.recv(CHUNK)
                    if not data:
                        return
                    if swallowed:
                        continue
                    if source is server and self._mode == "slow":
                        time.sleep(self._delay)
                    (client if source is server else server).sendall(data)  # type: ignore[union-attr]


def _close(*sockets: socket.socket | None) -> None:
    for part in sockets:
        if part is not None:
            with contextlib.suppress(OSError):
                # A reset, as from a host where nothing listens any more.
                part.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
            part.close()


def proxied(stack: contextlib.ExitStack, urls: dict[str, str]) -> tuple[dict[str, Proxy], dict[str, str]]:
    """A proxy in front of each URL's server, by the URL's name, and the URLs that lead through them."""
    proxies = {name: stack.enter_context(Proxy((HOST, urlsplit(url).port or 0))) for name, url in urls.items()}
    return proxies, {name: proxies[name].url(url) for name, url in urls.items()}


class MailServer:
    """An SMTP server on `port`; `mails` is every message it took. It is away until entered, and again afterwards."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.mails: list[str] = []

    def __enter__(self) -> "MailServer":
        mails = self.mails

        class Session(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                self.wfile.write(b"220 ready\r\n")
                for line in self.rfile:
                    verb = line[:4].upper().strip()
                    if verb == b"DATA":
                        self.wfile.write(b"354 go on\r\n")
                        lines = iter(self.rfile.readline, b".\r\n")
                        mails.append(b"".join(lines).decode(errors="replace"))
                    self.wfile.write(b"221 bye\r\n" if verb == b"QUIT" else b"250 ok\r\n")
                    if verb == b"QUIT":
                        return

        socketserver.ThreadingTCPServer.allow_reuse_address = True
        self._server = socketserver.ThreadingTCPServer((HOST, self.port), Session)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()


@contextlib.contextmanager
def frozen(process: "subprocess.Popen[bytes]") -> Iterator[None]:
    """Stop the server and all its children by SIGSTOP; SIGCONT at the end. The kernel goes on accepting for it."""
    server = psutil.Process(process.pid)
    # The parent first, or it may start a child that is missed.
    server.suspend()
    family = [server, *server.children(recursive=True)]
    try:
        for member in family:
            member.suspend()
        yield
    finally:
        for member in reversed(family):
            with contextlib.suppress(psutil.NoSuchProcess):
                member.resume()


def restart_valkey(servers: EmbeddedServers, **settings: str) -> None:
    """Start the ended Valkey again with its own configuration and `settings` (underscores for hyphens); don't wait."""
    assert servers.valkey is not None
    options = [part for name, value in settings.items() for part in (f"--{name.replace('_', '-')}", value)]
    servers.valkey = subprocess.Popen(
        [servers.valkey.args[0], str(servers.directory / "valkey.conf"), *options],  # type: ignore[index]
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=end_with_parent,
    )


def end(process: "subprocess.Popen[bytes]", sig: signal.Signals = signal.SIGKILL) -> None:
    """End the server by `sig` and wait for it."""
    process.send_signal(sig)
    process.wait(20)
