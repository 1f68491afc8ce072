"""Requests in flight: a pool they use up, and SIGTERM, on which readiness says so first, they are answered, then the
server ends."""

import http.client
import signal
import threading
import time

import psycopg
import pytest

from tests.system import START_SECONDS, System, wait_for

pytestmark = [pytest.mark.processes, pytest.mark.timeout(120)]
POOL = 11
DRAIN_SECONDS = 2.0
EXIT_SECONDS = 30
CLIENTS = 6
LOCK = "LOCK TABLE accounts_user, account_emailaddress IN ACCESS EXCLUSIVE MODE"


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    variables = {
        "LMS_DRAIN_SECONDS": str(DRAIN_SECONDS),
        "LMS_WEB_WORKERS": "1",
        "LMS_WEB_THREADS": str(POOL + 3),
        "LMS_DB_POOL_MAX": str(POOL),
        "DJANGO_SETTINGS_MODULE": "tests.observability.health_settings",
    }
    with System(tmp_path_factory.mktemp("in_flight"), processes=("web",), variables=variables) as running:
        yield running


@pytest.fixture
def system(running):
    """The web server, also after a test that stopped it."""
    if running.running["web"].poll() is not None:
        running.start("web")
        wait_for(lambda: running.get("/api/v1/ready").status == 200, seconds=START_SECONDS, what="readiness")
    return running


def log_in(system, name, statuses):
    body = {"email": f"{name}@example.org", "password": "not-the-password"}
    statuses.append(system.post("/api/v1/auth/app/v1/auth/login", body).status)


def test_a_used_up_pool_is_reported_without_waiting_for_it(system):
    statuses: list[int] = []
    held = [threading.Thread(target=log_in, args=(system, f"nobody-{number}", statuses)) for number in range(POOL)]
    with psycopg.connect(system.servers.database_url) as session:
        session.execute(LOCK)
        for thread in held:
            thread.start()
        waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
        wait_for(lambda: session.execute(waiting).fetchone() == (POOL,), what="every connection to be in use")
        time.sleep(0.4)
        started = time.monotonic()
        answer = system.get("/api/v1/ready")
        seconds = time.monotonic() - started
        assert (answer.status, answer.json["checks"]["database"]) == (
            503,
            {"status": "failed", "reason": "no_connection"},
        )
        assert seconds < 2.5
        assert system.get("/api/v1/ready?scope=process").status == 200
    for thread in held:
        thread.join()
    assert statuses == [400] * POOL
    time.sleep(0.4)
    assert system.get("/api/v1/ready").status == 200


def test_sigterm_under_load_fails_no_request(system):
    statuses: list[object] = []
    drained = threading.Event()

    def ask(path: str) -> None:
        try:
            statuses.append(system.get(path).status)
        except (OSError, http.client.HTTPException) as error:
            statuses.append(error)

    def client() -> None:
        while not drained.is_set():
            ask("/admin/login/")

    clients = [threading.Thread(target=client) for _ in range(CLIENTS)]
    refused: list[int] = []
    held = threading.Thread(target=log_in, args=(system, "nobody", refused))
    with psycopg.connect(system.servers.database_url) as session:
        session.execute(LOCK)
        held.start()
        for thread in clients:
            thread.start()
        time.sleep(1)
        web = system.running["web"]
        web.send_signal(signal.SIGTERM)
        stopping = time.monotonic()

        wait_for(lambda: system.get("/api/v1/ready").status == 503, seconds=DRAIN_SECONDS, every=0.05, what="draining")
        assert system.get("/api/v1/ready").json == {"status": "draining"}
        assert system.get("/api/v1/ready?scope=process").json == {"status": "draining"}
        assert system.get("/health").status == 200
        assert system.get("/admin/login/").status == 200, "a proxy that hasn't looked yet still gets its answers"
        drained.set()
        for thread in clients:
            thread.join()
        time.sleep(max(0.0, stopping + DRAIN_SECONDS + 1 - time.monotonic()))
        assert held.is_alive(), "the request under the lock is still in flight while the server stops"
    held.join()
    assert refused == [400], "answered to the end: the password is wrong"
    web.wait(EXIT_SECONDS - (time.monotonic() - stopping))
    assert web.returncode == 0
    assert len(statuses) > CLIENTS
    assert statuses == [200] * len(statuses)


def test_a_second_sigterm_stops_at_once(system):
    web = system.running["web"]
    web.send_signal(signal.SIGTERM)
    wait_for(lambda: system.get("/api/v1/ready").status == 503, seconds=DRAIN_SECONDS, every=0.05, what="draining")
    started = time.monotonic()
    web.send_signal(signal.SIGTERM)
    with pytest.raises(OSError):
        while time.monotonic() < started + DRAIN_SECONDS / 2:
            system.get("/health")
            time.sleep(0.05)
    web.wait(EXIT_SECONDS)
