"""Active people by role and window: counted once each, in bounded keys, and never at a request's cost."""

import threading

import pytest
import redis
from django.conf import settings
from django.test import Client

from accounts.models import Role
from accounts.redis_state import forget
from analytics import active_users as module
from analytics.active_users import CAPACITY, KEY_PREFIX, WINDOWS, ActiveUsers, client

NOON = 1_700_000_040.0  # a whole minute


@pytest.fixture(autouse=True)
def _empty_redis(db):
    """`db` has what a test leaves in Redis cleared."""


@pytest.fixture
def counter() -> ActiveUsers:
    return ActiveUsers()


def gone() -> redis.Redis:
    return redis.Redis(host="127.0.0.1", port=1, **settings.REDIS_CLIENT_OPTIONS)


def by_window(counter: ActiveUsers, role: str, now: float) -> list[int]:
    counts = counter.counts(now)
    return [int(counts[role, window]) for window in ("5m", "1h", "24h", "30d")]


def test_each_person_counts_once_in_each_window_under_their_role(counter):
    for _ in range(3):
        counter.seen("student", 1, NOON)
        counter.seen("student", 2, NOON)
        counter.seen("admin", 3, NOON)
        assert counter.flush()
    assert by_window(counter, "student", NOON) == [2, 2, 2, 2]
    assert by_window(counter, "admin", NOON) == [1, 1, 1, 1]
    assert by_window(counter, "instructor", NOON) == [0, 0, 0, 0]


@pytest.mark.parametrize(
    ("later", "counted"),
    [
        (0, [1, 1, 1, 1]),
        (5 * 60, [1, 1, 1, 1]),
        (7 * 60, [0, 1, 1, 1]),
        (3600, [0, 1, 1, 1]),
        (3600 + 10 * 60, [0, 0, 1, 1]),
        (24 * 3600, [0, 0, 1, 1]),
        (26 * 3600, [0, 0, 0, 1]),
        (30 * 86400, [0, 0, 0, 1]),
        (32 * 86400, [0, 0, 0, 0]),
    ],
)
def test_a_person_leaves_each_window_after_its_length_and_at_most_one_bucket(counter, later, counted):
    counter.seen("student", 1, NOON)
    counter.flush()
    assert by_window(counter, "student", NOON + later) == counted


def test_thousands_are_counted_within_three_standard_errors(counter):
    for person in range(5000):
        counter.seen("student", person, NOON)
    counter.flush()
    assert by_window(counter, "student", NOON) == [pytest.approx(5000, rel=3 * 0.0081)] * 4


def test_keys_are_bounded_and_each_has_an_end(counter):
    for hour in range(40 * 24):
        counter.seen("student", 1, NOON + hour * 3600)
    counter.flush()
    server = client()
    keys = list(server.scan_iter(f"{KEY_PREFIX}*", count=1000))
    assert len(keys) == 2 * 40 * 24 + 40 * 24 + 41  # minutes, five minutes, hours, and days of UTC
    for key in keys[::50]:
        seconds = int(key.split(b":")[-2])
        window = next(window for window in WINDOWS.values() if window.seconds == seconds)
        assert 0 < server.ttl(key) <= window.time_to_live
    # Time to live has not passed here; what a live system holds is this many keys for each role.
    assert sum(window.buckets + 2 for window in WINDOWS.values()) == 79


def test_without_redis_people_wait_up_to_a_bound_and_are_written_later():
    connections = iter([gone()])
    counter = ActiveUsers(lambda: next(connections))
    for person in range(CAPACITY + 50):
        counter.seen("student", person, NOON)
    assert not counter.flush()
    assert len(counter.waiting) == CAPACITY
    counter._client = client()
    assert counter.flush()
    assert counter.waiting == set()
    assert by_window(counter, "student", NOON)[0] == pytest.approx(CAPACITY, rel=0.03)


def test_writing_from_many_threads_loses_nobody(counter):
    def work(start: int) -> None:
        for person in range(start, start + 200):
            counter.seen("student", person, NOON)
            counter.flush()

    threads = [threading.Thread(target=work, args=(number * 200,)) for number in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    counter.flush()
    assert by_window(counter, "student", NOON)[0] == pytest.approx(1000, rel=3 * 0.0081)


def test_a_request_costs_one_entry_and_no_call_to_redis(student, monkeypatch, settings):
    settings.ACTIVE_USERS_BACKGROUND = False
    shared = module.active_users
    shared.reset()
    monkeypatch.setattr(shared, "_connect", lambda: pytest.fail("a request asked Redis who is active"))
    browser = Client()
    browser.force_login(student)
    assert [browser.get("/api/v1/me").status_code for _ in range(3)] == [200] * 3
    # A minute may end between two requests; never more than one entry a minute.
    assert {(role, person) for role, person, _ in shared.waiting} == {("student", student.pk)}
    assert len(shared.waiting) <= 2
    shared.reset()


def test_without_redis_the_request_is_answered_and_the_fact_grows_old(student, monkeypatch, settings):
    settings.ACTIVE_USERS_BACKGROUND = False
    shared = module.active_users
    shared.reset()
    monkeypatch.setattr(shared, "_connect", gone)
    browser = Client()
    browser.force_login(student)
    assert browser.get("/api/v1/me").status_code == 200
    assert not shared.flush()
    with pytest.raises(redis.ConnectionError):
        shared.counts()
    shared.reset()
    forget()


@pytest.mark.skipif(not settings.OBSERVABILITY_ENABLED, reason="observability is off")
def test_the_metric_has_every_role_and_window_and_keeps_its_last_value_without_redis(monkeypatch):
    from observability import facts
    from observability.testing import metric_value

    shared, fact = module.active_users, facts._facts["lms_active_users"]
    shared.reset()
    shared.seen("instructor", 7)
    shared.flush()
    fact.refresh()
    expected = {(role, window): float(role == "instructor") for role in Role.values for window in WINDOWS}
    shown = {key: metric_value("lms_active_users", role=key[0], window=key[1]) for key in expected}
    assert shown == expected
    measured = fact.measured
    failures = metric_value("observability_fact_failures_total", fact="lms_active_users")
    shared.reset()
    monkeypatch.setattr(shared, "_connect", gone)
    fact.refresh()
    assert metric_value("lms_active_users", role="instructor", window="5m") == 1
    assert metric_value("observability_fact_failures_total", fact="lms_active_users") == failures + 1
    assert fact.measured == measured
    shared.reset()
