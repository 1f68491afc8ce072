"""Only durations change between production's rules and the drill's."""

import re

import pytest
import yaml

from tests.drill import scaling
from tests.drill.world import DEPLOY

RULES = [
    rule
    for name in ("recording.yml", "alerts.yml")
    for group in yaml.safe_load((DEPLOY / "prometheus" / name).read_text())["groups"]
    for rule in group["rules"]
]


@pytest.mark.parametrize(
    ("written", "seconds"), [("15s", 15), ("2m", 120), ("1h30m", 5400), ("3d", 259200), ("250ms", 0.25), ("1w", 604800)]
)
def test_durations_are_read_as_prometheus_reads_them(written, seconds):
    assert scaling.seconds(written) == seconds


@pytest.mark.parametrize("written", ["", "5", "m", "5 m", "5x", "m5"])
def test_what_is_no_duration_is_refused(written):
    with pytest.raises(ValueError, match="not a duration"):
        scaling.seconds(written)


@pytest.mark.parametrize(
    ("production", "drill"),
    [
        ("rate(a_total[5m]) > 0.05", "rate(a_total[15000ms]) > 0.05"),
        ("predict_linear(a[6h], 86400) > 1", "predict_linear(a[1080000ms], 4320) > 1"),
        ("predict_linear(a{b=\"c\"}[6h], 4 * 86400) < 0", "predict_linear(a{b=\"c\"}[1080000ms], 17280) < 0"),
        ("max(a_lag_seconds) > 60", "max(a_lag_seconds) > 3"),
        ("time() - max by (job) (a_start_time_seconds{job=~\"b\"}) < 300",
         "time() - max by (job) (a_start_time_seconds{job=~\"b\"}) < 15"),
        ("max(a_check_age_seconds) > 3 * 3600", "max(a_check_age_seconds) > 540"),
        ("sum(a_total) - sum(a_total offset 15m) > 0", "sum(a_total) - sum(a_total offset 45000ms) > 0"),
        ("max by (queue) (celery_queue_messages) > 100", "max by (queue) (celery_queue_messages) > 100"),
        ("a / b > 14.4 * 0.005", "a / b > 14.4 * 0.005"),
    ],
)  # fmt: skip
def test_durations_are_divided_wherever_they_stand(production, drill):
    assert scaling.expression(production, 20) == drill


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: str(rule.get("alert") or rule["record"]))
def test_a_factor_of_one_changes_no_rule(rule):
    def plain(text):
        text = re.sub(r"\[(\w+)\]", lambda found: f"[{scaling.written(scaling.seconds(found[1]))}]", text.strip())
        text = re.sub(r"offset (\w+)", lambda found: f"offset {scaling.written(scaling.seconds(found[1]))}", text)
        return text.replace("4 * 86400", "345600").replace("4\n* 86400", "345600").replace("3 * 3600", "10800")

    (scaled,) = scaling.rules({"groups": [{"name": "g", "rules": [rule]}]}, 1)["groups"][0]["rules"]
    assert plain(scaled["expr"]) == plain(rule["expr"])
    assert {**scaled, "expr": "", "for": ""} == {**rule, "expr": "", "for": ""}


def test_the_floor_of_the_scrape_interval_holds():
    config = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text())
    assert scaling.prometheus(config, 20)["global"]["scrape_interval"] == "1000ms"
    assert scaling.prometheus(config, 5)["global"]["evaluation_interval"] == "3000ms"
