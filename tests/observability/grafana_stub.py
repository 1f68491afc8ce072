"""A stub of Grafana's API for dashboards: it has what it was given, and wants the token or the password."""

import base64
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

TOKEN = "grafana-" + "g" * 24
USER, PASSWORD = "reader", "reader's password"
BASIC = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()


class GrafanaStub:
    """Use as a context manager. `dashboards` are those that were imported."""

    def __init__(self, dashboards: list[dict[str, Any]]) -> None:
        self.dashboards = {board["uid"]: board for board in dashboards}

    def __enter__(self) -> "GrafanaStub":
        stub = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status, body = stub.answer(urlsplit(self.path).path, self.headers.get("Authorization", ""))
                content = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *arguments: object) -> None:
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

    def answer(self, path: str, authorization: str) -> tuple[int, Any]:
        if authorization not in (f"Bearer {TOKEN}", f"Basic {BASIC}"):
            return 401, {"message": "Unauthorized"}
        if path == "/api/search":
            return 200, [{"uid": uid, "title": board["title"]} for uid, board in self.dashboards.items()]
        uid = path.removeprefix("/api/dashboards/uid/")
        if uid in self.dashboards:
            return 200, {"dashboard": self.dashboards[uid], "meta": {}}
        return 404, {"message": "Dashboard not found"}
