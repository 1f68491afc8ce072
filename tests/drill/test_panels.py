"""What the dashboards ask has an answer, after a few simulated days; `make panels` is the long version."""

import time

import pytest

from deploy.grafana.queries import Query, Range
from tests.faults import HOST
from tests.panels.__main__ import look, prepare, simulate, sources_of
from tests.panels.answers import Finding, Sources, ask
from tests.system import wait_for

pytestmark = [pytest.mark.processes, pytest.mark.timeout(400)]
# What a healthy system shows before anybody has done much.
AT_ONCE = {
    ("lms-course-performance", "API requests"),
    ("lms-course-performance", "Active students"),
    ("lms-course-performance", "Contradictions in the data"),
    ("lms-security-events", "Failed logins today"),
    ("lms-security-events", "Worst source"),
    ("lms-student-progress", "Active people"),
    ("lms-student-progress", "Lessons today"),
    ("lms-system-health", "Database pools"),
    ("lms-system-health", "Host memory"),
    ("lms-system-health", "Ready"),
    ("lms-system-health", "Workers"),
    ("lms-system-health", "variable instance"),
}


def test_a_short_term_has_no_unexpected_answer_and_no_panel_asks_what_has_no_answer(world):
    began = time.time()
    prepare(world)
    sources = sources_of(world)
    assert simulate(world, seconds=8, days=2, seed=1) == 0

    def shown() -> list[Finding]:
        found = look(world, sources, began, settle=0)
        full = {(one.query.dashboard, one.query.panel) for one in found if not one.problem}
        return found if full >= AT_ONCE else []

    findings = wait_for(shown, seconds=90, every=1, what="data in the panels that are never empty")
    wrong = {
        one.query.where: one.problem for one in findings if one.problem not in {"", "empty", "only NaN", "only NULL"}
    }
    assert wrong == {}


def test_a_metric_that_does_not_exist_and_a_query_that_is_none_are_found(world):
    sources = Sources(f"http://{HOST}:{world.ports['prometheus']}")
    now = time.time()
    answers = {
        text: ask(sources, Query("b", "p", "A", "prometheus", text), Range(now - 60, now, 5), {}).problem
        for text in ("up", "lms_renamed_total", "sum(up", "0 / (up - up)")
    }
    assert (answers["up"], answers["lms_renamed_total"], answers["0 / (up - up)"]) == ("", "empty", "only NaN")
    assert answers["sum(up"] == "ValueError: 1:7: parse error: unclosed left parenthesis"
