"""A worker whose pool is used up says so at once, and is ready again when it isn't."""

import threading
import time

import psycopg
import pytest

from tests.system import System, wait_for

pytestmark = [pytest.mark.processes, pytest.mark.timeout(120)]
POOL = 11


def test_a_used_up_pool_is_reported_without_waiting_for_it(tmp_path):
    variables = {"LMS_WEB_WORKERS": "1", "LMS_WEB_THREADS": str(POOL + 3), "LMS_DB_POOL_MAX": str(POOL)}
    with System(tmp_path, processes=("web",), variables=variables) as system:
        statuses = []

        def log_in(name):
            body = {"email": f"{name}@example.org", "password": "not-the-password"}
            statuses.append(system.post("/api/v1/auth/app/v1/auth/login", body).status)

        held = [threading.Thread(target=log_in, args=(f"nobody-{number}",)) for number in range(POOL)]
        with psycopg.connect(system.servers.database_url) as session:
            session.execute("LOCK TABLE accounts_user, account_emailaddress IN ACCESS EXCLUSIVE MODE")
            for thread in held:
                thread.start()
            waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
            wait_for(lambda: session.execute(waiting).fetchone() == (POOL,), what="every connection to be in use")
            time.sleep(1.1)
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
        time.sleep(1.1)
        assert system.get("/api/v1/ready").status == 200
