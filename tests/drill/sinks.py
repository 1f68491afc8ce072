"""Where alerts arrive in a drill: a server for PagerDuty's Events API 2, Slack's webhook and a plain webhook."""

import json
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Message:
    """What a receiver was told: by whom, when (seconds, monotonic), and whether the alert fires or is over."""

    receiver: str
    at: float
    resolved: bool
    body: dict[str, Any]
    text: str = field(repr=False)


class Sinks:
    """`url(receiver)` takes what Alertmanager sends there; `messages` is everything that arrived."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self._lock = threading.Lock()

    def __enter__(self) -> "Sinks":
        sinks = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                receiver = self.path.strip("/").split("/")[0]
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                sinks.take(receiver, body)
                answer = b'{"status": "success", "message": "Event processed"}' if receiver == "pager" else b"ok"
                self.send_response(202 if receiver == "pager" else 200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *arguments: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def url(self, receiver: str) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/{receiver}"

    def take(self, receiver: str, body: dict[str, Any]) -> None:
        if receiver == "pager":  # https://developer.pagerduty.com: Events API v2
            resolved = body["event_action"] == "resolve"
        elif "attachments" in body:  # Slack's incoming webhook
            resolved = "[RESOLVED" in json.dumps(body["attachments"])
        else:
            resolved = body.get("status") == "resolved"
        with self._lock:
            self.messages.append(Message(receiver, time.monotonic(), resolved, body, json.dumps(body)))

    def first(self, receiver: str, *texts: str, since: float, resolved: bool) -> Message | None:
        """The first message to `receiver` after `since` that holds every one of `texts`."""
        return next(iter(self.all(receiver, *texts, since=since, resolved=resolved)), None)

    def all(self, receiver: str, *texts: str, since: float, resolved: bool) -> list[Message]:
        with self._lock:
            return [
                message
                for message in self.messages
                if message.receiver == receiver
                and message.at >= since
                and message.resolved == resolved
                and all(text in message.text for text in texts)
            ]
