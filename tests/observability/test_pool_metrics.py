"""Pool statistics: psycopg_pool's own numbers, in OpenTelemetry's vocabulary, without opening anything."""

import threading

import pytest
from django.db import OperationalError, connections

from observability.metrics import database
from observability.testing import assert_metric_delta, metric_value

POOL = {"pool": "default"}


def value(name: str, **labels: str) -> float:
    database.sample()
    return metric_value(f"db_client_connection_{name}", **POOL, **labels)


def usage(state: str) -> float:
    database.sample()
    return metric_value("db_client_connections", **POOL, state=state)


@pytest.fixture
def closed_pool(transactional_db):
    connections["default"].close()
    connections["default"].close_pool()
    yield
    connections["default"].close()


def test_looking_opens_no_pool(closed_pool):
    assert (usage("used"), usage("idle")) == (0, 0)
    assert value("max") == connections["default"].settings_dict["OPTIONS"]["pool"]["max_size"]
    assert database.open_pools() == {}


def hold(release: threading.Event, held: threading.Barrier) -> None:
    connection = connections["default"]
    connection.ensure_connection()
    held.wait(10)
    release.wait(20)
    connection.close()


def test_the_gauges_are_the_pools_own_statistics(closed_pool):
    size = int(value("max"))
    release, held = threading.Event(), threading.Barrier(size + 1)
    threads = [threading.Thread(target=hold, args=(release, held)) for _ in range(size)]
    for thread in threads:
        thread.start()
    held.wait(10)
    try:
        stats = database.open_pools()["default"].get_stats()
        assert usage("used") == size == stats["pool_size"] - stats.get("pool_available", 0)
        assert usage("idle") == 0
        waiting = threading.Thread(target=_fail_to_connect)
        seen = 0.0
        with (
            assert_metric_delta("db_client_connection_timeouts_total", 1, **POOL),
            assert_metric_delta("db_client_connection_wait_time_seconds_count", 1, **POOL),
        ):
            waiting.start()
            while waiting.is_alive() and not seen:
                seen = value("pending_requests")
            waiting.join()
            database.sample()
        assert seen == 1
    finally:
        release.set()
        for thread in threads:
            thread.join()
    assert usage("used") == 0
    assert usage("idle") > 0


def _fail_to_connect() -> None:
    with pytest.raises(OperationalError):
        connections["default"].ensure_connection()
