"""A Sentry that doesn't answer costs reports, never requests, and the process still ends in time."""

import pytest

from observability.sentry import client
from tests.observability.sentry_endpoint import OUTAGES, out_of_reach
from tests.observability.test_sentry import run


@pytest.mark.parametrize("outage", OUTAGES)
def test_requests_are_answered_and_the_process_ends_while_sentry_is_out_of_reach(outage):
    with out_of_reach(outage) as dsn:
        figures = run(dsn, [["GET", "/raises/a"], ["GET", "/fine/a"]], repeat=50, traces=1.0)
    assert figures["statuses"] == [500, 200] * 50
    assert figures["closing_seconds"] < 5


def test_what_waits_for_sentry_is_bounded():
    assert client.QUEUED_ENVELOPES == 50
    assert client.SHUTDOWN_SECONDS == 2
