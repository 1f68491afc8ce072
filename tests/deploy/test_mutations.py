"""A broken monitoring is told by a command, which names what it breaks: each case breaks a copy of the product."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.names import PROMETHEUS, load
from lms import monitoring
from tests.system import ROOT

pytestmark = pytest.mark.observability
PACKAGES = sorted({path.parent.name for path in ROOT.glob("*/__init__.py")} - {"bench", "tests"})
# The first number that an alert compares with; one that must be above 0 has no double.
THRESHOLD = re.compile(r"(?<=[<>] )(\d+(?:\.\d+)?)(?=( \* [\d.]+)?(\s+and\b|$))")


@dataclass(frozen=True)
class Mutation:
    """Text replaced in one file of the product, and what a command has to say of it."""

    path: str
    old: str
    new: str
    told: str


# One run of a command for all that it has to find: each costs a start of the product.
MUTATIONS = {
    "deploy.names": (
        Mutation(
            "accounts/metrics.py",
            '"lms_logins_total"',
            '"lms_login_attempts_total"',
            "alert LoginsFail (warning): no metric lms_logins_total",
        ),
        Mutation(
            "outbox/metrics.py",
            '"given_up"',
            '"abandoned"',
            "alert OutboxGivenUp (warning): no value given_up of label state of lms_outbox_messages",
        ),
        Mutation(
            "observability/metrics/celery.py",
            '("task", "state")',
            '("task", "status")',
            "panel System Health: Tasks: no label state to group by",
        ),
        Mutation(
            "observability/metrics/process.py",
            '"process_open_fds"',
            '"process_open_files"',
            "panel System Health: Open files by process: no metric process_open_fds",
        ),
        Mutation(
            "observability/metrics/redis.py",
            '"celery_queue_messages"',
            '"celery_queue_length"',
            "alert QueueBacklog (warning): no metric celery_queue_messages",
        ),
        Mutation(
            "courses/metrics.py",
            '"direction"',
            '"way"',
            "panel System Health: Files: no label direction to group by",
        ),
        Mutation(
            "quizzes/urls.py",
            'name="attempt-submission"',
            'name="attempt-submit"',
            "alert ErrorBudgetBurn (critical), through slo:errors:ratio_rate1h: no view attempt-submission",
        ),
        Mutation(
            "deploy/prometheus/recording.yml",
            "record: site:quiz_passes:ratio_rate1h",
            "record: site:quiz_passed:ratio_rate1h",
            "panel Course Performance: Quiz pass rate: no metric site:quiz_passes:ratio_rate1h",
        ),
        Mutation(
            "deploy/prometheus/recording.yml",
            "sum by (limit) (rate(lms_throttled_total",
            "sum by (limits) (rate(lms_throttled_total",
            "alert RateLimitViolations (warning), through limit:throttled:rate5m: no label limits to group by",
        ),
    ),
    "deploy.routes": (
        Mutation(
            "deploy/alertmanager/alertmanager.yml",
            "    - matchers: [severity = critical]\n      receiver: pager\n      repeat_interval: 1h\n",
            "",
            "alert HealthCheckFailing (critical): goes to team, belongs to pager",
        ),
        Mutation(
            "deploy/alertmanager/alertmanager.yml",
            "category = capacity",
            "category = capacities",
            "alert DiskFullSoon (info): goes to log, belongs to planning,log",
        ),
    ),
    "deploy.targets": (
        Mutation(
            "deploy/prometheus/prometheus.yml",
            "  - job_name: postgres\n    sample_limit: 20000\n    file_sd_configs: [{files: [targets/postgres.yml]}]\n",
            "",
            "alert DatabaseUnreachable (critical): no job postgres to scrape pg_up from",
        ),
        Mutation(
            "deploy/prometheus/prometheus.yml",
            "job_name: redis\n",
            "job_name: valkey\n",
            "alert TargetDown (critical): no job redis to scrape up from",
        ),
        Mutation(
            "deploy/compose.yaml",
            "  node-exporter:\n",
            "  other-exporter:\n",
            "job node: nothing starts node-exporter",
        ),
    ),
}


@pytest.fixture(scope="module")
def product(tmp_path_factory):
    directory = tmp_path_factory.mktemp("product")
    for package in [*PACKAGES, "docs"]:
        shutil.copytree(ROOT / package, directory / package, ignore=shutil.ignore_patterns("__pycache__"))
    return directory


def run(directory: Path, command: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"LMS_TOOLS_DIR": str(monitoring.tools_directory())}
    return subprocess.run(
        [sys.executable, "-m", command], cwd=directory, env=environment, capture_output=True, text=True, check=False
    )


def needs(binary: str) -> str:
    found = monitoring.find(binary)
    if found is None:
        pytest.skip(f"no {binary} here")
    return found


@pytest.mark.parametrize("command", ["deploy.routes", "deploy.targets"])
def test_an_unbroken_product_is_told_nothing(product, command):
    if command == "deploy.routes":
        needs("amtool")
    result = run(product, command)
    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.parametrize("command", MUTATIONS)
def test_what_breaks_an_alert_is_told_by_its_name(product, command):
    if command == "deploy.routes":
        needs("amtool")
    before: dict[Path, str] = {}
    for mutation in MUTATIONS[command]:
        path = product / mutation.path
        text = path.read_text()
        assert mutation.old in text
        before.setdefault(path, text)
        path.write_text(text.replace(mutation.old, mutation.new))
    try:
        result = run(product, command)
    finally:
        for path, text in before.items():
            path.write_text(text)
    assert result.returncode == 1
    assert {mutation.told for mutation in MUTATIONS[command]} - set(result.stderr.splitlines()) == set()


def doubled(expression: str) -> str:
    """The expression with its first limit twice as high."""
    return THRESHOLD.sub(lambda found: f"{2 * float(found[1]):g}", expression.strip(), count=1)


def page() -> dict[str, Any]:
    """A page with a plain limit; a limit above 0 has no double, and ranges of days take minutes to evaluate."""
    return next(rule for rule in load("alerts.yml") if rule["alert"] == "FailedLoginsFromOneSource")


def test_a_doubled_threshold_is_twice_the_first_limit():
    assert doubled("a > 0.05 and on () b > 0.05") == "a > 0.1 and on () b > 0.05"
    assert doubled("max(a_seconds) > 3 * 3600") == "max(a_seconds) > 6 * 3600"
    assert doubled("a > 14.4 * 0.005 and\nb > 14.4 * 0.005") == "a > 28.8 * 0.005 and\nb > 14.4 * 0.005"
    assert doubled("up < 1") == "up < 2"


def test_a_doubled_threshold_is_told_by_the_tests_of_its_alert(tmp_path):
    promtool, rule = needs("promtool"), page()
    document = yaml.safe_load((PROMETHEUS / "alerts.yml").read_text())
    rules = [one for group in document["groups"] for one in group["rules"] if one["alert"] == rule["alert"]]
    changed = [one | {"expr": doubled(one["expr"])} if one == rule else one for one in rules]
    (tmp_path / "alerts.yml").write_text(yaml.safe_dump({"groups": [{"name": "changed", "rules": changed}]}))
    tests = [
        test
        for path in sorted((PROMETHEUS / "tests").glob("*.yml"))
        for test in yaml.safe_load(path.read_text())["tests"]
        if test.get("name") == rule["alert"]
    ]
    document = {
        "rule_files": [str(PROMETHEUS / "recording.yml"), str(tmp_path / "alerts.yml")],
        "evaluation_interval": "1m",
        "tests": tests,
    }
    (tmp_path / "tests.yml").write_text(yaml.safe_dump(document))
    result = subprocess.run(
        [promtool, "test", "rules", str(tmp_path / "tests.yml")], capture_output=True, text=True, check=False
    )
    assert result.returncode == 1
    assert f'alertname=\\"{rule["alert"]}\\"' in result.stdout + result.stderr


def test_a_metric_that_is_renamed_everywhere_needs_a_rule_that_records_its_new_name_from_the_old_one(product):
    """Code and rules agree, so only the servers that are still old have nothing to show."""
    paths = [
        product / "accounts" / "metrics.py",
        *(product / "deploy").rglob("*.yml"),
        *(product / "deploy").rglob("*.json"),
    ]
    paths += [product / "docs" / "runbooks.md", *(product / "lms").rglob("*.py")]
    before = {path: path.read_text() for path in paths if path.name != "release.json"}
    recording = product / "deploy" / "prometheus" / "recording.yml"
    bridge = "  - name: bridges\n    rules:\n      - record: lms_login_attempts_total\n        expr: lms_logins_total\n"
    try:
        for path, text in before.items():
            path.write_text(text.replace("lms_logins_total", "lms_login_attempts_total"))
        assert run(product, "deploy.names").stderr == ""
        told = run(product, "deploy.release")
        recording.write_text(recording.read_text() + bridge)
        bridged = [run(product, command) for command in ("deploy.names", "deploy.release")]
        recording.write_text(recording.read_text().replace("expr: lms_logins_total", "expr: lms_tries_total"))
        wrong = run(product, "deploy.release")
    finally:
        for path, text in before.items():
            path.write_text(text)
    assert told.returncode == 1
    assert "alert LoginsFail (warning): no metric lms_login_attempts_total in release 0.1.0" in told.stderr.splitlines()
    assert [(result.returncode, result.stderr) for result in bridged] == [(0, ""), (0, "")]
    assert "bridge lms_login_attempts_total: no metric lms_tries_total in release 0.1.0" in wrong.stderr.splitlines()
