"""A short fire drill: two real faults, the real Prometheus and Alertmanager, and what reaches the receivers."""

import pytest

from tests.drill.drills import DRILLS
from tests.drill.run import run
from tests.system import wait_for

pytestmark = [pytest.mark.processes, pytest.mark.timeout(400)]


def test_the_watchdog_is_heard(world):
    wait_for(lambda: world.sinks.first("watchdog", "Watchdog", since=0, resolved=False), what="the watchdog")


@pytest.mark.parametrize("drill", [drill for drill in DRILLS if drill.short], ids=lambda drill: drill.name)
def test_a_real_fault_reaches_its_receiver_and_its_end_does_too(world, drill):
    outcomes = run(world, drill)
    assert [outcome.problem for outcome in outcomes] == [""] * len(drill.expected)
    assert all(outcome.passed for outcome in outcomes)
