"""The steps of a deployment: each looks from outside and returns what it saw, or a line for each fault."""

import ipaddress
import json
import socket
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any
from urllib.parse import urlsplit

import yaml

from observability.verification import expressions, routing, trial
from observability.verification.client import Unreachable, basic, bearer, get_json, request
from observability.verification.environment import Environment, Unset
from observability.verification.logstore import LogStore
from observability.verification.prometheus import Prometheus
from observability.verification.result import FAILED, PASSED, Result

LOG_SECONDS = 30.0
Say = Callable[[str], object]


@dataclass(frozen=True)
class Seen:
    """What a step saw; every problem names one fault."""

    evidence: str
    problems: tuple[str, ...] = ()
    facts: dict[str, Any] | None = None


def targets(environment: Environment, say: Say) -> Seen:
    """Every active target is up, and every versioned job has one."""
    found = Prometheus.of(environment).targets()
    down = [
        f"{one['labels'].get('job')} {one['scrapeUrl']} is {one['health']}: {one['lastError'] or 'not scraped yet'}"
        for one in found
        if one["health"] != "up"
    ]
    jobs = {config["job_name"] for config in _versioned(environment.prometheus_config, "scrape_configs")}
    absent = sorted(jobs - {one["labels"].get("job") for one in found})
    return Seen(
        f"{len(found) - len(down)} of {len(found)} up", tuple(down + [f"job {job} has no target" for job in absent])
    )


def rules(environment: Environment, say: Say) -> Seen:
    """Every versioned alert is loaded with its thresholds and its patience, and no rule fails."""
    loaded = [rule for group in Prometheus.of(environment).groups() for rule in group["rules"]]
    running = [
        ((rule["name"], *_tier(rule["labels"])), (expressions.numbers_of(rule["query"]), float(rule["duration"])))
        for rule in loaded
        if rule["type"] == "alerting"
    ]
    versioned = [
        (
            (rule["alert"], *_tier(rule.get("labels", {}))),
            (expressions.numbers_of(rule["expr"]), _seconds(rule.get("for"))),
        )
        for group in _versioned(environment.rules, "groups")
        for rule in group["rules"]
        if "alert" in rule
    ]
    names = {name for name, _ in running}
    problems = []
    for name, (numbers, patience) in versioned:
        shown = f"alert {name[0]} ({name[2] or name[1]})"
        if name not in names:
            problems.append(f"{shown} is not loaded")
        elif (name, (numbers, patience)) not in running:
            others = [f"{list(other)} for {wait:g} s" for key, (other, wait) in running if key == name]
            problems.append(f"{shown} runs with {' or '.join(others)}, versioned {list(numbers)} for {patience:g} s")
    problems += [f"rule {rule['name']}: {rule['lastError']}" for rule in loaded if rule["health"] == "err"]
    return Seen(f"{len(versioned)} versioned alerts, {len(loaded)} rules loaded", tuple(problems))


def _tier(labels: dict[str, str]) -> tuple[str, str]:
    return labels.get("severity", ""), labels.get("category", "")


def _seconds(duration: str | None) -> float:
    return routing.milliseconds(duration) / 1000 if duration else 0.0


def dashboards(environment: Environment, say: Say) -> Seen:
    """Every versioned dashboard is in Grafana, with the same panels."""
    url = environment.need("grafana_url")
    headers = bearer(environment.grafana_token)
    if environment.grafana_user:
        headers = basic(environment.grafana_user, environment.grafana_password)
    present = {one["uid"] for one in get_json(f"{url}/api/search?type=dash-db&limit=5000", headers=headers)}
    paths = sorted(environment.dashboards.glob("*.json"))
    if not paths:
        raise Unreachable(f"no versioned dashboard in {environment.dashboards}")
    problems = []
    for path in paths:
        versioned = json.loads(path.read_text())
        if versioned["uid"] not in present:
            problems.append(f"dashboard {versioned['uid']} is missing")
            continue
        shown = get_json(f"{url}/api/dashboards/uid/{versioned['uid']}", headers=headers)["dashboard"]
        ours, theirs = set(_titles(versioned)), set(_titles(shown))
        problems += [f"dashboard {versioned['uid']} lacks panel {title}" for title in sorted(ours - theirs)]
    return Seen(f"{len(paths)} versioned dashboards", tuple(problems))


def _titles(dashboard: dict[str, Any]) -> Iterator[str]:
    for panel in dashboard.get("panels") or ():
        yield panel.get("title", "")
        yield from _titles(panel)


def routes(environment: Environment, say: Say) -> Seen:
    """Alertmanager runs the versioned routes, receivers' channels, inhibitions and times."""
    running = yaml.safe_load(trial.Alertmanager(environment).status()["config"]["original"])
    versioned = yaml.safe_load(_text(environment.alertmanager_config))
    problems = routing.differences(running, versioned)
    return Seen(f"{len(running.get('receivers') or [])} receivers", tuple(problems))


def alerts(environment: Environment, say: Say) -> Seen:
    """A test alert of each severity reaches its receivers, and its end does too."""
    alertmanager = trial.Alertmanager(environment)
    trials = trial.run(
        alertmanager,
        trial.SEVERITIES,
        channels=channels(alertmanager),
        in_log=in_log(environment),
        say=say,
    )
    told = "; ".join(
        f"{one.severity} → {', '.join(one.receivers)}: {one.delivered_after:.0f} s, its end {one.resolved_after:.0f} s"
        for one in trials
        if one.delivered_after is not None and one.resolved_after is not None
    )
    return Seen(told or "none arrived", tuple(one.problem for one in trials if one.problem))


def channels(alertmanager: trial.Alertmanager) -> dict[str, list[str]]:
    """Receiver → the kinds of its channels, as Alertmanager's counters name them. Raises Unreachable."""
    running = yaml.safe_load(alertmanager.status()["config"]["original"])
    return routing.channels(running)


def in_log(environment: Environment) -> trial.InLog:
    """Whether a test alert's line is in the log's store: asked of the host's own receiver, where there is a store."""
    try:
        store = LogStore(environment)
    except Unset:
        return lambda one, status: None

    def look(one: trial.Trial, status: str) -> bool | None:
        if not environment.log_receivers.issuperset(one.receivers):
            return None
        return any(f'"{status}"' in line or f" {status}" in line for line in store.lines(one.fingerprint))

    return look


def closed(environment: Environment, say: Say) -> Seen:
    """/metrics is refused to whoever has neither the token nor a trusted address."""
    url = environment.need("base_url")
    # From a trusted address the peer says that it passes on a stranger's request; a forged header must not help either.
    strangers = {
        "a forwarded stranger": {"X-Forwarded-For": "203.0.113.9"},
        "a stranger with a wrong token": {"X-Forwarded-For": "203.0.113.9", "Authorization": "Bearer wrong"},
        "a stranger who claims to be local": {"Forwarded": "for=127.0.0.1", "X-Forwarded-For": "127.0.0.1"},
    }
    if not _loopback(url):
        strangers["this machine without a token"] = {}
    statuses = {who: request(f"{url}/metrics", headers=headers).status for who, headers in strangers.items()}
    problems = [
        f"/metrics answers {status} to {who}" for who, status in statuses.items() if status not in {401, 403, 404}
    ]
    details = request(f"{url}/api/v1/ready/details").status
    if details not in {401, 403, 404}:
        problems.append(f"/api/v1/ready/details answers {details} without a token")
    posted = request(f"{url}/alerts", method="POST", body={"alerts": []}).status
    if posted not in {401, 403, 404}:
        problems.append(f"POST /alerts answers {posted} without a token")
    return Seen(", ".join(f"{who}: {status}" for who, status in statuses.items()), tuple(problems))


def _loopback(url: str) -> bool:
    try:
        return ipaddress.ip_address(socket.gethostbyname(urlsplit(url).hostname or "")).is_loopback
    except (OSError, ValueError):
        return False


def health(environment: Environment, say: Say) -> Seen:
    """Liveness and readiness answer, and readiness says of the database and Redis what their exporters say."""
    url = environment.need("base_url")
    problems = []
    live, ready = request(f"{url}/health"), request(f"{url}/api/v1/ready")
    if live.status != 200:
        problems.append(f"/health answered {live.status}")
    checks = {name: check["status"] == "ok" for name, check in ready.json().get("checks", {}).items()}
    problems += [f"readiness: {name} failed" for name, good in checks.items() if not good]
    if (ready.status == 200) != (bool(checks) and all(checks.values())):
        problems.append(f"readiness answered {ready.status} although its checks say {checks or 'nothing'}")
    prometheus = Prometheus.of(environment)
    for check, series in (("database", "min(pg_up)"), ("redis", "min(redis_up)")):
        measured = prometheus.number(series)
        if check not in checks:
            problems.append(f"readiness doesn't check the {check}")
        elif measured is None:
            problems.append(f"{series} has no value: nobody measures the {check} from outside")
        elif bool(measured) != checks[check]:
            problems.append(f"readiness says {checks[check]} of the {check}, its exporter {bool(measured)}")
    if prometheus.number('min(probe_success{probe="readiness"})') != float(ready.status == 200):
        problems.append(f"readiness answered {ready.status}; the probe of Prometheus says otherwise, or there is none")
    return Seen(f"/health {live.status}, readiness {ready.status}: {', '.join(checks)}", tuple(problems))


def errors(environment: Environment, say: Say) -> Seen:
    """A test event reaches Sentry without the made-up personal data in it."""
    environment.need("sentry_url")
    if not find_spec("sentry_sdk"):
        raise Unreachable("sentry-sdk is not installed: nothing reports errors")
    from observability.verification import sentry

    event_id = sentry.send()
    say(f"sent test event {event_id}")
    kept = sentry.read(environment, event_id)
    return Seen(f"event {event_id} arrived, {len(sentry.MADE_UP)} made-up values looked for", tuple(sentry.leaks(kept)))


def logs(environment: Environment, say: Say) -> Seen:
    """The line of a request made now reaches the log's store."""
    store, url = LogStore(environment), environment.need("base_url")
    given = uuid.uuid4().hex
    answer = request(f"{url}/api/v1/me?verification={given}")
    headers = {name.lower(): value for name, value in answer.headers.items()}
    request_id = headers.get("x-request-id", "")
    if not request_id:
        return Seen("no X-Request-ID", ("the answer carries no X-Request-ID: a line can't be told from others",))
    began = time.monotonic()
    while time.monotonic() - began < LOG_SECONDS:
        if store.lines(request_id):
            return Seen(f"the line of request {request_id} after {time.monotonic() - began:.1f} s")
        time.sleep(0.5)
    return Seen("no line", (f"no line of request {request_id} within {LOG_SECONDS:.0f} s",))


def _text(path: Any) -> str:
    """Raises Unreachable where there is no versioned file."""
    try:
        return str(path.read_text())
    except OSError as error:
        raise Unreachable(f"the versioned file can't be read: {error}") from None


def _versioned(path: Any, key: str) -> list[dict[str, Any]]:
    return list(yaml.safe_load(_text(path))[key])


STEPS: dict[str, tuple[int, Callable[[Environment, Say], Seen]]] = {
    "targets": (10, targets),
    "rules": (11, rules),
    "dashboards": (12, dashboards),
    "routes": (13, routes),
    "alerts": (14, alerts),
    "closed": (15, closed),
    "health": (16, health),
    "errors": (17, errors),
    "logs": (18, logs),
}


def carry_out(name: str, environment: Environment, say: Say) -> Result:
    """One step. What can't be asked is a failure: nothing is passed that was not seen."""
    code, step = STEPS[name]
    try:
        seen = step(environment, say)
    except (Unset, Unreachable) as error:
        return Result(name, code, FAILED, problems=(str(error),))
    except (KeyError, TypeError, ValueError, yaml.YAMLError) as error:
        return Result(name, code, FAILED, problems=(f"an answer that was not understood: {error!r}",))
    return Result(name, code, FAILED if seen.problems else PASSED, seen.evidence, seen.problems, seen.facts or {})
