"""What a dashboard asks, and how Grafana writes a query before it sends it: pure, no connection."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

MARKS = "an annotation marks what happened, if anything did."
ALLOWED = re.compile(r"May be empty: (.+?\.)(?:\s|$)")
_REFERENCE = re.compile(r"\$\{(\w+)(?::(\w+))?\}|\$(\w+)")
_LABEL_VALUES = re.compile(r"label_values\((?:(?P<selector>.+),\s*)?(?P<label>\w+)\)", re.DOTALL)


@dataclass(frozen=True)
class Query:
    """`kind` is the data source's type; `allowed` the reason for which the panel may be empty, or ""."""

    dashboard: str
    panel: str
    letter: str
    kind: str
    text: str
    allowed: str = ""

    @property
    def where(self) -> str:
        return f"{self.dashboard}: {self.panel} ({self.letter})" if self.letter else f"{self.dashboard}: {self.panel}"


@dataclass(frozen=True)
class Range:
    """The dashboard's time range in seconds since 1970, and its smallest step in seconds."""

    start: float
    end: float
    step: float

    @property
    def values(self) -> Mapping[str, str]:
        """Grafana's global variables: https://grafana.com/docs/grafana/latest/dashboards/variables/add-template-variables/"""
        whole = self.end - self.start
        return {
            "__interval": f"{self.step:g}s",
            "__interval_ms": f"{self.step * 1000:g}",
            "__rate_interval": f"{self.step * 4:g}s",
            "__range": f"{whole:.0f}s",
            "__range_s": f"{whole:.0f}",
            "__range_ms": f"{whole * 1000:.0f}",
            "__from": f"{self.start * 1000:.0f}",
            "__to": f"{self.end * 1000:.0f}",
        }


def panels(dashboard: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Every panel, those inside of rows too."""
    for panel in dashboard["panels"]:
        if panel["type"] != "row":
            yield panel
        yield from panel.get("panels") or ()


def kind_of(source: Mapping[str, Any] | None) -> str:
    kind = str((source or {}).get("type", ""))
    return "sql" if "postgres" in kind else kind


def queries(dashboard: Mapping[str, Any]) -> Iterator[Query]:
    """Every target of every panel and every annotation."""
    name = dashboard["uid"]
    for panel in panels(dashboard):
        allowed = ALLOWED.search(panel.get("description", ""))
        for target in panel.get("targets") or ():
            kind = kind_of(target.get("datasource") or panel.get("datasource"))
            text = target.get("rawSql") or target.get("expr") or ""
            yield Query(name, panel["title"], target["refId"], kind, text, allowed[1] if allowed else "")
    for note in dashboard.get("annotations", {}).get("list") or ():
        text = note.get("expr") or (note.get("target") or {}).get("expr") or ""
        if text:
            kind = kind_of(note.get("datasource"))
            yield Query(name, f"annotation {note['name']}", "", kind, text, MARKS)


def variables(dashboard: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], Query]]:
    """Every variable that is asked of a data source, in the order in which they may refer to one another."""
    for variable in dashboard["templating"].get("list") or ():
        if variable["type"] == "query":
            given = variable["query"]
            text = given if isinstance(given, str) else given.get("rawSql") or given.get("query", "")
            yield (
                variable,
                Query(dashboard["uid"], f"variable {variable['name']}", "", kind_of(variable["datasource"]), text),
            )


def label_values(text: str) -> tuple[str, str]:
    """(selector or "", label) of label_values(…). Raises ValueError for what is none."""
    found = _LABEL_VALUES.fullmatch(text.strip())
    if not found:
        raise ValueError(f"not understood: {text}")
    return found["selector"] or "", found["label"]


def logql(text: str) -> tuple[str, list[tuple[str, str, str]]]:
    """Service and conditions on a line's fields. Raises ValueError for more of LogQL than our panels need."""
    stream, *stages = (part.strip() for part in text.split(" | "))
    service = re.fullmatch(r'\{service_name="(\w+)"\}(?: \|= "([^"]*)")?', stream)
    if not service:
        raise ValueError(f"not understood: {stream}")
    conditions = [("", "|=", service[2])] if service[2] else []
    for stage in stages:
        found = re.fullmatch(r'(\w+)\s*(=~|=)\s*"([^"]*)"', stage)
        if found:
            conditions.append((found[1], found[2], found[3]))
        elif stage != "json":
            raise ValueError(f"not understood: {stage}")
    return service[1], conditions


def matches(line: Mapping[str, Any], conditions: Sequence[tuple[str, str, str]]) -> bool:
    """Whether a line's fields meet all conditions."""

    def meets(field: str, operator: str, wanted: str) -> bool:
        if operator == "|=":
            return wanted in json.dumps(line)
        value = str(line.get(field, ""))
        return bool(re.fullmatch(wanted, value)) if operator == "=~" else value == wanted

    return all(meets(*condition) for condition in conditions)


def promql(text: str, range_: Range, values: Mapping[str, Sequence[str]]) -> str:
    """Several values become a regular expression. Raises ValueError for a variable that doesn't exist."""

    def written(found: re.Match[str]) -> str:
        name = found[1] or found[3]
        if name in range_.values:
            return range_.values[name]
        if name not in values:
            raise ValueError(f"no variable {name}")
        chosen = values[name]
        return chosen[0] if len(chosen) == 1 else "(" + "|".join(re.escape(value) for value in chosen) + ")"

    return _REFERENCE.sub(written, text)


def sql(text: str, range_: Range, values: Mapping[str, Sequence[str]]) -> str:
    """Macros of Grafana's PostgreSQL source and variables. Raises ValueError for a variable that doesn't exist."""
    start, end = f"to_timestamp({range_.start:.0f})", f"to_timestamp({range_.end:.0f})"
    text = re.sub(r"\$__timeFilter\(([^)]*)\)", rf"\1 BETWEEN {start} AND {end}", text)
    text = text.replace("$__timeFrom()", start).replace("$__timeTo()", end)
    text = re.sub(r"\$__timeGroup(?:Alias)?\(([^,]+),\s*'?(\w+)'?[^)]*\)", r"date_trunc('day', \1)", text)
    text = re.sub(r"\$__time\(([^)]*)\)", r'\1 AS "time"', text)

    def written(found: re.Match[str]) -> str:
        name, form = found[1] or found[3], found[2] or "sqlstring"
        if name in range_.values:
            return range_.values[name]
        if name not in values:
            raise ValueError(f"no variable {name}")
        if form in {"raw", "csv"}:
            return ",".join(values[name])
        return ",".join("'" + value.replace("'", "''") + "'" for value in values[name])

    return _REFERENCE.sub(written, text)
