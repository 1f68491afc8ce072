"""Every alert has its tests, its runbook and only names that exist."""

import re
from pathlib import Path

import pytest
import yaml

from deploy.names import (
    PROMETHEUS,
    Query,
    alerts,
    catalogued,
    exported,
    findings,
    load,
    named_views,
    released,
    runbooks,
)
from tests.drill.drills import DRILLS

ROOT = Path(__file__).resolve().parents[2]
ALERTS = load("alerts.yml")
NAMES = sorted({rule["alert"] for rule in ALERTS})
pytestmark = pytest.mark.observability


def cases() -> dict[str, list[list[str]]]:
    """Alert → for each test, the severities expected at each time."""
    found: dict[str, list[list[str]]] = {}
    for path in sorted((PROMETHEUS / "tests").glob("*.yml")):
        content = yaml.safe_load(path.read_text())
        if "../alerts.yml" not in content["rule_files"]:
            continue  # it tests recording rules
        for test in content["tests"]:
            steps = []
            for step in test["promql_expr_test"]:
                assert f'alertname="{test["name"]}"' in step["expr"]
                steps.append(",".join(sample["labels"] for sample in step["exp_samples"]))
            found.setdefault(test["name"], []).append(steps)
    return found


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: f"{rule['alert']}-{rule['labels']['severity']}")
def test_an_alert_is_tested_silent_then_firing_then_resolved(rule):
    steps = [step for steps in cases()[rule["alert"]] for step in steps]
    assert any(f'severity="{rule["labels"]["severity"]}"' in step for step in steps)
    if rule["alert"] != "Watchdog":
        assert (steps[0], steps[-1]) == ("", "")


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: f"{rule['alert']}-{rule['labels']['severity']}")
def test_an_alert_says_what_and_where(rule):
    assert rule["labels"]["severity"] in {"critical", "warning", "info", "none"}
    assert {"summary", "description", "runbook_url", "dashboard_url"} == rule["annotations"].keys()
    assert rule["annotations"]["runbook_url"].endswith("#" + rule["alert"].lower())


def test_each_alert_has_one_runbook_heading_and_no_heading_is_left_over():
    headings = re.findall(r"^## (\w+)$", (ROOT / "docs" / "runbooks.md").read_text(), re.MULTILINE)
    assert sorted(headings) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_runbook_says_what_it_means_what_to_ask_what_to_do_and_how_to_drill_it(name):
    text = (ROOT / "docs" / "runbooks.md").read_text()
    section = re.search(rf"^## {name}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)[1]
    parts = dict(re.findall(r"^- \*\*(.+?):\*\* (.+)$", section, re.MULTILINE))
    assert list(parts) == ["Meaning", "Impact", "First query", "First action", "Drill"]
    told = set(re.findall(r'make drill ONLY="(.+?)"', parts["Drill"]))
    assert told == {drill.name for drill in DRILLS if name in {expected.alert for expected in drill.expected}}


def test_the_first_query_of_a_runbook_names_only_what_exists():
    assert sorted(query.where for query in runbooks()) == [f"runbook {name}" for name in NAMES]
    assert findings(runbooks(), exported()) == []


def test_rules_name_only_what_exists():
    metrics = catalogued()
    # One that records a metric's new name from its old one is held against the release before (test_release.py).
    rules = [Query(rule["record"], rule["expr"]) for rule in load("recording.yml") if rule["record"] not in metrics]
    assert len(rules) > 50
    assert findings([*alerts(), *rules], exported(), released()) == []
    assert {"headless:app:account:login", "headless:browser:account:login"} <= named_views()
