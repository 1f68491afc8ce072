"""Dashboards are fresh, complete in form, and name only metrics that exist."""

import json
import re
from collections.abc import Iterator

import pytest

pytest.importorskip("grafana_foundation_sdk")

from deploy.grafana.build import DIRECTORY, built
from tests.deploy.rules import metric_names
from tests.deploy.test_rules import FOREIGN, RECORDS, known

pytestmark = pytest.mark.observability
BOARDS = {path.stem: json.loads(path.read_text()) for path in sorted(DIRECTORY.glob("*.json"))}
ALSO_FOREIGN = {"redis_connected_clients"}


def panels() -> Iterator[tuple[str, dict]]:
    for name, board in BOARDS.items():
        for panel in board["panels"]:
            yield f"{name}: {panel['title']}", panel


PANELS = dict(panels())


def test_the_committed_files_are_what_the_code_builds():
    assert {path: path.read_text() for path in DIRECTORY.glob("*.json")} == built()


def test_the_four_dashboards_keep_their_addresses():
    assert {board["uid"] for board in BOARDS.values()} == {
        "lms-course-performance",
        "lms-student-progress",
        "lms-system-health",
        "lms-security-events",
    }


def test_no_two_panels_of_a_dashboard_share_a_title():
    assert len(PANELS) == sum(len(board["panels"]) for board in BOARDS.values())


@pytest.mark.parametrize("name", PANELS)
def test_a_panel_says_what_it_shows(name):
    panel = PANELS[name]
    defaults = panel["fieldConfig"]["defaults"]
    assert panel["description"].endswith(".")
    assert defaults["unit"]
    assert defaults["noValue"]
    assert defaults["thresholds"]["steps"]
    assert panel["datasource"]["uid"] == "${datasource}"
    assert all(target["datasource"]["uid"] == "${datasource}" for target in panel["targets"])


@pytest.mark.parametrize("name", PANELS)
def test_a_panel_names_only_metrics_that_exist_and_rates_its_counters(name):
    for target in PANELS[name]["targets"]:
        expression = target["expr"]
        names = metric_names(expression)
        assert names
        unknown = {one for one in names - known().keys() - RECORDS - ALSO_FOREIGN if not FOREIGN.fullmatch(one)}
        assert unknown == set()
        for counter in (one for one in names if one.endswith(("_total", "_bucket"))):
            assert re.search(rf"(rate|increase)\({counter}", expression), counter
        assert set(re.findall(r"rate\([^\[]*\[([^\]]+)\]", expression)) <= {"$__rate_interval"}
