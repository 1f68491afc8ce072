"""Renaming a metric, a label, one of its values or a view is told, with what would go blank."""

import re
from collections.abc import Collection
from functools import cache

import pytest

from deploy.names import (
    FOREIGN,
    PROMETHEUS,
    Exports,
    Metrics,
    Query,
    alerts,
    alternatives,
    catalogued,
    exported,
    figures,
    findings,
    load,
    matchers,
    metric_names,
    named_views,
    panels,
    recordings,
    released,
)

pytestmark = pytest.mark.observability
QUERIES = [*alerts(), *panels()]
EXPRESSIONS = [*(query.expression for query in QUERIES), *(rule["expr"] for rule in load("recording.yml"))]


def told(*, metrics: Metrics | None = None, views: Collection[str] | None = None) -> list[str]:
    here, before = releases()
    return findings(
        QUERIES,
        Exports(here.metrics if metrics is None else metrics, here.views if views is None else views),
        before,
    )


@cache
def releases() -> tuple[Exports, Exports]:
    return exported(), released()


def without(name: str) -> list[str]:
    return told(metrics={one: labels for one, labels in catalogued().items() if one != name})


def test_every_alert_and_panel_names_only_what_exists():
    assert findings(QUERIES, exported(), released()) == []


def test_every_figure_of_the_page_for_whoever_is_on_call_names_only_what_exists():
    assert findings(figures(), exported()) == []
    others = {name: labels for name, labels in catalogued().items() if name != "celery_workers"}
    assert findings(figures(), Exports(others, named_views())) == [
        "figure Workers that answer: no metric celery_workers",
    ]


def test_every_metric_that_is_renamed_is_told_by_each_alert_and_panel_that_uses_it():
    used = {name for expression in EXPRESSIONS for name in metric_names(expression)} & catalogued().keys()
    assert len(used) > 40
    recorded = recordings()

    def reaches(expression: str, name: str) -> bool:
        names = metric_names(expression)
        deeper = [rule["expr"] for one in names & recorded.keys() for rule in recorded[one]]
        return name in names or any(reaches(one, name) for one in deeper)

    for name in sorted(used):
        expected = {query.where for query in QUERIES if reaches(query.expression, name)}
        lines = {re.split(r", through |: no ", line)[0] for line in without(name)}
        assert lines >= expected, name
        # A metric that only a rule records and nothing shows has nobody to go blank.
        assert expected or not lines, name


def test_every_label_that_is_renamed_is_told():
    reached = _reached()
    for metric, label, _, _ in reached:
        renamed = catalogued()[metric].items()
        changed = {**catalogued(), metric: {f"new_{one}" if one == label else one: values for one, values in renamed}}
        lines = told(metrics=changed)
        assert any(f"no label {label} of {metric}" in line for line in lines), (metric, label)


def test_every_value_of_a_label_that_is_renamed_is_told():
    tried = 0
    for metric, label, operator, value in _reached():
        values = catalogued()[metric][label]
        if label == "view" or any(str(one).startswith(("<", "⟨")) for one in values):
            continue
        for one in alternatives(value) if "~" in operator else [re.escape(value)]:
            left = [each for each in values if not re.fullmatch(one, each)]
            changed = {**catalogued(), metric: {**catalogued()[metric], label: [*left, "renamed"]}}
            lines = told(metrics=changed)
            assert any(f"no value {one} of label {label} of {metric}" in line for line in lines), (metric, label, one)
            tried += 1
    assert tried > 10


def test_every_view_that_is_renamed_is_told():
    named = {
        one for _, label, operator, value in _reached() if label == "view" for one in alternatives(value) if operator
    }
    assert {"lesson", "attempt-submission"} <= named
    for one in named:
        left = {view for view in named_views() if not re.fullmatch(one, view)}
        assert any(f"no view {one}" in line for line in told(views=left)), one


def test_a_label_that_a_legend_shows_or_a_query_groups_by_exists():
    queries = [
        Query("panel A", "lms_logins_total", frozenset({"colour"})),
        Query("panel B", "sum by (colour) (lms_logins_total)"),
    ]
    assert findings(queries, exported()) == [
        "panel A: no label colour to show",
        "panel B: no label colour to group by",
    ]


def test_the_alternatives_of_an_expression_are_split_outside_brackets_only():
    assert alternatives("a:(x|y):b|c") == ["a:(x|y):b", "c"]


def test_alerts_and_rules_are_read_from_the_shipped_files():
    assert len(alerts()) == (PROMETHEUS / "alerts.yml").read_text().count("- alert:")
    assert FOREIGN.keys().isdisjoint(catalogued())


def _reached() -> set[tuple[str, str, str, str]]:
    """The selectors on metrics of the catalogue that an alert or panel reaches."""
    recorded, found = recordings(), set()
    waiting, seen = [query.expression for query in QUERIES], set()
    while waiting:
        expression = waiting.pop()
        found |= {one for one in matchers(expression) if one[0] in catalogued() and one[1] in catalogued()[one[0]]}
        for name in (metric_names(expression) & recorded.keys()) - seen:
            seen.add(name)
            waiting += [rule["expr"] for rule in recorded[name]]
    return found
