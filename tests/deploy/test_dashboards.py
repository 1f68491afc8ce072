"""Dashboards are fresh, complete in form by the linter, and every rule of the linter can find something."""

import json
from copy import deepcopy

import pytest
import yaml

pytest.importorskip("grafana_foundation_sdk")

from deploy.grafana import parse
from deploy.grafana.build import DIRECTORY, built, wrong
from deploy.grafana.lint import SOURCES, findings
from deploy.names import DEPLOY
from lms import monitoring

pytestmark = pytest.mark.observability
BOARDS = {path.stem: json.loads(path.read_text()) for path in sorted(DIRECTORY.glob("*.json"))}
PROVISIONED = yaml.safe_load((DEPLOY / "grafana" / "provisioning" / "datasources" / "lms.yaml").read_text())


def test_the_committed_files_are_what_the_code_builds():
    assert {path: path.read_text() for path in DIRECTORY.glob("*.json")} == built()
    assert wrong(built()) == []


def test_a_file_that_is_old_is_told():
    files = built()
    path = DIRECTORY / "system-health.json"
    board = json.loads(files[path])
    board["tags"] = ["lms", "new"]
    files[path] = json.dumps(board)
    assert wrong(files) == ["not fresh: system-health.json; run `make dashboards`."]
    del files[path]
    assert wrong(files) == ["nothing builds system-health.json any more."]


def test_the_four_dashboards_keep_their_addresses():
    assert {board["uid"] for board in BOARDS.values()} == {
        "lms-course-performance",
        "lms-student-progress",
        "lms-system-health",
        "lms-security-events",
    }


def changed(name: str, title: str, change) -> list[str]:
    board = deepcopy(BOARDS[name])
    change(board if not title else next(panel for panel in board["panels"] if panel["title"] == title))
    return [line for line in findings(board) if "builder's models" not in line]


def expression(text: str):
    return lambda panel: panel["targets"][0].update(expr=text)


def statement(text: str):
    return lambda panel: panel["targets"][0].update(rawSql=text)


def renamed(board, variable: str, **changes) -> None:
    next(one for one in board["templating"]["list"] if one["name"] == variable).update(changes)


HEALTH, STUDENTS = "system-health", "student-progress"
TOTAL = "celery_tasks_total"
BROKEN = {
    "no description": (HEALTH, "Tasks", lambda panel: panel.update(description="")),
    "a description that is no sentence": (HEALTH, "Tasks", lambda panel: panel.update(description="Tasks")),
    "no unit": (HEALTH, "Tasks", lambda panel: panel["fieldConfig"]["defaults"].pop("unit")),
    "nothing to say when it is empty": (
        HEALTH,
        "Tasks",
        lambda panel: panel["fieldConfig"]["defaults"].pop("noValue"),
    ),
    "no thresholds": (HEALTH, "Tasks", lambda panel: panel["fieldConfig"]["defaults"].pop("thresholds")),
    "no query": (HEALTH, "Tasks", lambda panel: panel["targets"].clear()),
    "a data source that is not a variable: P1809": (
        HEALTH,
        "Tasks",
        lambda panel: panel["targets"][0]["datasource"].update(uid="P1809"),
    ),
    "a line without a legend": (HEALTH, "Tasks", lambda panel: panel["targets"][0].update(legendFormat="")),
    f"the counter {TOTAL} is shown without rate or increase": (HEALTH, "Tasks", expression(f"sum({TOTAL})")),
    f"rate of {TOTAL} over 5m, not over $__rate_interval": (HEALTH, "Tasks", expression(f"sum(rate({TOTAL}[5m]))")),
    f"rate of {TOTAL} is not aggregated": (HEALTH, "Tasks", expression(f"rate({TOTAL}[$__rate_interval])")),
    "a unit that Grafana doesn't know: seconds": (
        HEALTH,
        "Tasks",
        lambda panel: panel["fieldConfig"]["defaults"].update(unit="seconds"),
    ),
    'an instance that is not the variable: instance="web:9101"': (
        HEALTH,
        "Redis connections",
        expression('redis_connected_clients{instance="web:9101"}'),
    ),
    "no variable worker": (HEALTH, "Redis connections", expression('redis_connected_clients{job="$worker"}')),
    "a statement that is no SELECT": (STUDENTS, "Quiz performance", statement("DELETE FROM reporting.x LIMIT 1")),
    "reads from outside the schema reporting": (
        STUDENTS,
        "Quiz performance",
        statement("SELECT 1 FROM accounts_user LIMIT 1"),
    ),
    "a statement without a limit of rows": (
        STUDENTS,
        "Quiz performance",
        statement("SELECT 1 FROM reporting.certificates"),
    ),
    "the variable ${learner} is not quoted for SQL": (
        STUDENTS,
        "Quiz performance",
        statement("SELECT 1 FROM reporting.certificates WHERE learner = '${learner}' LIMIT 1"),
    ),
}


@pytest.mark.parametrize("line", BROKEN)
def test_the_linter_tells_what_a_panel_lacks(line):
    name, title, change = BROKEN[line]
    assert changed(name, title, change) == [f"{BOARDS[name]['title']}: {title}: {line}"]


@pytest.mark.parametrize(
    ("line", "change"),
    [
        ("no link Runbooks", lambda board: board["links"].pop(0)),
        ("no annotation Maintenance", lambda board: board["annotations"]["list"].pop()),
        ("may be edited, though the next deployment overwrites it", lambda board: board.update(editable=True)),
        ("no variable instance", lambda board: renamed(board, "instance", name="host")),
        (
            "a variable instance without several values or All",
            lambda board: renamed(board, "instance", multi=False),
        ),
        ("the variable instance asks for no label's values", lambda board: renamed(board, "instance", query="up")),
        (
            "the variable instance is not asked again when the time range changes",
            lambda board: renamed(board, "instance", refresh=1),
        ),
        ("a uid that is not lms-… of at most 40 characters", lambda board: board.update(uid="health")),
        ("Ready: a second panel with this title", lambda board: board["panels"].append(board["panels"][0])),
    ],
)
def test_the_linter_tells_what_a_dashboard_lacks(line, change):
    lines = [told for told in changed(HEALTH, "", change) if "no variable instance" in line or "$instance" not in told]
    assert f"System Health: {line}" in lines
    assert all(line in told for told in lines)


def test_a_query_that_prometheus_cannot_parse_is_told_with_its_panel():
    promtool = monitoring.find("promtool")
    if promtool is None:
        pytest.skip("no promtool here")
    assert parse.findings(list(BOARDS.values()), promtool) == []
    board = deepcopy(BOARDS[HEALTH])
    expression("sum(rate(celery_tasks_total[5m])")(next(one for one in board["panels"] if one["title"] == "Tasks"))
    (line,) = parse.findings([board], promtool)
    assert line.startswith("lms-system-health: Tasks (A): ")
    assert "unclosed left parenthesis" in line


def test_what_the_builders_models_do_not_know_is_told():
    board = deepcopy(BOARDS[HEALTH])
    board["panels"][0]["colourMode"] = "value"
    assert findings(board) == ["System Health: read by the builder's models, it is not the same"]


def test_every_kind_of_source_that_panels_ask_is_provisioned():
    types = {source["type"] for source in PROVISIONED["datasources"]}
    used = {
        target["datasource"]["type"]
        for board in BOARDS.values()
        for panel in board["panels"]
        for target in panel["targets"]
    }
    assert used == set(SOURCES)
    assert types == used | {"alertmanager"}
