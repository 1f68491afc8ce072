"""The metrics of a process tree on a port of their own, served by a process beside it.

It reads the workers' files, so it answers while every worker is busy. `start` is for the master process; the exporter
ends with the master, and is started again when it dies.
"""

import argparse
import logging
import os
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PARENT_CHECK_SECONDS = 1.0
RESTART_SECONDS = 1.0
REQUEST_SECONDS = 10.0

logger = logging.getLogger(__name__)

_process: "subprocess.Popen[bytes] | None" = None


def start(port: int, *, bind: str = "", facts: bool = True, environment: dict[str, str] | None = None) -> None:
    """Start the exporter as a child of this process; it is this process's metrics directory that it serves."""
    global _process
    command = [sys.executable, "-m", "observability.exporter", "--port", str(port), "--parent", str(os.getpid())]
    command += ["--bind", bind] if bind else []
    command += ["--facts"] if facts else []
    _process = subprocess.Popen(
        command, env=os.environ | (environment or {}) | {"OBSERVABILITY_ROLE": "exporter"}, stdin=subprocess.DEVNULL
    )


def stop() -> None:
    global _process
    if _process is not None and _process.poll() is None:
        _process.terminate()
        try:
            _process.wait(5)
        except subprocess.TimeoutExpired:
            _process.kill()
    _process = None


class _Handler(BaseHTTPRequestHandler):
    timeout = REQUEST_SECONDS
    server_version = "observability"
    sys_version = ""

    def do_GET(self) -> None:
        from observability import exposition

        if self.path.partition("?")[0] != "/metrics":
            self._answer(404, b"Metrics are at /metrics.\n", "text/plain", {})
        elif not exposition.may_scrape(self.client_address[0], dict(self.headers)):
            self._answer(403, b"metrics: not for you\n", "text/plain", {})
        else:
            body, content_type = exposition.render(self.headers.get("Accept", ""))
            body, headers = exposition.compress(body, self.headers.get("Accept-Encoding", ""))
            self._answer(200, body, content_type, headers)

    def _answer(self, status: int, body: bytes, content_type: str, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": content_type, "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """A scrape every few seconds is no news."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        logger.warning("a scrape failed", exc_info=True)


def serve(port: int, bind: str, facts_wanted: bool) -> None:
    """Serve until the process ends. Raises OSError when the port is taken."""
    import django

    django.setup()
    from observability import facts, sampler

    if facts_wanted:
        facts.start()
    sampler.start()
    server = _Server((bind, port), _Handler)
    server.serve_forever()


def supervise(parent: int, arguments: list[str]) -> None:
    """Run the serving process again and again while `parent` lives."""
    command = [sys.executable, "-m", "observability.exporter", *arguments]
    while os.getppid() == parent:
        child = subprocess.Popen([*command, "--parent", str(os.getpid()), "--serve"])
        try:
            while child.poll() is None and os.getppid() == parent:
                time.sleep(0.2)
        finally:
            if child.poll() is None:
                child.terminate()
                child.wait()
        if os.getppid() == parent:
            time.sleep(RESTART_SECONDS)


def _end_with(parent: int) -> None:
    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(PARENT_CHECK_SECONDS)
        os._exit(0)

    threading.Thread(target=watch, daemon=True).start()


def main() -> None:
    parser = argparse.ArgumentParser(prog="observability.exporter", description="Serve /metrics on a port of its own.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--bind", default="127.0.0.1")
    parser.add_argument("--parent", type=int, default=os.getppid(), help="end when this process does")
    parser.add_argument("--facts", action="store_true", help="measure the site's facts")
    parser.add_argument("--serve", action="store_true", help="serve in this process, without a supervisor")
    options = parser.parse_args()
    if options.serve:
        _end_with(options.parent)
        try:
            serve(options.port, options.bind, options.facts)
        except OSError as error:
            sys.stderr.write(f"observability: metrics port {options.port}: {error.strerror}\n")
            raise SystemExit(1) from None
    else:
        arguments = ["--port", str(options.port), "--bind", options.bind]
        supervise(options.parent, [*arguments, *(["--facts"] if options.facts else [])])


if __name__ == "__main__":
    main()
