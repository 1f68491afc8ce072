"""What the page shows, gathered within a few seconds whatever hangs."""

import datetime
import functools
import json
import math
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.remote import Unreachable
from lms.operations import sources

WAIT_SECONDS = 3.0
SILENCE: Any = object()  # an answer that never came


def _per_second(value: float) -> str:
    return f"{value:.2f} / s"


def _percent(value: float) -> str:
    return f"{100 * value:.1f} %"


def _seconds(value: float) -> str:
    return f"{value * 1000:.0f} ms" if value < 1 else f"{value:.1f} s"


def _number(value: float) -> str:
    return f"{value:,.0f}"


def _ago(value: float) -> str:
    return f"{timezone.localtime(datetime.datetime.fromtimestamp(value, datetime.UTC)):%Y-%m-%d %H:%M}"


# Title, query, how to write its value. Names of rules and metrics are checked against those that exist.
FIGURES: list[tuple[Any, str, Callable[[float], str]]] = [
    (_("Web servers that answer"), 'sum(up{job="lms-api"})', _number),
    (_("Workers that answer"), "celery_workers", _number),
    (_("Beat, overdue"), "celery_beat_lag_seconds", _seconds),
    (_("Requests to the API"), "api:http_responses:rate5m", _per_second),
    (_("Errors of the API"), "api:http_errors:ratio_rate5m", _percent),
    (_("Errors of the pages"), "pages:http_errors:ratio_rate5m", _percent),
    (_("95th percentile of an answer's time"), "api:http_request_duration_seconds:p95_rate5m", _seconds),
    (_("Database pool in use, the fullest process"), "max(pool:db_client_connections:utilisation)", _percent),
    (_("Messages in the queue"), "sum(celery_queue_messages)", _number),
    (_("Oldest message in the queue"), "max(celery_queue_oldest_message_age_seconds)", _seconds),
    (_("Oldest message of the outbox"), "lms_outbox_oldest_pending_seconds", _seconds),
    (_("Active people, 5 minutes"), "sum(role:active_users:count)", _number),
    (_("Last deployment: newest start of a web server"), 'max(process_start_time_seconds{job="lms-api"})', _ago),
]


@dataclass(frozen=True)
class Line:
    """One row: `state` is "good", "bad" or "unknown"; "" where a number alone says neither."""

    title: Any
    value: str
    state: str = ""


@dataclass(frozen=True)
class Alert:
    name: str
    severity: str
    summary: str
    since: datetime.datetime | None
    runbook_url: str
    dashboard_url: str


@dataclass(frozen=True)
class Link:
    """`url` is "" where no address is set; `variable` says where it would be."""

    title: str
    url: str
    variable: str


@dataclass
class State:
    """`silent` names, by variable, who was asked and gave no answer, or has no address."""

    at: datetime.datetime
    release: str
    parts: list[Line] = field(default_factory=list)
    figures: list[Line] = field(default_factory=list)
    alerts: list[Alert] = field(default_factory=list)
    silent: set[str] = field(default_factory=set)
    links: list[Link] = field(default_factory=list)


def gather() -> State:
    """Never raises for a part that is away, and never waits longer than WAIT_SECONDS for the ones outside."""
    where: Mapping[str, str] = settings.OPERATIONS
    state = State(at=timezone.now(), release=settings.RELEASE)
    pool = ThreadPoolExecutor(max_workers=8, thread_name_prefix="operations")
    try:
        firing = pool.submit(sources.alertmanager, where["ALERTMANAGER"]) if where["ALERTMANAGER"] else None
        asked = [
            (title, write, pool.submit(sources.prometheus, where["PROMETHEUS"], query) if where["PROMETHEUS"] else None)
            for title, query, write in FIGURES
        ]
        state.parts = _parts()
        deadline = state.at + datetime.timedelta(seconds=WAIT_SECONDS)
        answers = [(title, write, _result(future, deadline)) for title, write, future in asked]
        found = _result(firing, deadline)
    finally:
        # Whoever still waits for an answer ends by its own timeout.
        pool.shutdown(wait=False, cancel_futures=True)
    state.figures = [_figure(title, write, answer) for title, write, answer in answers]
    if all(answer is SILENCE for _, _, answer in answers):
        state.silent.add("PROMETHEUS")
    if found is SILENCE:
        state.silent.add("ALERTMANAGER")
    else:
        state.alerts = sorted(map(_alert, found), key=lambda alert: (alert.severity, alert.name))
    state.links = _links(where)
    return state


def _links(where: Mapping[str, str]) -> list[Link]:
    """Every place to look at; Grafana's are its dashboards."""
    found = []
    for name, url in where.items():
        title, variable = name.replace("_", " ").capitalize(), f"LMS_{name}_URL"
        found.append(Link(title, url, variable))
        if name == "GRAFANA" and url:
            found += [Link(f"{title}: {board}", f"{url}/d/{uid}", variable) for uid, board in dashboards()]
    return found


@functools.cache
def dashboards() -> list[tuple[str, str]]:
    """(uid, title) of each dashboard that ships; none where deploy/ was left out."""
    directory: Path = settings.OBSERVABILITY["VERIFY"]["DASHBOARDS"]
    boards = [json.loads(path.read_text()) for path in sorted(directory.glob("*.json"))]
    return [(board["uid"], board["title"]) for board in boards]


def _parts() -> list[Line]:
    """What this process sees by itself: the checks of readiness and of its details."""
    if not settings.OBSERVABILITY_ENABLED:
        return []
    from observability.health import readiness

    return [
        Line(name.replace("_", " "), "" if outcome.ok else str(outcome.reason), "good" if outcome.ok else "bad")
        for checks in (readiness.checks(), readiness.details())
        for name, outcome in checks.report().outcomes.items()
    ]


def _result(future: Future[Any] | None, deadline: datetime.datetime) -> Any:
    """SILENCE where nobody was asked or nobody answered."""
    if future is None:
        return SILENCE
    try:
        return future.result(timeout=max(0.0, (deadline - timezone.now()).total_seconds()))
    except (Unreachable, TimeoutError):
        return SILENCE


def _figure(title: Any, write: Callable[[float], str], answer: float | None) -> Line:
    if not isinstance(answer, float) or not math.isfinite(answer):
        return Line(title, "", "unknown")
    return Line(title, write(answer))


def _alert(alert: Mapping[str, Any]) -> Alert:
    labels, notes = alert.get("labels", {}), alert.get("annotations", {})
    try:
        since = datetime.datetime.fromisoformat(alert.get("startsAt", ""))
    except ValueError:
        since = None
    return Alert(
        name=labels.get("alertname", "?"),
        severity=labels.get("severity", ""),
        summary=notes.get("summary", ""),
        since=since,
        runbook_url=_web(notes.get("runbook_url", "")),
        dashboard_url=_web(notes.get("dashboard_url", "")),
    )


def _web(url: str) -> str:
    """The address, if a link may lead there."""
    return url if urlsplit(url).scheme in {"http", "https"} else ""
