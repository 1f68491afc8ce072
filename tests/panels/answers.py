"""Asks Prometheus and PostgreSQL what the panels ask, and says whether there is anything to see."""

import json
import math
import os
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import psycopg

from deploy.grafana.queries import Query, Range, label_values, logql, matches, promql, queries, sql, variables
from lms.embedded import postgres_programs
from tests.system import ROOT

SECONDS = 20.0
PASSWORD = "panels-" + "r" * 24


@dataclass(frozen=True)
class Finding:
    """How many series or rows came back, and one value of them; `problem` is "" when there is something to see."""

    query: Query
    series: int
    sample: str
    problem: str = ""

    @property
    def failed(self) -> bool:
        """An allowed panel may be empty; it may not be wrong."""
        return bool(self.problem) and not (self.query.allowed and self.problem == "empty")

    def as_dict(self) -> dict[str, Any]:
        return asdict(self.query) | {"series": self.series, "sample": self.sample, "problem": self.problem}


class Sources:
    """The data sources of the dashboards: Prometheus at `prometheus`, PostgreSQL as the reporting role.

    `logs` are the lines that the processes of a service wrote: what a log store would be fed with.
    """

    def __init__(
        self, prometheus: str, reporting: str = "", logs: Callable[[str], list[dict[str, Any]]] = lambda service: []
    ) -> None:
        self.prometheus, self.reporting, self.logs = prometheus, reporting, logs

    def get(self, path: str, parameters: Mapping[str, str]) -> Any:
        """Raises ValueError with Prometheus' own words."""
        url = f"{self.prometheus}{path}?{urllib.parse.urlencode(parameters)}"
        try:
            with urllib.request.urlopen(url, timeout=SECONDS) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            raise ValueError(json.loads(error.read()).get("error", str(error))) from None

    def series(self, query: Query, range_: Range, values: Mapping[str, Sequence[str]]) -> list[dict[str, Any]]:
        """Labels and values over the whole range, as Grafana asks for them. Raises ValueError or OSError."""
        parameters = {
            "query": promql(query.text, range_, values),
            "start": f"{range_.start:.3f}",
            "end": f"{range_.end:.3f}",
            "step": f"{range_.step:g}",
        }
        return list(self.get("/api/v1/query_range", parameters)["result"])

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.reporting) as connection:
            return list(connection.execute(statement.encode()).fetchall())


def ask(sources: Sources, query: Query, range_: Range, values: Mapping[str, Sequence[str]]) -> Finding:
    """One panel's query, over the whole range as Grafana asks for it."""
    try:
        if query.kind == "sql":
            return _seen(query, [list(row) for row in sources.rows(sql(query.text, range_, values))])
        if query.kind == "loki":
            service, conditions = logql(query.text)
            found = [line for line in sources.logs(service) if matches(line, conditions)]
            return _seen(query, [[line.get("event") or line.get("message")] for line in found])
        if query.kind != "prometheus":
            return Finding(query, 0, "", f"no data source of type {query.kind!r}")
        found_series = sources.series(query, range_, values)
        return _numbers(query, [[float(value) for _, value in series["values"]] for series in found_series])
    except (ValueError, OSError, psycopg.Error) as error:
        return Finding(query, 0, "", f"{type(error).__name__}: {' '.join(str(error).split())[:200]}")


def _numbers(query: Query, series: list[list[float]]) -> Finding:
    if not series:
        return Finding(query, 0, "", "empty")
    seen = [value for values in series for value in values if not math.isnan(value)]
    if not seen:
        return Finding(query, len(series), "NaN", "only NaN")
    # The highest says more than the last: most counters stand still when the people have gone.
    return Finding(query, len(series), f"{max(seen):.6g}")


def _seen(query: Query, rows: list[list[Any]]) -> Finding:
    if not rows:
        return Finding(query, 0, "", "empty")
    if all(value is None for row in rows for value in row):
        return Finding(query, len(rows), "NULL", "only NULL")
    return Finding(query, len(rows), ", ".join(str(value) for value in rows[0])[:60])


def choices(sources: Sources, query: Query, range_: Range, values: Mapping[str, Sequence[str]]) -> list[str]:
    """What a variable offers. Raises ValueError, OSError or psycopg.Error."""
    if query.kind == "sql":
        return [str(row[0]) for row in sources.rows(sql(query.text, range_, values))]
    selector, label = label_values(promql(query.text, range_, values))
    parameters = {"start": f"{range_.start:.3f}", "end": f"{range_.end:.3f}"}
    if selector:
        parameters["match[]"] = selector
    return list(sources.get(f"/api/v1/label/{label}/values", parameters))


def chosen(sources: Sources, dashboard: Mapping[str, Any], range_: Range) -> tuple[dict[str, list[str]], list[Finding]]:
    """The values of a dashboard's variables, and a finding for each that is asked. Of one with All, all is chosen."""
    findings: list[Finding] = []
    values: dict[str, list[str]] = {}
    for variable, query in variables(dashboard):
        try:
            offered = choices(sources, query, range_, values)
            problem = "" if offered else "empty"
        except (ValueError, OSError, psycopg.Error) as error:
            offered, problem = [], f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
        findings.append(Finding(query, len(offered), offered[0] if offered else "", problem))
        if variable.get("includeAll"):
            values[variable["name"]] = [variable["allValue"]] if variable.get("allValue") else offered
        else:
            values[variable["name"]] = offered[:1]
    for variable in dashboard["templating"].get("list") or ():
        if variable["name"] not in values and variable["type"] != "datasource":
            current = (variable.get("current") or {}).get("value", variable.get("query", ""))
            values[variable["name"]] = current if isinstance(current, list) else [str(current)]
    return values, findings


def inspect(sources: Sources, dashboard: Mapping[str, Any], range_: Range) -> list[Finding]:
    """A finding for each variable, panel's query and annotation."""
    values, findings = chosen(sources, dashboard, range_)
    return findings + [ask(sources, query, range_, values) for query in queries(dashboard)]


def make_reporting_role(database: str) -> str:
    """Runs the committed script against a database's URL; the URL with which the role logs in. Raises ValueError."""
    script = ROOT / "deploy" / "postgres" / "reporting_role.sql"
    done = subprocess.run(
        [postgres_programs() / "psql", "-X", database, "-f", script],
        env={"PATH": os.environ["PATH"], "LMS_REPORTING_PASSWORD": PASSWORD},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if done.returncode or done.stderr:
        raise ValueError(f"reporting_role.sql: {done.stderr.strip()[-300:]}")
    return psycopg.conninfo.make_conninfo(database, user="lms_reporting", password=PASSWORD)
