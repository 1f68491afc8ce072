"""Queries are written as Grafana writes them, and whatever a dashboard asks is found."""

import json

import pytest

from deploy.grafana.queries import MARKS, Query, Range, label_values, logql, matches, promql, queries, sql, variables
from tests.drill.world import DEPLOY

RANGE = Range(start=1000.0, end=1600.0, step=5.0)


def test_globals_and_variables_are_put_into_promql():
    assert promql("rate(x[$__rate_interval])", RANGE, {}) == "rate(x[20s])"
    assert promql("increase(x[${__range}])", RANGE, {}) == "increase(x[600s])"
    assert promql('up{instance=~"$instance"}', RANGE, {"instance": [".*"]}) == 'up{instance=~".*"}'
    assert promql('up{job=~"${job:regex}"}', RANGE, {"job": ["a", "b.c"]}) == 'up{job=~"(a|b\\.c)"}'


def test_macros_and_variables_are_put_into_sql():
    assert sql("SELECT 1 WHERE $__timeFilter(at)", RANGE, {}) == (
        "SELECT 1 WHERE at BETWEEN to_timestamp(1000) AND to_timestamp(1600)"
    )
    assert sql("WHERE course IN ($course)", RANGE, {"course": ["a", "it's"]}) == "WHERE course IN ('a','it''s')"
    assert sql("LIMIT ${most:raw}", RANGE, {"most": ["5"]}) == "LIMIT 5"


def test_a_variable_that_does_not_exist_is_an_error():
    with pytest.raises(ValueError, match="no variable instanse"):
        promql('up{instance="$instanse"}', RANGE, {"instance": ["a"]})
    with pytest.raises(ValueError, match="no variable curse"):
        sql("WHERE course = $curse", RANGE, {})


def test_label_values_with_and_without_a_selector():
    assert label_values("label_values(instance)") == ("", "instance")
    assert label_values('label_values(up{job="a, b"}, instance)') == ('up{job="a, b"}', "instance")
    with pytest.raises(ValueError, match="not understood"):
        label_values("metrics(.*)")


def test_log_lines_are_matched_by_their_fields_and_more_of_logql_is_refused():
    service, conditions = logql('{service_name="lms"} | json | level=~"ERROR|CRITICAL" | logger="a"')
    assert service == "lms"
    lines = [{"level": level, "logger": logger} for level in ("ERROR", "ERRORS", "INFO") for logger in ("a", "b")]
    assert [line for line in lines if matches(line, conditions)] == [{"level": "ERROR", "logger": "a"}]
    _, conditions = logql('{service_name="lms"} |= "b"')
    assert [line["logger"] for line in lines if matches(line, conditions)] == ["b", "b", "b"]
    with pytest.raises(ValueError, match="not understood: line_format"):
        logql('{service_name="lms"} | line_format "x"')


def test_panels_inside_of_rows_and_annotations_are_asked_too():
    source = {"type": "prometheus", "uid": "p"}
    target = {"refId": "A", "expr": "up", "datasource": source}
    board = {
        "uid": "b",
        "templating": {"list": [{"type": "query", "name": "i", "query": "label_values(up, i)", "datasource": source}]},
        "annotations": {"list": [{"name": "N", "expr": "ALERTS", "datasource": source}]},
        "panels": [
            {"type": "row", "title": "R", "panels": [{"type": "stat", "title": "In", "targets": [target]}]},
            {
                "type": "table",
                "title": "T",
                "description": "All. May be empty: nobody was refused.",
                "datasource": {"type": "grafana-postgresql-datasource"},
                "targets": [{"refId": "A", "rawSql": "SELECT 1"}],
            },
        ],
    }
    assert list(queries(board)) == [
        Query("b", "In", "A", "prometheus", "up"),
        Query("b", "T", "A", "sql", "SELECT 1", "nobody was refused."),
        Query("b", "annotation N", "", "prometheus", "ALERTS", MARKS),
    ]
    assert [query for _, query in variables(board)] == [
        Query("b", "variable i", "", "prometheus", "label_values(up, i)")
    ]


def test_every_panel_of_every_dashboard_is_asked_something():
    for path in sorted((DEPLOY / "grafana" / "dashboards").glob("*.json")):
        board = json.loads(path.read_text())
        asked = {query.panel for query in queries(board) if query.text and query.kind in {"prometheus", "sql", "loki"}}
        shown = {panel["title"] for panel in board["panels"] if panel["type"] not in {"row", "text"}}
        assert shown <= asked
