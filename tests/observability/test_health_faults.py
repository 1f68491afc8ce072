"""Readiness and liveness of the real web server while PostgreSQL and Redis really fail."""

import contextlib
import json
import os
import socket
import time

import psycopg
import pytest
import redis

from tests.faults import end, frozen, proxied, restart_valkey
from tests.system import Answer, System, wait_for

pytestmark = [pytest.mark.processes, pytest.mark.timeout(180)]
DEADLINE_SECONDS = 2.5  # 2 s of readiness' own, and the way there and back
LIVENESS_SECONDS = 0.1


class Site:
    """One web worker, each dependency behind a proxy."""

    def __init__(self, directory, stack):
        self.stack = stack
        self.system = stack.enter_context(
            System(directory, processes=("web",), variables={"LMS_WEB_WORKERS": "1"}, through=self._through)
        )

    def _through(self, urls):
        self.proxies, routed = proxied(self.stack, urls)
        return routed

    @property
    def database(self):
        return self.proxies["DATABASE_URL"]

    @property
    def redis(self):
        return self.proxies["REDIS_URL"]

    def psql(self):
        """A session of our own, past the proxy."""
        return psycopg.connect(self.system.servers.database_url, autocommit=True)

    def valkey(self):
        return redis.Redis.from_url(self.system.servers.redis_url, decode_responses=True)

    def valkey_answers(self):
        with contextlib.suppress(redis.RedisError), self.valkey() as client:
            return client.ping()

    def ready(self):
        return self.system.get("/api/v1/ready")

    def recovered(self):
        return self.ready().status == 200

    def private(self):
        """What no answer may hold."""
        state = self.system.servers.state
        ports = [str(proxy.port) for proxy in self.proxies.values()]
        return [state["postgres_password"], state["valkey_password"], "127.0.0.1", "lms", "Error", "psycopg", *ports]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with contextlib.ExitStack() as stack:
        site = Site(tmp_path_factory.mktemp("faults"), stack)
        # The worker has been asked once, so that it keeps connections that the faults can hit.
        wait_for(site.recovered, what="readiness")
        yield site


def timed(probe) -> tuple[Answer, float]:
    started = time.monotonic()
    answer = probe()
    return answer, time.monotonic() - started


def assert_down(site, check, reason):
    """Every probe says 503 and why, in time, and only that; liveness doesn't notice."""
    time.sleep(1.1)  # what is remembered from before the fault
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
    alive = [timed(lambda: site.system.get("/health")) for _ in range(5)]
    assert [(answer.status, answer.json) for answer, _ in alive] == [(200, {"status": "ok"})] * 5
    assert min(seconds for _, seconds in alive) < LIVENESS_SECONDS


def assert_recovers(site):
    """Once what is remembered has passed, the first answer is 200."""
    time.sleep(1.1)
    assert site.recovered(), site.ready().text


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


def test_a_redis_that_loads_its_data_is_reported_as_such(site):
    servers = site.system.servers
    with site.valkey() as client:
        client.mset({f"filler:{number}": os.urandom(1024) for number in range(400)})
        client.save()
    end(servers.valkey)
    # Valkey's own test setting: so many microseconds for each key it loads.
    restart_valkey(servers, key_load_delay="20000", loading_process_events_interval_bytes="1024")
    try:
        assert_down(site, "redis", "loading")
    finally:
        wait_for(site.recovered, seconds=20, what="readiness")


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
