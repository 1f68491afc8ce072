"""Facts of the whole site: measured off the request path, once, with their age."""

import os
import threading
import time
from pathlib import Path

import pytest

from observability import business, facts
from observability.testing import assert_metric_delta, metric_value
from tests.observability.metric_process import run

answers: dict[str, object] = {"people": {"a": 3.0}, "total": 7.0}


def people() -> dict[str, float]:
    value = answers["people"]
    if isinstance(value, Exception):
        raise value
    return value  # type: ignore[return-value]


business.fact("test_people", "People.", people, labels={"role": ("a", "b")}, every=60)
business.fact("test_total", "Total.", lambda: answers["total"], every=60)  # type: ignore[return-value, arg-type]


@pytest.fixture(autouse=True)
def _own_facts(monkeypatch: pytest.MonkeyPatch):
    own = {name: fact for name, fact in facts._facts.items() if name.startswith("test_")}
    for fact in own.values():
        fact.due = 0.0
    monkeypatch.setattr(facts, "_facts", own)
    monkeypatch.setitem(answers, "people", {"a": 3.0})


def test_a_measurement_sets_every_label_set():
    facts.refresh(force=True)
    assert (metric_value("test_people", role="a"), metric_value("test_people", role="b")) == (3, 0)
    assert metric_value("test_total") == 7


def test_a_role_that_is_gone_falls_to_zero(monkeypatch: pytest.MonkeyPatch):
    facts.refresh(force=True)
    monkeypatch.setitem(answers, "people", {"b": 2.0})
    facts.refresh(force=True)
    assert (metric_value("test_people", role="a"), metric_value("test_people", role="b")) == (0, 2)


def test_a_failed_measurement_keeps_the_value_and_lets_the_age_grow(monkeypatch: pytest.MonkeyPatch):
    facts.refresh(force=True)
    updated = metric_value("observability_fact_updated_timestamp_seconds", fact="test_people")
    monkeypatch.setitem(answers, "people", RuntimeError("database is down"))
    facts._facts["test_people"].measured -= 100
    with assert_metric_delta("observability_fact_failures_total", 1, fact="test_people"):
        facts.refresh(force=True)
    facts._age()
    assert metric_value("test_people", role="a") == 3
    assert metric_value("observability_fact_updated_timestamp_seconds", fact="test_people") == updated
    assert 100 <= metric_value("observability_fact_age_seconds", fact="test_people") < 200


def test_nothing_is_measured_before_it_is_due():
    facts.refresh()
    answers["total"] = 8.0
    facts.refresh()
    assert metric_value("test_total") == 7
    answers["total"] = 7.0


def test_a_later_source_takes_the_place_under_the_same_name():
    before = facts._facts["test_total"].measure
    business.fact("test_total", "Total.", lambda: 99.0)
    facts.refresh(force=True)
    assert metric_value("test_total") == 99
    business.fact("test_total", "Total.", before)


def test_measuring_happens_in_a_thread_of_its_own(monkeypatch: pytest.MonkeyPatch):
    measured_by: list[str] = []
    monkeypatch.setattr(facts._facts["test_total"], "measure", lambda: measured_by.append(_thread()) or 1.0)
    facts.start()
    deadline = time.monotonic() + 10
    while not measured_by and time.monotonic() < deadline:
        time.sleep(0.02)
    assert measured_by == ["observability-facts"]
    facts.stop()
    assert not [thread for thread in threading.enumerate() if thread.name == "observability-facts"]


def _thread() -> str:
    return threading.current_thread().name


def test_one_process_of_a_tree_measures(tmp_path: Path):
    assert os.environ.get("PROMETHEUS_MULTIPROC_DIR") is None
    assert run(
        tmp_path,
        """
        import django
        from django.conf import settings
        settings.configure()
        from observability import facts
        facts.TICK_SECONDS = 0.05
        reader, writer = os.pipe()
        def work():
            facts.register("total", "Total.", lambda: float(os.getpid()), every=0.05)
            facts.start()
            time.sleep(0.4)
            os.write(writer, b"1" if facts._refresher else b"0")
            time.sleep(10)
        pids = [child(work) for _ in range(3)]
        leaders = sum(int(os.read(reader, 1)) for _ in pids)
        first = samples(scrape())["total"]
        os.kill(int(first), signal.SIGKILL)
        os.waitpid(int(first), 0)
        gone = "total" in samples(scrape())
        successor = child(work)
        time.sleep(0.3)
        second = samples(scrape())["total"]
        for pid in [*pids, successor]:
            if pid != int(first):
                os.kill(pid, signal.SIGKILL)
        answer([leaders, first in pids, gone, second == successor])
        """,
    ) == [1, True, False, True]
