"""Readiness and liveness of the real web server while PostgreSQL and Redis really fail, and storms of probes."""

import contextlib
import json
import os
import socket
import statistics
import time

import psycopg
import pytest

from observability.conf import conf
from tests.faults import end, frozen, restart_valkey
from tests.observability.health_site import MEMORY_SECONDS, Site
from tests.system import Answer, wait_for

pytestmark = [pytest.mark.processes, pytest.mark.timeout(180)]
DEADLINE_SECONDS = 2.5  # 2 s of readiness' own, and the way there and back
LIVENESS_SECONDS = 0.1
LIVENESS_PROBES = 15
PROBES = 500
GRACE = 2  # threads, sockets or connections more than before, or fewer
SETTLE_SECONDS = 10
DATABASE_WAIT_SECONDS = 3  # the pool's check of a dead connection, 1 s, and its wait for another, 2 s


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    with contextlib.ExitStack() as stack:
        site = Site(tmp_path_factory.mktemp("faults"), stack)
        wait_for(site.recovered, what="readiness")
        yield site


@pytest.fixture
def site(running):
    """No test costs the web worker a thread, socket or connection for longer than a moment."""
    # Every thread the server will ever have has started, and there are connections that a fault can hit.
    running.storm(60)
    before = running.footprint()
    yield running

    def differences():
        return {what: number - before[what] for what, number in running.footprint().items()}

    wait_for(
        lambda: all(abs(difference) <= GRACE for difference in differences().values()),
        seconds=SETTLE_SECONDS,
        what=f"the old footprint ({differences()})",
    )


def timed(probe) -> tuple[Answer, float]:
    started = time.monotonic()
    answer = probe()
    return answer, time.monotonic() - started


def forget():
    """Wait until what the worker remembers of before is over."""
    time.sleep(MEMORY_SECONDS + 0.1)


def assert_down(site, check, reason):
    """Every probe says 503 and why, in time, and only that; liveness doesn't notice."""
    forget()
    other = {"database": "redis", "redis": "database"}[check]
    for _ in range(3):
        answer, seconds = timed(site.ready)
        assert answer.status == 503, answer.text
        assert answer.json == {
            "status": "unavailable",
            "checks": {check: {"status": "failed", "reason": reason}, other: {"status": "ok", "reason": "ok"}},
        }
        assert seconds < DEADLINE_SECONDS
        assert [word for word in site.private() if word in answer.text] == []
    alive = [timed(lambda: site.system.get("/health")) for _ in range(LIVENESS_PROBES)]
    assert [(answer.status, answer.json) for answer, _ in alive] == [(200, {"status": "ok"})] * LIVENESS_PROBES
    # Half of them, not each: on a busy machine this process itself may wait for its turn.
    assert statistics.median(seconds for _, seconds in alive) < LIVENESS_SECONDS
    assert site.storm(PROBES) == [503] * PROBES


def assert_recovers(site):
    """Once what is remembered has passed, the first answer is 200."""
    forget()
    assert site.recovered(), site.ready().text


def test_a_thousand_probes_at_once_cost_one_check_per_memory(site):
    site.storm(50)
    forget()
    before, started = site.writes_of_checks(), time.monotonic()
    answers = site.storm(1000)
    seconds, checks = time.monotonic() - started, site.writes_of_checks() - before
    assert answers == [200] * 1000
    assert 1 <= checks <= int(seconds / MEMORY_SECONDS) + 1
    assert conf.READY_MEMORY_SECONDS == 1.0, "in production: one check per worker and second"


@pytest.mark.parametrize(
    ("check", "fault", "reason"),
    [
        ("redis", "refuse", "refused"),
        ("redis", "swallow", "timeout"),
        ("database", "refuse", "refused"),
        ("database", "swallow", "timeout"),
    ],
)
def test_a_dependency_out_of_reach_is_reported_in_time(site, check, fault, reason):
    with getattr(site, check).fault(fault):
        assert_down(site, check, reason)
    assert_recovers(site)


@pytest.mark.parametrize(("check", "server"), [("redis", "valkey"), ("database", "postgres")])
def test_a_frozen_server_is_reported_in_time(site, check, server):
    with frozen(getattr(site.system.servers, server)):
        assert_down(site, check, "timeout")
    assert_recovers(site)


def test_a_request_that_comes_while_the_database_is_frozen_waits_for_the_pool_only(site):
    body = {"email": "nobody@example.org", "password": "not-the-password"}
    with frozen(site.system.servers.postgres):
        answer, seconds = timed(lambda: site.system.post("/api/v1/auth/app/v1/auth/login", body))
        assert (answer.status, answer.json["code"]) == (503, "database_unavailable")
        assert seconds < DATABASE_WAIT_SECONDS + 2, "far from the limit of a query"
    assert_recovers(site)


def test_a_redis_that_loads_its_data_is_reported_as_such(site):
    servers = site.system.servers
    with site.valkey() as client:
        client.mset({f"filler:{number}": os.urandom(1024) for number in range(400)})
        client.save()
    end(servers.valkey)
    # Valkey's own test setting: so many microseconds for each key it loads, for a minute in all.
    restart_valkey(servers, key_load_delay="150000", loading_process_events_interval_bytes="1024")
    try:
        assert_down(site, "redis", "loading")
    finally:
        with site.valkey() as client:
            client.config_set("key-load-delay", "0")
        wait_for(site.valkey_answers, what="Valkey")
    assert_recovers(site)


def test_a_redis_that_takes_no_writes_is_reported_as_such(site):
    with site.valkey() as client:
        client.replicaof("127.0.0.1", "1")
        try:
            assert_down(site, "redis", "readonly")
        finally:
            client.replicaof("NO", "ONE")
    assert_recovers(site)


def test_a_redis_password_that_no_longer_holds_is_reported_as_such(site):
    password = site.system.servers.state["valkey_password"]
    with site.valkey() as client:
        client.config_set("requirepass", "another-one")
        client.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        try:
            assert_down(site, "redis", "auth")
        finally:
            client.config_set("requirepass", password)
    assert_recovers(site)


def test_a_redis_killed_and_started_again_is_ready_at_once(site):
    servers = site.system.servers
    end(servers.valkey)
    assert_down(site, "redis", "refused")
    restart_valkey(servers)
    wait_for(site.valkey_answers, what="Valkey")
    assert_recovers(site)


def cut_sessions(session):
    session.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'lms-%'")


def test_a_database_password_that_no_longer_holds_is_reported_as_such(site):
    password = site.system.servers.state["postgres_password"]
    with site.psql() as session:
        session.execute("ALTER ROLE lms PASSWORD 'another-one'")
        cut_sessions(session)
        try:
            assert_down(site, "database", "auth")
        finally:
            session.execute(f"ALTER ROLE lms PASSWORD '{password}'")
    assert_recovers(site)


def test_a_database_without_a_free_slot_is_reported_as_such(site):
    with contextlib.ExitStack() as slots:
        session = slots.enter_context(site.psql())
        deadline = time.monotonic() + 20
        while True:
            cut_sessions(session)
            with contextlib.suppress(psycopg.OperationalError):
                while True:
                    slots.enter_context(site.psql())
            (left,) = session.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'lms-%'"
            ).fetchone()
            if left == 0:
                break
            assert time.monotonic() < deadline, "the web server always won the race for the last slot"
        assert_down(site, "database", "no_connection")
    assert_recovers(site)


def test_a_database_that_takes_no_writes_is_reported_as_such(site):
    with site.psql() as session:
        session.execute("ALTER SYSTEM SET default_transaction_read_only = on")
        session.execute("SELECT pg_reload_conf()")
        try:
            assert_down(site, "database", "readonly")
        finally:
            session.execute("SET default_transaction_read_only = off")
            session.execute("ALTER SYSTEM RESET default_transaction_read_only")
            session.execute("SELECT pg_reload_conf()")
    assert_recovers(site)


def test_a_database_killed_and_started_again_is_ready_at_once(site):
    servers = site.system.servers
    end(servers.postgres)
    assert_down(site, "database", "refused")
    servers._start_postgres()
    assert_recovers(site)


@pytest.mark.parametrize("path", ["/health", "/api/v1/ready"])
def test_old_and_odd_requests_are_answered_over_the_wire(site, path):
    def ask(request):
        with socket.create_connection(("127.0.0.1", site.system.ports["web"]), timeout=5) as connection:
            connection.sendall(request)
            return connection.makefile("rb").read().partition(b"\r\n\r\n")

    head, _, body = ask(f"GET {path} HTTP/1.0\r\n\r\n".encode())
    assert head.split()[1] == b"200"
    assert json.loads(body)["status"] == "ok"
    head, _, body = ask(f"HEAD {path} HTTP/1.1\r\nHost: 10.0.0.1\r\nConnection: close\r\n\r\n".encode())
    assert (head.split()[1], body) == (b"200", b"")
    assert b"set-cookie" not in head.lower()
