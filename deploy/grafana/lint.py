"""What a dashboard must have, in the spirit of grafana/dashboard-linter; a line for each thing that it lacks.

Two rules of that program have another form here. Jobs are fixed in recording rules, so there is no variable for them;
and whether PromQL can be parsed is promtool's to say (deploy.grafana.parse).
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard

SOURCES = {
    "prometheus": "${datasource}",
    "grafana-postgresql-datasource": "${reporting}",
    "loki": "${logs}",
}
UNITS = {"bool_yes_no", "Bps", "bytes", "ops", "percentunit", "reqps", "s", "short", "string"}  # Grafana's names
FIXED_WINDOWS = {"1h", "6h", "24h"}
LINKS = {"Runbooks", "Logs", "Traces", "Other dashboards"}
ANNOTATIONS = {"Alerts", "Deployments and restarts", "Maintenance"}
_COUNTER = re.compile(r"\b[a-zA-Z_]\w*_(?:total|bucket|count|sum)\b")
_RATED = re.compile(r"\b(rate|irate|increase)\(\s*([a-zA-Z_:][\w:]*)(?:\{[^}]*\})?\[([^\]]+)\]")
_AGGREGATED = re.compile(
    r"\b(?:sum|min|max|avg|count|topk|bottomk|quantile)\s*(?:(?:by|without)\s*\([^)]*\)\s*)?\((?:[\d.]+,\s*)?$"
)
_OTHER_INSTANCE = re.compile(r'\binstance\s*(?:=~|!~|!=|=)\s*"(?!\$instance")[^"]*"')
ON_TIME_RANGE_CHANGE = 2
_VARIABLE = re.compile(r"\$\{(\w+)(?::\w+)?\}|\$(\w+)")
_ROW_LIMIT = re.compile(r"\bLIMIT \d+$|\bGROUP BY kind ORDER BY kind$")

Board = Mapping[str, Any]


def findings(board: Board) -> list[str]:
    """`dashboard: panel: what is wrong`, for the dashboard's JSON."""
    lines = [*_dashboard(board), *_models(board)]
    titles: set[str] = set()
    for panel in board["panels"]:
        title = panel.get("title", "")
        if title in titles:
            lines.append(f"{title}: a second panel with this title")
        titles.add(title)
        lines += [f"{title or 'a panel'}: {line}" for line in _panel(panel, _variables(board))]
    return [f"{board['title']}: {line}" for line in lines]


def _variables(board: Board) -> set[str]:
    return {variable["name"] for variable in board["templating"]["list"]}


def _dashboard(board: Board) -> Iterator[str]:
    offered = {variable["type"]: variable for variable in board["templating"]["list"]}
    if "datasource" not in offered:
        yield "no variable for a data source"
    instance = next((one for one in board["templating"]["list"] if one["name"] == "instance"), None)
    if instance is None:
        yield "no variable instance"
    elif not (instance.get("multi") and instance.get("includeAll")):
        yield "a variable instance without several values or All"
    for variable in board["templating"]["list"]:
        if (variable.get("datasource") or {}).get("type") == "prometheus":
            if not str(variable.get("query")).startswith("label_values("):
                yield f"the variable {variable['name']} asks for no label's values"
            if variable.get("refresh") != ON_TIME_RANGE_CHANGE:
                yield f"the variable {variable['name']} is not asked again when the time range changes"
    if missing := LINKS - {link["title"] for link in board["links"]}:
        yield f"no link {', '.join(sorted(missing))}"
    if missing := ANNOTATIONS - {note["name"] for note in board["annotations"]["list"]}:
        yield f"no annotation {', '.join(sorted(missing))}"
    if not board["uid"].startswith("lms-") or len(board["uid"]) > 40:
        yield "a uid that is not lms-… of at most 40 characters"
    if board["editable"]:
        yield "may be edited, though the next deployment overwrites it"


def _models(board: Board) -> Iterator[str]:
    """Read by the builder's models and written again, nothing may be lost or added."""
    register_default_plugins()
    try:
        again = json.loads(JSONEncoder().encode(Dashboard.from_json(dict(board))))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        yield f"not a dashboard to the builder's models: {type(error).__name__}: {error}"
        return
    if again != board:
        yield "read by the builder's models, it is not the same"


def _panel(panel: Mapping[str, Any], variables: set[str]) -> Iterator[str]:
    defaults = panel.get("fieldConfig", {}).get("defaults", {})
    for what in ("title", "description"):
        if not panel.get(what):
            yield f"no {what}"
    if not (panel.get("description") or ".").endswith("."):
        yield "a description that is no sentence"
    if not defaults.get("unit"):
        yield "no unit"
    elif defaults["unit"] not in UNITS:
        yield f"a unit that Grafana doesn't know: {defaults['unit']}"
    if not defaults.get("noValue"):
        yield "nothing to say when it is empty"
    if not defaults.get("thresholds", {}).get("steps"):
        yield "no thresholds"
    if not panel.get("targets"):
        yield "no query"
    for target in [panel, *panel.get("targets", [])]:
        source = target.get("datasource") or {}
        if SOURCES.get(source.get("type", "")) != source.get("uid"):
            yield f"a data source that is not a variable: {source.get('uid')}"
    for target in panel.get("targets", []):
        text = target.get("expr") or target.get("rawSql") or ""
        for found in _VARIABLE.finditer(text):
            name = found[1] or found[2]
            if not name.startswith("__") and name not in variables:
                yield f"no variable {name}"
        if target["datasource"]["type"] == "prometheus":
            yield from _promql(text, panel["type"], target.get("legendFormat", ""))
        elif "rawSql" in target:
            yield from _sql(text)


def _promql(expression: str, kind: str, legend: str) -> Iterator[str]:
    rated = {name for _, name, _ in _RATED.findall(expression)}
    for counter in sorted(set(_COUNTER.findall(re.sub(r"\{[^}]*\}", "", expression))) - rated):
        # Gauges of exporters may end in _count, too: names with another exporter's prefix are theirs.
        if not counter.startswith("pg_stat_activity"):
            yield f"the counter {counter} is shown without rate or increase"
    for function, name, window in _RATED.findall(expression):
        if function == "increase" and window in FIXED_WINDOWS:
            continue
        if window != "$__rate_interval":
            yield f"{function} of {name} over {window}, not over $__rate_interval"
    for found in _RATED.finditer(expression):
        if not _AGGREGATED.search(expression[: found.start()]):
            yield f"{found[1]} of {found[2]} is not aggregated"
    if other := _OTHER_INSTANCE.search(expression):
        yield f"an instance that is not the variable: {other[0]}"
    if kind == "timeseries" and not legend:
        yield "a line without a legend"


def _sql(statement: str) -> Iterator[str]:
    if not statement.startswith("SELECT "):
        yield "a statement that is no SELECT"
    if re.search(r"\b(FROM|JOIN)\s+(?!reporting\.)\w", statement):
        yield "reads from outside the schema reporting"
    if not _ROW_LIMIT.search(statement):
        yield "a statement without a limit of rows"
    if unquoted := re.search(r"\$\{(?!__)\w+\}|\$(?!_|\{)\w+", statement):
        yield f"the variable {unquoted[0]} is not quoted for SQL"
