"""The rules and the dashboard that the wheel carries name metrics that exist, and nothing of the LMS."""

import json
import os
import re
import subprocess
from pathlib import Path
from shutil import which

import pytest
import yaml

import observability
from observability import sampler
from observability.management.commands.metrics_catalog import rows
from observability.metrics import celery
from observability.testing import scrape

MIXIN = Path(observability.__file__).parent / "mixin"
GROUPS = [
    group for name in ("recording", "alerts") for group in yaml.safe_load((MIXIN / f"{name}.yml").read_text())["groups"]
]
RULES = [rule for group in GROUPS for rule in group["rules"]]
PANELS = json.loads((MIXIN / "dashboard.json").read_text())["panels"]
EXPRESSIONS = [rule["expr"] for rule in RULES] + [target["expr"] for panel in PANELS for target in panel["targets"]]
RECORDED = {rule["record"] for rule in RULES if "record" in rule}


def exported() -> set[str]:
    names = {"up"}
    for row in rows():
        suffixes = {"histogram": ("_bucket", "_sum", "_count"), "summary": ("_sum", "_count")}.get(row["type"], ("",))
        names |= {row["name"] + suffix for suffix in suffixes}
    return names


def metrics_of(expression: str) -> set[str]:
    plain = re.sub(r'"[^"]*"|\{[^}]*\}|\[[^]]*\]|\b(?:by|without) \([^)]*\)', " ", expression)
    words = set(re.findall(r"[a-zA-Z_:][a-zA-Z0-9_:]*(?!\w*\s*\()", plain))
    return {word for word in words if "_" in word and not plain[plain.index(word) + len(word) :].startswith("(")} - {
        "histogram_quantile"
    }


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_every_metric_that_is_asked_for_exists(expression: str):
    asked = metrics_of(expression)
    assert asked or "up{" in expression
    assert asked <= exported() | RECORDED


def test_the_reader_of_expressions_finds_an_invented_metric():
    assert metrics_of('sum by (job_x) (rate(invented_total{a="b_c"}[5m])) / job:known_thing:rate5m') == {
        "invented_total",
        "job:known_thing:rate5m",
    }


def test_every_alert_waits_has_a_severity_and_a_summary():
    alerts = [rule for rule in RULES if "alert" in rule]
    assert len({rule["alert"] for rule in alerts}) == len(alerts) >= 14
    for rule in alerts:
        assert rule["for"]
        assert rule["labels"]["severity"] in {"critical", "warning"}
        assert rule["annotations"]["summary"]


def test_every_recorded_sum_is_used():
    text = "\n".join(EXPRESSIONS)
    assert all(text.count(name) for name in RECORDED)


def test_nothing_of_the_lms_is_in_it():
    assert not [path.name for path in MIXIN.iterdir() if "lms" in path.read_text().lower()]


TOOLS = MIXIN.parents[1] / ".run" / "tools" / "usr" / "bin"
PROMTOOL = which("promtool", path=f"{os.environ['PATH']}:{TOOLS}")


@pytest.mark.skipif(PROMTOOL is None, reason="promtool is neither on PATH nor in .run/tools")
@pytest.mark.parametrize("name", ["recording.yml", "alerts.yml"])
def test_promtool_accepts_the_rules(name: str):
    subprocess.run([str(PROMTOOL), "check", "rules", MIXIN / name], check=True)


@pytest.mark.skipif(PROMTOOL is None, reason="promtool is neither on PATH nor in .run/tools")
def test_promtool_accepts_the_names_of_the_metrics():
    celery.declare()
    sampler.sample()
    result = subprocess.run(
        [str(PROMTOOL), "check", "metrics"], input=scrape(), capture_output=True, text=True, check=False
    )
    ours = [line for line in result.stderr.splitlines() if not line.startswith("test_")]
    assert ours == []
