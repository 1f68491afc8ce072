"""Dashboards pushed to a Grafana that exists already, through its HTTP API.

https://grafana.com/docs/grafana/latest/developers/http_api/dashboard/
"""

import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from http.client import HTTPException
from pathlib import Path
from typing import Any

SECONDS = 15.0
# What Grafana itself gives a stored dashboard.
OWN = ("id", "version")
Dashboard = dict[str, Any]


class GrafanaError(Exception):
    """One line that says what is wrong; never holds the token."""


class Outcome(StrEnum):
    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


@dataclass(frozen=True)
class Stored:
    """A dashboard as Grafana has it."""

    dashboard: Dashboard
    folder: str


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect would take the token along, wherever it leads."""

    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


class Grafana:
    def __init__(self, url: str, token: str) -> None:
        """Raises GrafanaError for an address that isn't one of HTTP, and for a token that can't be sent."""
        parts = urllib.parse.urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username:
            raise GrafanaError("The address must be one like https://grafana.example.org, without a user.")
        if not token or not token.isascii() or not token.isprintable() or " " in token:
            raise GrafanaError("The token is empty, or has characters that no token has.")
        self._url, self._token = url.rstrip("/"), token
        self._opener = urllib.request.build_opener(_NoRedirect)

    def call(self, method: str, path: str, body: Dashboard | None = None) -> Any:
        """The answer's JSON, None for 404. Raises GrafanaError."""
        headers = {"Authorization": f"Bearer {self._token}", "Accept": "application/json"}
        data = None
        if body is not None:
            data, headers["Content-Type"] = json.dumps(body).encode(), "application/json"
        request = urllib.request.Request(f"{self._url}{path}", data, headers, method=method)
        try:
            with self._opener.open(request, timeout=SECONDS) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            if error.code == 404 and method == "GET":
                return None
            raise GrafanaError(f"{method} {path}: {error.code} {_message(error)}") from None
        except (OSError, HTTPException) as error:
            reason = getattr(error, "reason", error)
            raise GrafanaError(f"{method} {path}: {type(reason).__name__}: no answer from Grafana.") from None
        except ValueError:
            raise GrafanaError(f"{method} {path}: the answer is not JSON; is this Grafana?") from None

    def stored(self, uid: str) -> Stored | None:
        """Raises GrafanaError where it may not be overwritten."""
        found = self.call("GET", f"/api/dashboards/uid/{uid}")
        if found is None:
            return None
        try:
            dashboard, meta = found["dashboard"], found["meta"]
            if meta.get("provisioned"):
                raise GrafanaError(f"{uid} is provisioned from a file there; it can't be pushed as well.")
            if meta.get("canSave") is False:
                raise GrafanaError(f"The token may not write {uid}.")
            return Stored(dashboard, meta.get("folderUid", ""))
        except (KeyError, TypeError, AttributeError):
            raise GrafanaError(f"The answer for {uid} is none of Grafana's.") from None

    def save(self, dashboard: Dashboard, folder: str, message: str) -> None:
        # `id` must be null for Grafana to go by the uid.
        body = {"dashboard": {**dashboard, "id": None}, "folderUid": folder, "overwrite": True, "message": message}
        self.call("POST", "/api/dashboards/db", body)

    def make_folder(self, uid: str, title: str) -> bool:
        """Whether it had to be made."""
        if self.call("GET", f"/api/folders/{urllib.parse.quote(uid, safe='')}") is not None:
            return False
        self.call("POST", "/api/folders", {"uid": uid, "title": title})
        return True


def _message(error: urllib.error.HTTPError) -> str:
    try:
        text = str(json.loads(error.read(10_000))["message"])
    except (ValueError, KeyError, TypeError, OSError):
        text = str(error.reason)
    return " ".join(text.split())[:200]


def read_dashboards(paths: Sequence[Path]) -> list[Dashboard]:
    """Raises GrafanaError for the first file that is no dashboard with a uid and a title of its own."""
    read: dict[str, Dashboard] = {}
    for path in paths:
        try:
            dashboard = json.loads(path.read_text())
            uid, title = dashboard["uid"], dashboard["title"]
        except OSError as error:
            raise GrafanaError(f"{path}: {error.strerror}.") from None
        except (ValueError, KeyError, TypeError):
            raise GrafanaError(f"{path}: not the JSON of a dashboard.") from None
        if not isinstance(uid, str) or not uid or urllib.parse.quote(uid, safe="") != uid or not title:
            raise GrafanaError(f"{path}: a dashboard needs a uid and a title.")
        if uid in read:
            raise GrafanaError(f"{path}: the uid {uid} is in another file, too.")
        read[uid] = dashboard
    if not read:
        raise GrafanaError("There is no dashboard to push.")
    return list(read.values())


def push(
    grafana: Grafana,
    dashboards: Sequence[Dashboard],
    *,
    folder: str,
    title: str,
) -> dict[str, Outcome]:
    """All dashboards into the folder (made if it is missing), or none of them.

    Whatever can be found out without writing is found out first. If a write fails all the same, those before it are
    taken back. Raises GrafanaError, whose text says what could not be taken back.
    """
    before = {dashboard["uid"]: grafana.stored(dashboard["uid"]) for dashboard in dashboards}
    undo: list[Callable[[], Any]] = []
    outcomes: dict[str, Outcome] = {}
    try:
        if grafana.make_folder(folder, title):
            undo.append(lambda: grafana.call("DELETE", f"/api/folders/{folder}"))
        for dashboard in dashboards:
            uid = dashboard["uid"]
            old = before[uid]
            if old and old.folder == folder and _own_left_out(old.dashboard) == _own_left_out(dashboard):
                outcomes[uid] = Outcome.UNCHANGED
                continue
            # Before the write: one whose answer was lost may have been carried out.
            undo.append(_taking_back(grafana, uid, old))
            grafana.save(dashboard, folder, "Pushed by push_dashboards")
            outcomes[uid] = Outcome.UPDATED if old else Outcome.CREATED
    except (GrafanaError, KeyboardInterrupt) as error:
        left = 0
        for step in reversed(undo):
            try:
                step()
            except GrafanaError:
                left += 1
        if left:
            raise GrafanaError(f"{error or 'Interrupted'}; {left} of {len(undo)} writes could not be undone.") from None
        if isinstance(error, KeyboardInterrupt):
            raise GrafanaError("Interrupted; nothing was changed.") from None
        raise
    return outcomes


def _taking_back(grafana: Grafana, uid: str, old: Stored | None) -> Callable[[], Any]:
    if old is not None:
        return lambda: grafana.save(old.dashboard, old.folder, "Taken back by push_dashboards")

    def delete() -> None:
        if grafana.call("GET", f"/api/dashboards/uid/{uid}") is not None:
            grafana.call("DELETE", f"/api/dashboards/uid/{uid}")

    return delete


def _own_left_out(dashboard: Dashboard) -> Dashboard:
    return {name: value for name, value in dashboard.items() if name not in OWN}
