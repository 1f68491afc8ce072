"""A test alert, sent as Prometheus would send it, and followed to the receivers that it is routed to.

Alertmanager says who a living alert is for and counts what it handed over, by kind of channel. Where the host's own log
is one of the receivers and its store can be asked, the log line is the proof; else the counters are.
"""

import datetime
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from observability.verification.client import Unreachable, bearer, get_json, request
from observability.verification.environment import Environment

SEVERITIES = ("critical", "warning", "info")
NAME = "TestAlert"
LIFE_SECONDS = 3600  # an alert that nobody resolves ends by itself
DELIVERY_SECONDS = 120.0
RESOLVE_SECONDS = 420.0  # Alertmanager tells of an end with the group's next message


def now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


@dataclass
class Trial:
    """One test alert: `receivers` are those that Alertmanager named for it while it lived."""

    severity: str
    key: str
    receivers: tuple[str, ...] = ()
    fingerprint: str = ""
    delivered_after: float | None = None
    resolved_after: float | None = None
    problem: str = ""

    @property
    def labels(self) -> dict[str, str]:
        return {"alertname": NAME, "severity": self.severity, "category": "test", "job": f"test-{self.key}"}


class Alertmanager:
    """Every method raises Unreachable when Alertmanager has no usable answer."""

    def __init__(self, environment: Environment) -> None:
        """Raises Unset."""
        self.url = environment.need("alertmanager_url")
        self._headers = bearer(environment.alertmanager_token)

    def send(self, trial: Trial, *, ends: datetime.datetime, starts: datetime.datetime) -> None:
        alert = {
            "labels": trial.labels,
            "annotations": {
                "summary": f"A test of {trial.severity} alerts: nothing is wrong.",
                "description": "Sent to see that alerts arrive; it resolves itself.",
            },
            "startsAt": starts.isoformat(),
            "endsAt": ends.isoformat(),
        }
        answer = request(f"{self.url}/api/v2/alerts", method="POST", body=[alert], headers=self._headers)
        if answer.status != 200:
            raise Unreachable(
                f"Alertmanager took no alert: {answer.status} {answer.body.decode(errors='replace')[:200]}"
            )

    def living(self, trial: Trial) -> dict[str, Any] | None:
        """The alert as Alertmanager knows it, or None when it is over."""
        query = urlencode({"filter": f'job="{trial.labels["job"]}"', "active": "true"})
        found = get_json(f"{self.url}/api/v2/alerts?{query}", headers=self._headers)
        return dict(found[0]) if found else None

    def silenced(self, trial: Trial) -> str:
        """Why the alert would not be told to anybody, or ""."""
        status = (self.living(trial) or {}).get("status", {})
        if status.get("silencedBy"):
            return f"silenced by {', '.join(status['silencedBy'])}"
        return "inhibited by another alert" if status.get("inhibitedBy") else ""

    def status(self) -> dict[str, Any]:
        return dict(get_json(f"{self.url}/api/v2/status", headers=self._headers))

    def counters(self) -> dict[str, dict[str, float]]:
        """{"sent": {channel: number}, "failed": {channel: number}} since its start, of finished attempts.

        alertmanager_notifications_total counts an attempt that begins: one that hangs would look like one that arrived.
        """
        answer = request(f"{self.url}/metrics", headers={"Accept": "text/plain", **self._headers})
        if answer.status != 200:
            raise Unreachable(f"Alertmanager's /metrics answered {answer.status}")
        counts: dict[str, dict[str, float]] = {"sent": {}, "failed": {}}
        for line in answer.body.decode().splitlines():
            for kind, name in (
                ("sent", "alertmanager_notification_requests_total{"),
                ("failed", "alertmanager_notification_requests_failed_total{"),
            ):
                if line.startswith(name):
                    labels, _, value = line.rpartition(" ")
                    channel = labels.partition('integration="')[2].partition('"')[0]
                    counts[kind][channel] = counts[kind].get(channel, 0.0) + float(value)
        return counts


# (trial, "firing" or "resolved") → whether the host's log holds the line; None: it need not, or can't be asked.
InLog = Callable[[Trial, str], bool | None]


def run(
    alertmanager: Alertmanager,
    severities: Sequence[str],
    *,
    channels: dict[str, list[str]],
    in_log: InLog,
    resolve: bool = True,
    say: Callable[[str], object] = lambda text: None,
    delivery_seconds: float = DELIVERY_SECONDS,
    resolve_seconds: float = RESOLVE_SECONDS,
    every: float = 1.0,
) -> list[Trial]:
    """One alert for each severity, all at once. `channels`: receiver → kinds of its channels. Raises Unreachable."""
    before = alertmanager.counters()
    began = time.monotonic()
    starts = now()
    trials = [Trial(severity, uuid.uuid4().hex[:12]) for severity in severities]
    for trial in trials:
        alertmanager.send(trial, starts=starts, ends=starts + datetime.timedelta(seconds=LIFE_SECONDS))
    say(f"sent {len(trials)} test alerts")

    def await_told(status: str, seconds: float, since: float, counts: dict[str, dict[str, float]]) -> None:
        left = [trial for trial in trials if not trial.problem]
        while left and time.monotonic() - since < seconds:
            for trial in list(left):
                if status == "firing" and not trial.receivers and (alert := alertmanager.living(trial)):
                    trial.receivers = tuple(sorted(receiver["name"] for receiver in alert["receivers"]))
                    trial.fingerprint = str(alert["fingerprint"])
                if _told(alertmanager, trial, status, counts, channels, in_log):
                    after = round(time.monotonic() - since, 1)
                    if status == "firing":
                        trial.delivered_after = after
                    else:
                        trial.resolved_after = after
                    left.remove(trial)
                    say(f"{trial.severity}: {status} told to {', '.join(trial.receivers)} after {after:.0f} s")
            time.sleep(every)
        for trial in left:
            trial.problem = _why(alertmanager, trial, status, before, channels)

    try:
        await_told("firing", delivery_seconds, began, before)
    finally:
        again = alertmanager.counters()
        for trial in trials:
            alertmanager.send(trial, starts=starts, ends=now())
    if resolve:
        await_told("resolved", resolve_seconds, time.monotonic(), again)
    return trials


def _told(
    alertmanager: Alertmanager,
    trial: Trial,
    status: str,
    before: dict[str, dict[str, float]],
    channels: dict[str, list[str]],
    in_log: InLog,
) -> bool:
    if not trial.receivers:
        return False
    if status == "resolved" and alertmanager.living(trial) is not None:
        return False
    logged = in_log(trial, status)
    if logged is not None:
        return logged
    after = alertmanager.counters()
    return all(
        after["sent"].get(channel, 0) - after["failed"].get(channel, 0)
        > before["sent"].get(channel, 0) - before["failed"].get(channel, 0)
        for receiver in trial.receivers
        for channel in channels.get(receiver, [])
    )


def _why(
    alertmanager: Alertmanager,
    trial: Trial,
    status: str,
    before: dict[str, dict[str, float]],
    channels: dict[str, list[str]],
) -> str:
    if not trial.receivers:
        return f"{trial.severity}: Alertmanager took the alert, and knows nobody to tell"
    told = f"{trial.severity}: {', '.join(trial.receivers)} was not told that it is {status}"
    failed = alertmanager.counters()["failed"]
    kinds = {channel for receiver in trial.receivers for channel in channels.get(receiver, [])}
    broken = sorted(kind for kind in kinds if failed.get(kind, 0) > before["failed"].get(kind, 0))
    reasons = [f"{kind} fails" for kind in broken]
    if silenced := alertmanager.silenced(trial):
        reasons.append(silenced)
    return f"{told} ({'; '.join(reasons) or 'no attempt failed'})"
