"""What rules and panels name, held against what exists: metrics, labels, label values and views.

`python -m deploy.names` (in `make check`) prints a line for each alert or panel that would go blank, and exits 1. A
name that only the release before had, as release.json says, is right in parentheses beside its new one:
`view=~"(old|new)"`.
"""

import json
import os
import re
import sys
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

DEPLOY = Path(__file__).resolve().parent
PROMETHEUS = DEPLOY / "prometheus"
_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_SELECTOR = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)\{([^}]*)\}")
_MATCHER = re.compile(r'(\w+)\s*(=~|!~|!=|=)\s*"((?:[^"\\]|\\.)*)"')
_GROUPING = re.compile(r"\b(?:by|without)\s*\(([^)]*)\)")
_MADE = re.compile(r'label_replace\(.*?,\s*"(\w+)"', re.DOTALL)
_SHOWN = re.compile(r"\{\{\s*(?:\$labels\.)?(\w+)\s*\}\}")
_WORDS = {
    "and", "or", "unless", "on", "by", "without", "ignoring", "group_left", "group_right", "bool", "offset",
    "sum", "min", "max", "avg", "count", "topk", "rate", "increase", "vector", "time", "histogram_quantile",
    "clamp_min", "label_replace", "predict_linear", "absent", "deriv", "delta",
}  # fmt: skip
_SUFFIXES = {"histogram": ("_bucket", "_count", "_sum"), "summary": ("_count", "_sum")}
# Prometheus adds the first two to every series; the buckets of a histogram have the third.
TARGET_LABELS = {"job", "instance", "le"}
# What exporters and Prometheus itself export; held against the real exporters by the tests.
FOREIGN: Mapping[str, Collection[str]] = {
    "up": (),
    "probe_success": ("probe", "module"),
    "probe_ssl_earliest_cert_expiry": ("probe", "module"),
    "pg_up": (),
    "pg_stat_activity_count": ("state",),
    "pg_settings_max_connections": (),
    "redis_up": (),
    "redis_connected_clients": (),
    "redis_memory_used_bytes": (),
    "redis_memory_max_bytes": (),
    "node_cpu_seconds_total": ("cpu", "mode"),
    "node_memory_MemAvailable_bytes": (),
    "node_memory_MemTotal_bytes": (),
    "node_filesystem_avail_bytes": ("device", "fstype", "mountpoint"),
    "node_filesystem_size_bytes": ("device", "fstype", "mountpoint"),
}
Metrics = Mapping[str, Mapping[str, Collection[str]]]
RELEASE = DEPLOY / "release.json"


@dataclass(frozen=True)
class Exports:
    """What one release has: metrics as a query names them, and its views."""

    metrics: Metrics
    views: Collection[str]


NOTHING = Exports({}, ())


@dataclass(frozen=True)
class Query:
    """`where` names the alert, panel or figure; `shown` are the labels that its texts or legends show."""

    where: str
    expression: str
    shown: frozenset[str] = frozenset()


def load(name: str) -> list[dict[str, Any]]:
    groups = yaml.safe_load((PROMETHEUS / name).read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def metric_names(expression: str) -> set[str]:
    """Names of metrics in a PromQL expression; label lists, strings, durations and functions left out."""
    text = re.sub(r'"(?:[^"\\]|\\.)*"', "", expression)
    text = re.sub(r"\{[^}]*\}|\[[^\]]*\]", "", text)
    text = re.sub(r"\b(by|on|without|ignoring|group_left|group_right)\s*\([^)]*\)", "", text)
    text = re.sub(r"\b\d+(\.\d+)?(e[-+]?\d+)?[smhdwy]?\b", "", text)
    return {name for name in _NAME.findall(text) if name not in _WORDS}


def matchers(expression: str) -> list[tuple[str, str, str, str]]:
    """(metric, label, operator, value) of each selector."""
    return [
        (metric, label, operator, value)
        for metric, inside in _SELECTOR.findall(re.sub(r"\s+", " ", expression))
        for label, operator, value in _MATCHER.findall(inside)
    ]


def alternatives(pattern: str) -> list[str]:
    """The parts of a regular expression between its outermost bars."""
    parts, depth = [""], 0
    for character in pattern:
        depth += {"(": 1, ")": -1}.get(character, 0)
        if character == "|" and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return parts


def alerts() -> list[Query]:
    return [
        Query(
            f"alert {rule['alert']} ({rule['labels']['severity']})",
            rule["expr"],
            frozenset(_SHOWN.findall(" ".join(rule["annotations"].values()))),
        )
        for rule in load("alerts.yml")
    ]


def panels() -> list[Query]:
    return [
        Query(
            f"panel {board['title']}: {panel['title']}",
            target["expr"],
            frozenset(_SHOWN.findall(target.get("legendFormat", ""))),
        )
        for path in sorted((DEPLOY / "grafana" / "dashboards").glob("*.json"))
        for board in [json.loads(path.read_text())]
        for panel in board["panels"]
        for target in panel["targets"]
        if target["datasource"]["type"] == "prometheus"
    ]


def figures() -> list[Query]:
    """What the admin's page for whoever is on call asks Prometheus."""
    from lms.operations.state import FIGURES

    return [Query(f"figure {title}", expression) for title, expression, _ in FIGURES]


def runbooks() -> list[Query]:
    """The first query of each alert's runbook."""
    text = (DEPLOY.parent / "docs" / "runbooks.md").read_text()
    found = re.findall(r"^## (\w+)\n.*?^- \*\*First query:\*\* `([^`\n]+)`$", text, re.MULTILINE | re.DOTALL)
    return [Query(f"runbook {name}", expression) for name, expression in found]


@cache
def recordings() -> dict[str, list[dict[str, Any]]]:
    """Recorded name → its rules; one name may be recorded by several."""
    found: dict[str, list[dict[str, Any]]] = {}
    for rule in load("recording.yml"):
        found.setdefault(rule["record"], []).append(rule)
    return found


def catalogued() -> Metrics:
    """Name as a query has it → label → its values; a value in angle brackets stands for any.

    Labels are those of the metric itself where it is declared in this process, lest the catalogue alone has a name.
    """
    from prometheus_client import REGISTRY
    from prometheus_client.metrics import MetricWrapperBase

    from observability import catalog

    declared = {
        name: metric._labelnames
        for metric in REGISTRY._collector_to_names
        if isinstance(metric, MetricWrapperBase)
        for name in (metric._name, f"{metric._name}_total")
    }
    return {
        entry.name + suffix: {
            label: entry.labels.get(label, ("⟨any⟩",)) for label in declared.get(entry.name, entry.labels)
        }
        for entry in catalog.entries()
        for suffix in _SUFFIXES.get(entry.type, ("",))
    }


def exported() -> Exports:
    return Exports(catalogued(), named_views())


def released() -> Exports:
    """What the last release exported."""
    record = json.loads(RELEASE.read_text())
    return Exports(record["metrics"], record["views"])


def named_views() -> set[str]:
    from django.urls import URLResolver, get_resolver

    def names(resolver: URLResolver, prefix: str = "") -> Iterator[str]:
        for pattern in resolver.url_patterns:
            if isinstance(pattern, URLResolver):
                yield from names(pattern, prefix + (f"{pattern.namespace}:" if pattern.namespace else ""))
            elif pattern.name:
                yield prefix + pattern.name

    return set(names(get_resolver()))


def everything() -> list[Query]:
    return [*alerts(), *panels(), *figures(), *runbooks()]


def findings(queries: Collection[Query], here: Exports, other: Exports = NOTHING, *, after: bool = False) -> list[str]:
    """A line for each thing that a query names, itself or through recording rules, and that does not exist `here`.

    `other` is the release after or before: `(one|another)` bridges a name from here and one from there. If it is the
    one `after`, and nothing from here has gone, a selector may also name what came.
    """
    foreign: Metrics = {name: dict.fromkeys(labels, ("⟨any⟩",)) for name, labels in FOREIGN.items()}
    known = {**foreign, **here.metrics}
    # A rule that records a metric's new name from its old one is needed where the metric is not exported.
    recorded = {name: rules for name, rules in recordings().items() if name not in known}
    lines = []
    for query in queries:
        for expression, through in expanded(query.expression, recorded):
            told = f"{query.where}{f', through {through}' if through else ''}"
            lines += [
                f"{told}: no {what}" for what in _wrong(expression, Exports(known, here.views), recorded, other, after)
            ]
        missing = query.shown - _labels_of_expression(query.expression, known, recorded) - {"value"}
        lines += [f"{query.where}: no label {label} to show" for label in sorted(missing)]
    return lines


def expanded(expression: str, recorded: Mapping[str, list[dict[str, Any]]]) -> Iterator[tuple[str, str]]:
    """An expression and those of the recording rules below it, each with the name that it is recorded under."""
    yield expression, ""
    waiting, seen = [expression], set()
    while waiting:
        for name in sorted((metric_names(waiting.pop()) & recorded.keys()) - seen):
            seen.add(name)
            for rule in recorded[name]:
                waiting.append(rule["expr"])
                yield rule["expr"], name


def _wrong(
    expression: str, here: Exports, recorded: Mapping[str, list[dict[str, Any]]], other: Exports, after: bool
) -> Iterator[str]:
    known = here.metrics
    for name in sorted(metric_names(expression) - known.keys() - recorded.keys()):
        yield f"metric {name}"
    for metric, label, operator, value in matchers(expression):
        labels = _labels(metric, known, recorded)
        if label not in labels | TARGET_LABELS:
            yield f"label {label} of {metric}"
        elif label == "view":
            for one in _unmatched(value, operator, here.views, other.views, after):
                yield f"view {one}"
        elif values := known.get(metric, {}).get(label):
            if any(str(one).startswith(("<", "⟨")) for one in values):
                continue
            for one in _unmatched(value, operator, values, other.metrics.get(metric, {}).get(label, ()), after):
                yield f"value {one} of label {label} of {metric}"
    available = {label for name in metric_names(expression) for label in _labels(name, known, recorded)}
    for inside in _GROUPING.findall(expression):
        for label in re.findall(r"\w+", inside):
            if label not in available | TARGET_LABELS | set(_MADE.findall(expression)):
                yield f"label {label} to group by"


def _unmatched(value: str, operator: str, here: Collection[str], other: Collection[str], after: bool) -> list[str]:
    """The alternatives of a matcher's value that match nothing here, and names in a bridge that match nothing at all.

    Without those that came `after`, beside others from here, if they can be nobody's new name.
    """

    def matches(pattern: str, names: Collection[str]) -> bool:
        return any(re.fullmatch(pattern, str(name)) for name in names)

    asked = alternatives(value) if "~" in operator else [re.escape(value)]
    missing = [one for one in asked if not matches(one, here)]
    if after and set(here) <= set(other) and len(missing) < len(asked):
        missing = [one for one in missing if not matches(one, other)]
    bridges = (alternatives(one[1:-1]) for one in asked if re.fullmatch(r"\([^()]*\)", one))
    return missing + [name for names in bridges for name in names if not matches(name, {*here, *other})]


def _labels(name: str, known: Metrics, recorded: Mapping[str, list[dict[str, Any]]]) -> set[str]:
    if name in known:
        return set(known[name])
    return {
        label
        for rule in recorded.get(name, [])
        for label in _labels_of_expression(rule["expr"], known, recorded) | set(rule.get("labels", {}))
    }


def _labels_of_expression(expression: str, known: Metrics, recorded: Mapping[str, list[dict[str, Any]]]) -> set[str]:
    """The labels that a result may have: those it is grouped by, else all of its metrics'."""
    grouped = {label for inside in _GROUPING.findall(expression) for label in re.findall(r"\w+", inside)}
    if grouped or re.match(r"\s*(sum|min|max|avg|count)\s*\(", expression):
        return grouped
    labels = {label for name in metric_names(expression) for label in _labels(name, known, recorded)}
    return labels | TARGET_LABELS | set(_MADE.findall(expression))


def set_up() -> None:
    """Django with this product's settings, of which none matters here."""
    defaults = {
        "DJANGO_SETTINGS_MODULE": "lms.settings",
        "DJANGO_SECRET_KEY": "names",
        "LMS_DEBUG": "1",
        "LMS_ENV_FILE": os.devnull,
        "DATABASE_URL": "postgres://x:x@127.0.0.1:1/x",
        "REDIS_URL": "redis://127.0.0.1:1/0",
    }
    os.environ.update(defaults)
    import django

    django.setup()


def main() -> int:
    set_up()
    lines = findings(everything(), exported(), released())
    for line in lines:
        print(line, file=sys.stderr)
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
