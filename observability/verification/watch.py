"""The first day: rules, alerts and series are looked at again and again, and what was odd is reported at the end.

The judgement (`report`) is pure: it takes what was seen.
"""

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from observability.verification.client import Unreachable
from observability.verification.prometheus import Prometheus
from observability.verification.result import FAILED, PASSED, Result

CODE = 20
FLAPS = 3  # beginnings of one alert; routing waits for groups, so people are told of each
SLOW_SHARE = 0.5  # of a group's interval
GROWTH_SHARE = 0.2
GROWTH_SERIES = 500  # below this a share means nothing
LOST_SHARE = 0.05  # of the looks that may get no answer
ALWAYS_FIRING = "Watchdog"

Alert = tuple[tuple[str, str], ...]


@dataclass
class Look:
    """What one look saw. `rules` is alert → state; `groups` is group → (seconds its evaluation took, its interval)."""

    at: float  # seconds, monotonic
    firing: frozenset[Alert]
    rules: Mapping[str, str]
    failing: Mapping[str, str]  # rule → its error
    groups: Mapping[str, tuple[float, float]]
    series: Mapping[str, float]  # job → samples of its last scrape
    names: frozenset[str]  # metrics and recordings that have series
    down: frozenset[str]


@dataclass
class Watch:
    looks: list[Look] = field(default_factory=list)
    missed: int = 0

    def begun(self) -> Counter[Alert]:
        """How often each alert began to fire while it was watched."""
        begun: Counter[Alert] = Counter()
        for before, after in zip(self.looks, self.looks[1:], strict=False):
            begun.update(after.firing - before.firing)
        return begun


def look(prometheus: Prometheus, at: float) -> Look:
    """Raises Unreachable."""
    groups = prometheus.groups()
    rules = [rule for group in groups for rule in group["rules"]]
    return Look(
        at=at,
        firing=frozenset(
            tuple(sorted(alert["labels"].items())) for alert in prometheus.alerts() if alert["state"] == "firing"
        ),
        rules={_name(rule): rule["state"] for rule in rules if rule["type"] == "alerting"},
        failing={rule["name"]: rule["lastError"] for rule in rules if rule["health"] == "err"},
        groups={f"{group['name']}": (float(group["evaluationTime"]), float(group["interval"])) for group in groups},
        series={
            labels.get("job", ""): value
            for labels, value in prometheus.vector("sum by (job) (scrape_samples_post_metric_relabeling)")
        },
        names=frozenset(prometheus.data("label/__name__/values", {"start": str(time.time() - 300)})),
        down=frozenset(one["scrapeUrl"] for one in prometheus.targets() if one["health"] != "up"),
    )


def _name(rule: Mapping[str, Any]) -> str:
    return f"{rule['name']} ({rule['labels'].get('category') or rule['labels'].get('severity', '')})"


def observe(
    prometheus: Prometheus, *, seconds: float, every: float, say: Callable[[str], object] = lambda text: None
) -> Watch:
    """Looks until `seconds` have passed or Ctrl-C; an outage of Prometheus is counted, not the end."""
    watch = Watch()
    began = time.monotonic()
    said = began
    try:
        while True:
            now = time.monotonic()
            try:
                watch.looks.append(look(prometheus, now))
            except Unreachable:
                watch.missed += 1
            if now - said >= 60 or not watch.looks[1:]:
                said = now
                firing = len(watch.looks[-1].firing) if watch.looks else 0
                say(f"{now - began:.0f} of {seconds:.0f} s: {firing} alerts fire, {watch.missed} looks lost")
            if now - began >= seconds:
                return watch
            time.sleep(max(0.0, min(every, began + seconds - time.monotonic())))
    except KeyboardInterrupt:
        say("interrupted; this is what was seen so far")
        return watch


def report(watch: Watch, wanted: Sequence[str] = ()) -> Result:
    """The verdict. `wanted` are metrics that must have series. Never having fired is a fact, not a fault."""
    looks = watch.looks
    if len(looks) < 2:
        return Result("watch", CODE, FAILED, problems=("Prometheus answered less than twice: nothing was watched",))
    first, last = looks[0], looks[-1]
    problems = [
        f"flapping: {_shown(alert)} began {times} times"
        for alert, times in sorted(watch.begun().items())
        if times >= FLAPS
    ]
    slow = {
        group: max(one.groups[group][0] for one in looks if group in one.groups)
        for group in sorted({name for one in looks for name in one.groups})
    }
    intervals = {name: interval for one in looks for name, (_, interval) in one.groups.items()}
    problems += [
        f"slow rules: group {group} took {taken:.2f} s of its {intervals[group]:.0f} s"
        for group, taken in slow.items()
        if taken > SLOW_SHARE * intervals[group]
    ]
    problems += [
        f"rule {name} fails: {why}"
        for name, why in sorted({k: v for one in looks for k, v in one.failing.items()}.items())
    ]
    seen = frozenset().union(*(one.names for one in looks))
    problems += [f"missing series: {name} has none" for name in sorted(set(wanted) - seen)]
    problems += [f"missing series: {name} has ended" for name in sorted((set(wanted) & first.names) - last.names)]
    for job in sorted(first.series.keys() | last.series.keys()):
        before, after = first.series.get(job, 0.0), last.series.get(job, 0.0)
        if after - before > max(GROWTH_SERIES, GROWTH_SHARE * before):
            problems.append(f"cardinality: {job} grew from {before:.0f} to {after:.0f} series")
    if watch.missed > LOST_SHARE * (watch.missed + len(looks)):
        problems.append(f"Prometheus did not answer {watch.missed} of {watch.missed + len(looks)} looks")
    always = sorted(set.intersection(*(set(one.down) for one in looks)))
    problems += [f"target {url} was down all the time" for url in always]
    fired = {name for one in looks for name, state in one.rules.items() if state == "firing"}
    never = sorted(set(last.rules) - fired)
    if not any(name.startswith(ALWAYS_FIRING) for name in fired):
        problems.append(f"{ALWAYS_FIRING} never fired: whoever waits for it hears nothing")
    facts = {
        "looks": len(looks),
        "seconds": round(last.at - first.at),
        "never fired": never,
        "fired": sorted(fired),
        "beginnings": {_shown(alert): times for alert, times in watch.begun().items()},
        "slowest evaluation (seconds)": {group: round(taken, 4) for group, taken in slow.items()},
        "series": {"first": dict(first.series), "last": dict(last.series)},
        "targets that were down": sorted(frozenset().union(*(one.down for one in looks))),
    }
    evidence = f"{len(looks)} looks in {last.at - first.at:.0f} s; {len(fired)} alerts fired, {len(never)} never did"
    return Result("watch", CODE, FAILED if problems else PASSED, evidence, tuple(problems), facts)


def _shown(alert: Alert) -> str:
    labels = dict(alert)
    rest = ", ".join(f"{key}={value}" for key, value in labels.items() if key not in {"alertname"})
    return f"{labels.get('alertname', '')} ({rest})"
