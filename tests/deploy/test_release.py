"""Rules and panels of this release work on the metrics of the release before; what doesn't is told by its name."""

import json
import re

import pytest

from deploy.names import RELEASE, Exports, Query, everything, exported, findings, metric_names
from deploy.release import blank, record, stale

pytestmark = pytest.mark.observability
OLD = Exports({"logins_total": {"result": ["succeeded", "failed"], "view": ["⟨view⟩"]}}, ["login"])
NEW = Exports({"attempts_total": {"result": ["succeeded", "refused"], "view": ["⟨view⟩"]}}, ["sign-in"])
BEFORE = {
    "release": "1.0.0",
    "metrics": OLD.metrics,
    "views": OLD.views,
    "queries": {"alert LoginsFail (warning)": 1, "panel Health: Logins": 2},
}


def last() -> dict:
    return json.loads(RELEASE.read_text())


def test_everything_works_on_the_metrics_of_the_release_before():
    assert blank(everything(), last(), exported()) == []
    assert stale(last(), exported()) == []


def test_a_record_has_all_that_a_release_exports_and_asks():
    written = record()
    assert re.fullmatch(r"\d+\.\d+\.\d+", written["release"])
    assert written["metrics"].keys() == exported().metrics.keys()
    assert set(written["views"]) == exported().views
    assert sum(written["queries"].values()) == len(everything())
    assert json.loads(json.dumps(written)) == written


def test_every_metric_that_a_rule_or_panel_asks_for_is_missed_when_the_release_before_lacks_it():
    before, now, queries = last(), exported(), everything()
    asked = {name for query in queries for name in metric_names(query.expression)} & before["metrics"].keys()
    assert len(asked) > 40
    for name in sorted(asked)[::8]:
        without = {**before, "metrics": {one: labels for one, labels in before["metrics"].items() if one != name}}
        lines = blank(queries, without, now)
        assert any(line.endswith(f"no metric {name} in release {before['release']}") for line in lines), name


def alert(expression: str) -> Query:
    return Query("alert LoginsFail (warning)", expression)


def test_a_metric_that_was_renamed_with_its_rules_is_told():
    assert findings([alert("rate(attempts_total[5m]) > 1")], NEW, OLD) == []
    assert blank([alert("rate(attempts_total[5m]) > 1")], BEFORE, NEW) == [
        "alert LoginsFail (warning): no metric attempts_total in release 1.0.0"
    ]


def test_an_alert_that_is_new_may_ask_for_what_is_new():
    assert blank([Query("alert AttemptsMany (info)", "attempts_total > 1")], BEFORE, NEW) == []


def test_a_panel_may_gain_a_line_but_not_lose_one():
    both = [Query("panel Health: Logins", "logins_total"), Query("panel Health: Logins", "sum(logins_total)")]
    gained = Query("panel Health: Logins", "attempts_total")
    assert blank([*both, gained], BEFORE, NEW) == []
    assert blank([both[0], gained], BEFORE, NEW) == ["panel Health: Logins: no metric attempts_total in release 1.0.0"]


def test_a_selector_may_gain_what_is_new_but_not_what_may_be_a_new_name():
    with_page = alert('logins_total{view=~"login|page-login"}')
    grown = Exports(OLD.metrics, {*OLD.views, "page-login"})
    assert blank([with_page], BEFORE, grown) == []
    assert len(blank([alert('logins_total{view="page-login"}')], BEFORE, grown)) == 1
    renamed = Exports(OLD.metrics, {"login", "page-login"})
    before = {**BEFORE, "views": ["login", "welcome"]}
    assert blank([with_page], before, renamed) == [
        f"{with_page.where}: no view page-login in release {BEFORE['release']}"
    ]
    lost = Exports(OLD.metrics, {"login"})
    assert len(findings([with_page], lost, grown)) == 1


@pytest.mark.parametrize(
    ("label", "old", "new", "missed"),
    [
        ("result", "failed", "refused", "value {} of label result of logins_total"),
        ("view", "login", "sign-in", "view {}"),
    ],
)
def test_a_renamed_value_or_view_is_bridged_by_both_names_and_by_nothing_else(label, old, new, missed):
    now = Exports({"logins_total": NEW.metrics["attempts_total"]}, NEW.views)
    bridged = alert(f'logins_total{{{label}=~"({old}|{new})"}}')
    assert (findings([bridged], now, OLD), findings([bridged], OLD, now, after=True)) == ([], [])
    assert findings([bridged], now, now) == [f"{bridged.where}: no {missed.format(old)}"]  # it has had its time
    beside = alert(f'logins_total{{{label}=~"{old}|{new}"}}')
    assert findings([beside], now, OLD) == [f"{beside.where}: no {missed.format(old)}"]
    only_new, only_old = alert(f'logins_total{{{label}="{new}"}}'), alert(f'logins_total{{{label}="{old}"}}')
    assert findings([only_old], now, OLD) == [f"{only_old.where}: no {missed.format(old)}"]
    escaped = re.escape(new)
    assert blank([only_new], BEFORE, now) == [f"{only_new.where}: no {missed.format(escaped)} in release 1.0.0"]
