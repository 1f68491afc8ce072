"""SIGTERM: readiness says so first, what is in flight is answered, then the server ends."""

import http.client
import signal
import threading
import time

import psycopg
import pytest

from tests.system import System, wait_for

pytestmark = [pytest.mark.processes, pytest.mark.timeout(120)]
DRAIN_SECONDS = 2.0
EXIT_SECONDS = 30
CLIENTS = 6


@pytest.fixture
def system(tmp_path):
    with System(tmp_path, processes=("web",), variables={"LMS_DRAIN_SECONDS": str(DRAIN_SECONDS)}) as running:
        yield running


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
    refused = []
    wrong = {"email": "nobody@example.org", "password": "not-the-password"}
    held = threading.Thread(target=lambda: refused.append(system.post("/api/v1/auth/app/v1/auth/login", wrong).status))
    with psycopg.connect(system.servers.database_url) as session:
        session.execute("LOCK TABLE accounts_user, account_emailaddress IN ACCESS EXCLUSIVE MODE")
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
