"""The committed dashboards with what their queries answer, as JSON, and the page that draws them.

Serves on loopback only: it asks the data sources with its own credentials, for whoever reaches it.
"""

import json
import mimetypes
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import psycopg

from deploy.grafana.queries import Query, Range, kind_of, logql, matches, panels, sql
from tests.panels.answers import Sources, chosen

HERE = Path(__file__).resolve().parent
FILES = {
    "/preview.js": HERE / "preview.js",
    "/preview.css": HERE / "preview.css",
    "/uplot.js": HERE / "node_modules/uplot/dist/uPlot.iife.min.js",
    "/uplot.css": HERE / "node_modules/uplot/dist/uPlot.min.css",
}
MOST_LINES = 50


def answers(sources: Sources, dashboard: Mapping[str, Any], range_: Range) -> dict[str, Any]:
    """Title, range in seconds since 1970, and every panel with its series or rows, or why it has none."""
    values, _ = chosen(sources, dashboard, range_)
    return {
        "title": dashboard["title"],
        "range": [range_.start, range_.end],
        "panels": [_panel(sources, panel, range_, values) for panel in panels(dashboard)],
    }


def _panel(
    sources: Sources, panel: Mapping[str, Any], range_: Range, values: Mapping[str, Sequence[str]]
) -> dict[str, Any]:
    defaults = panel.get("fieldConfig", {}).get("defaults", {})
    shown: dict[str, Any] = {
        "title": panel["title"],
        "type": panel["type"],
        "grid": panel["gridPos"],
        "unit": defaults.get("unit", "short"),
        "empty": defaults.get("noValue", "No data"),
        "thresholds": defaults.get("thresholds", {}).get("steps", []),
        "series": [],
        "columns": [],
        "rows": [],
        "error": "",
    }
    for target in panel.get("targets") or ():
        try:
            kind = kind_of(target.get("datasource") or panel.get("datasource"))
            _add(shown, sources, target, kind, range_, values)
        except (ValueError, OSError, psycopg.Error) as error:
            shown["error"] = " ".join(str(error).split())[:200]
    return shown


def _add(
    shown: dict[str, Any],
    sources: Sources,
    target: Mapping[str, Any],
    kind: str,
    range_: Range,
    values: Mapping[str, Sequence[str]],
) -> None:
    if kind == "sql":
        with psycopg.connect(sources.reporting) as connection:
            cursor = connection.execute(sql(target["rawSql"], range_, values).encode())
            shown["columns"] = [column.name for column in cursor.description or ()]
            shown["rows"] += [[_cell(value) for value in row] for row in cursor]
    elif kind == "loki":
        service, conditions = logql(target["expr"])
        found = [line for line in sources.logs(service) if matches(line, conditions)]
        shown["columns"] = ["time", "level", "event", "message"]
        shown["rows"] += [[str(line.get(name, "")) for name in shown["columns"]] for line in found[-MOST_LINES:]]
    else:
        query = Query("", shown["title"], target["refId"], kind, target["expr"])
        for series in sources.series(query, range_, values):
            name = legend(target.get("legendFormat") or "", series["metric"])
            points = [
                [time, None if value in {"NaN", "+Inf", "-Inf"} else float(value)] for time, value in series["values"]
            ]
            shown["series"].append({"name": name, "points": points})


def legend(text: str, labels: Mapping[str, str]) -> str:
    """A series' name: labels put into the legend's format; without a format all labels, as Grafana writes them."""
    if not text or text == "__auto":
        return "{" + ", ".join(f'{name}="{value}"' for name, value in labels.items()) + "}"
    return re.sub(r"\{\{\s*(\w+)\s*\}\}", lambda found: labels.get(found[1], ""), text)


def _cell(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    return value if value is None or isinstance(value, int | float | str) else str(value)


@contextmanager
def serving(sources: Sources, dashboards: Sequence[Mapping[str, Any]], range_: Range, port: int = 0) -> Iterator[str]:
    """The address of the pages, on loopback, until the block ends."""
    by_uid = {board["uid"]: board for board in dashboards}
    page = (HERE / "page.html").read_bytes()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path in FILES:
                self._send(FILES[self.path].read_bytes(), mimetypes.guess_type(self.path)[0] or "text/plain")
            elif self.path == "/dashboards":
                self._send(json.dumps({uid: board["title"] for uid, board in by_uid.items()}).encode())
            elif (uid := self.path.removeprefix("/answers/")) in by_uid:
                self._send(json.dumps(answers(sources, by_uid[uid], range_)).encode())
            elif self.path == "/" or self.path.removeprefix("/d/") in by_uid:
                self._send(page, "text/html; charset=utf-8")
            else:
                self.send_error(404)

        def _send(self, body: bytes, kind: str = "application/json") -> None:
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: Any) -> None:
            """Nobody reads them."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
