"""Failed logins per source, and thresholds of different things, counted in a real Redis."""

import time

import pytest
import redis
from django.conf import settings

from observability.security import sources, windows

pytestmark = pytest.mark.usefixtures("_clean")


@pytest.fixture
def _clean():
    client = redis.Redis.from_url(settings.REDIS_URL)
    for key in client.scan_iter("security:*"):
        client.delete(key)
    windows._Pause.until = 0.0
    yield
    for key in client.scan_iter("security:*"):
        client.delete(key)
    windows._Pause.until = 0.0


def observability(**values):
    return settings.OBSERVABILITY | values


def fail(address: str, times: int = 1) -> list[bool]:
    return [windows.count_failure(sources.keyed(sources.network(address))) for _ in range(times)]


def test_the_eleventh_failure_of_one_source_crosses_the_threshold_once():
    assert fail("192.0.2.1", 10) == [False] * 10
    assert windows.most_failures() == 10
    assert fail("192.0.2.1", 3) == [True, False, False]
    assert windows.most_failures() == 13


def test_eleven_sources_with_one_failure_each_are_one_at_most():
    assert [fail(f"192.0.2.{n}") for n in range(11)] == [[False]] * 11
    assert windows.most_failures() == 1


def test_eleven_addresses_of_one_64_are_one_source():
    crossed = [fail(f"2001:db8:1:2::{n:x}")[0] for n in range(11)]
    assert crossed == [False] * 10 + [True]
    assert windows.most_failures() == 11
    fail("2001:db8:1:3::1")
    assert windows.most_failures() == 11


def test_the_window_slides(settings):
    settings.OBSERVABILITY = observability(SECURITY_FAILED_LOGIN_SECONDS=0.3)
    fail("192.0.2.1", 11)
    time.sleep(0.35)
    assert windows.most_failures() == 0
    fail("192.0.2.1", 2)
    assert windows.most_failures() == 2


def test_an_attack_from_more_sources_than_are_kept_costs_bounded_memory(monkeypatch):
    monkeypatch.setattr(windows, "SOURCES_KEPT", 50)
    monkeypatch.setattr(windows, "FAILURES_KEPT", 20)
    for n in range(120):
        fail(f"10.0.{n}.1")
    fail("192.0.2.1", 40)
    client = redis.Redis.from_url(settings.REDIS_URL)
    assert client.zcard("security:sources") == 50
    assert len(list(client.scan_iter("security:fails:*"))) == 50
    assert windows.most_failures() == 20
    assert all(0 < client.pttl(key) <= 900_000 for key in client.scan_iter("security:*"))


def test_redis_holds_no_address():
    fail("192.0.2.77", 12)
    windows.reaches("enumeration", sources.keyed("192.0.2.77"), sources.keyed("/x"), threshold=2, seconds=60)
    client = redis.Redis.from_url(settings.REDIS_URL)
    stored = b"".join(key + (client.dump(key) or b"") for key in client.scan_iter("security:*"))
    assert b"192.0.2" not in stored


def test_a_threshold_of_different_things_is_reached_once_per_window():
    reached = [windows.reaches("bulk", "s", value, threshold=3, seconds=60) for value in "aabbcdc"]
    assert reached == [False, False, False, False, True, False, False]
    assert not windows.reaches("bulk", "another", "a", threshold=3, seconds=60)


def test_subjects_beyond_the_budget_are_not_watched(monkeypatch):
    monkeypatch.setattr(windows, "SUBJECTS_PER_BUDGET", 5)
    for n in range(20):
        windows.reaches("bulk", f"s{n}", "a", threshold=2, seconds=60)
    client = redis.Redis.from_url(settings.REDIS_URL)
    assert len(list(client.scan_iter("security:bulk:*"))) == 5


def test_repeats_deserve_rows_at_1_10_100_while_there_is_room():
    numbers = [windows.repeat("throttled", "s", seconds=60, budget=50) for _ in range(100)]
    assert [number for number in numbers if number] == [1, 10, 100]
    others = [windows.repeat("throttled", f"o{n}", seconds=60, budget=50) for n in range(60)]
    assert (others.count(1), others.count(-1)) == (47, 13)


def test_without_redis_each_use_fails_at_once(settings):
    settings.OBSERVABILITY = observability(REDIS_URL="redis://127.0.0.1:1/0")
    with pytest.raises(redis.RedisError):
        windows.most_failures()
    started = time.monotonic()
    for _ in range(50):
        with pytest.raises(redis.RedisError):
            windows.most_failures()
    assert time.monotonic() - started < windows.PAUSE_SECONDS
