"""An HTTP server that keeps folders and dashboards as Grafana's API does, with its refusals."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOKEN = "glsa_correct"


class GrafanaServer(ThreadingHTTPServer):
    """`failing` maps a uid to how many saves of it still fail with 500; `writes` lists (method, path, uid)."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.folders: dict[str, str] = {}
        self.dashboards: dict[str, dict[str, Any]] = {}
        self.placed: dict[str, str] = {}
        self.provisioned: set[str] = set()
        self.failing: dict[str, int] = {}
        self.answer_lost: set[str] = set()
        self.redirect = ""
        self.authorisations: list[str] = []
        self.writes: list[tuple[str, str, str]] = []
        self.versions = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def content(self) -> dict[str, tuple[str, dict[str, Any]]]:
        """uid → (folder, dashboard without what the server added)."""
        return {
            uid: (self.placed[uid], {name: value for name, value in board.items() if name not in ("id", "version")})
            for uid, board in self.dashboards.items()
        }


class _Handler(BaseHTTPRequestHandler):
    server: GrafanaServer

    def log_message(self, *args: object) -> None:
        pass

    def _answer(self, status: int, body: object) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        if self.server.redirect:
            self.send_header("Location", self.server.redirect)
        self.end_headers()
        self.wfile.write(data)

    def _refused(self) -> bool:
        self.server.authorisations.append(self.headers.get("Authorization", ""))
        if self.server.redirect:
            self._answer(302, {"message": "Found"})
            return True
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            self._answer(401, {"message": "Invalid API key"})
            return True
        return False

    def do_GET(self) -> None:
        if self._refused():
            return
        kind, uid = self.path.rsplit("/", 1)
        if kind == "/api/folders" and uid in self.server.folders:
            self._answer(200, {"uid": uid, "title": self.server.folders[uid]})
        elif kind == "/api/dashboards/uid" and uid in self.server.dashboards:
            meta = {
                "folderUid": self.server.placed[uid],
                "canSave": True,
                "provisioned": uid in self.server.provisioned,
            }
            self._answer(200, {"dashboard": self.server.dashboards[uid], "meta": meta})
        else:
            self._answer(404, {"message": "Not found"})

    def do_POST(self) -> None:
        if self._refused():
            return
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == "/api/folders":
            self.server.writes.append(("POST", self.path, body["uid"]))
            self.server.folders[body["uid"]] = body["title"]
            self._answer(200, body)
            return
        board, uid = body["dashboard"], body["dashboard"]["uid"]
        self.server.writes.append(("POST", self.path, uid))
        if self.server.failing.get(uid):
            self.server.failing[uid] -= 1
            self._answer(500, {"message": "database is\nlocked"})
        elif board["id"] is not None or not body["overwrite"] or body["folderUid"] not in {"", *self.server.folders}:
            self._answer(412, {"message": "The dashboard has been changed by someone else"})
        else:
            self.server.versions += 1
            self.server.dashboards[uid] = {**board, "id": 7, "version": self.server.versions}
            self.server.placed[uid] = body["folderUid"]
            if uid in self.server.answer_lost:
                self.server.answer_lost.discard(uid)
                self.close_connection = True
                return
            self._answer(200, {"uid": uid, "status": "success"})

    def do_DELETE(self) -> None:
        if self._refused():
            return
        kind, uid = self.path.rsplit("/", 1)
        self.server.writes.append(("DELETE", self.path, uid))
        place = self.server.folders if kind == "/api/folders" else self.server.dashboards
        found = place.pop(uid, None)
        self._answer(200 if found else 404, {"message": "Deleted" if found else "Not found"})


@contextmanager
def running() -> Iterator[GrafanaServer]:
    server = GrafanaServer()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
