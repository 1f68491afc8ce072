"""One deadline for all checks, one run at a time, and at most one thread per check, however it hangs."""

import threading
import time

import pytest
from health_check.base import HealthCheck

from observability.health.checkset import CheckSet
from observability.health.reasons import Reason

DEADLINE = 0.3


class Hanging(HealthCheck):
    """Hangs until `released`; counts its runs."""

    def __init__(self):
        self.released = threading.Event()
        self.runs = 0

    def run(self):
        self.runs += 1
        self.released.wait(30)


class Quick(HealthCheck):
    def __init__(self, error=None):
        self.error = error
        self.runs = 0

    def run(self):
        self.runs += 1
        if self.error:
            raise self.error


@pytest.fixture
def hanging():
    check = Hanging()
    yield check
    check.released.set()


def reasons(report):
    return {name: outcome.reason for name, outcome in report.outcomes.items()}


def test_a_hanging_check_costs_the_deadline_once_and_hides_no_other(hanging):
    also_hanging = Hanging()
    checks = CheckSet({"a": hanging, "b": Quick(), "c": also_hanging}, deadline=DEADLINE, memory=0)
    started = time.monotonic()
    report = checks.report()
    assert time.monotonic() - started < 2 * DEADLINE, "one deadline for all, not one each"
    assert reasons(report) == {"a": Reason.TIMEOUT, "b": Reason.OK, "c": Reason.TIMEOUT}
    assert not report.ok
    also_hanging.released.set()


def test_however_often_it_is_asked_a_hanging_check_holds_one_thread(hanging):
    before = threading.active_count()
    checks = CheckSet({"a": hanging}, deadline=0.02, memory=0)
    assert {reasons(checks.report())["a"] for _ in range(20)} == {Reason.TIMEOUT}
    assert hanging.runs == 1
    assert threading.active_count() == before + 1


def test_once_it_no_longer_hangs_the_next_report_is_a_new_run(hanging):
    checks = CheckSet({"a": hanging}, deadline=DEADLINE, memory=0)
    checks.report()
    hanging.released.set()
    assert reasons(checks.report()) == {"a": Reason.OK}
    assert reasons(checks.report()) == {"a": Reason.OK}
    assert hanging.runs >= 2


def test_parallel_reports_share_one_run():
    class Slow(Quick):
        def run(self):
            super().run()
            time.sleep(0.1)

    check = Slow()
    checks = CheckSet({"a": check}, deadline=2, memory=60)
    found = []
    threads = [threading.Thread(target=lambda: found.append(reasons(checks.report()))) for _ in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [{"a": Reason.OK}] * 30
    assert check.runs == 1


def test_a_report_is_remembered_no_longer_than_its_memory():
    check = Quick()
    checks = CheckSet({"a": check}, deadline=1, memory=0.2)
    checks.report()
    checks.report()
    assert check.runs == 1
    time.sleep(0.25)
    checks.report()
    assert check.runs == 2


def test_while_it_is_down_only_one_waits_and_the_others_hear_the_last_report(hanging):
    checks = CheckSet({"a": hanging}, deadline=DEADLINE, memory=0)
    checks.report()
    waiting = threading.Thread(target=checks.report)
    waiting.start()
    time.sleep(DEADLINE / 4)
    started = time.monotonic()
    assert reasons(checks.report()) == {"a": Reason.TIMEOUT}
    assert time.monotonic() - started < DEADLINE / 2
    waiting.join()


def test_a_check_that_exits_takes_nothing_with_it():
    checks = CheckSet({"a": Quick(SystemExit(1))}, deadline=1, memory=0)
    assert [reasons(checks.report()) for _ in range(2)] == [{"a": Reason.ERROR}] * 2


def test_a_recorder_that_fails_costs_nobody_the_report(caplog):
    def fail(report):
        raise OSError("disk full")

    checks = CheckSet({"a": Quick()}, deadline=1, memory=0, on_report=fail)
    assert checks.report().ok
    assert "could not be recorded" in caplog.text
