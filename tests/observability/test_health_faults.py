"""Readiness and liveness of the real web server while PostgreSQL and Redis really fail."""

import contextlib
import time

import pytest

from tests.faults import Proxy, frozen
from tests.system import Answer, System, wait_for

pytestmark = [pytest.mark.processes, pytest.mark.timeout(180)]
DEADLINE_SECONDS = 2.5  # 2 s of readiness' own, and the way there and back
LIVENESS_SECONDS = 0.1


class Site:
    """One web server (two workers), each dependency behind a proxy."""

    def __init__(self, directory, stack):
        self.stack = stack
        self.proxies = {}
        self.system = stack.enter_context(System(directory, processes=("web",), through=self._through))

    def _through(self, urls):
        routed = {}
        for name, url in urls.items():
            port = int(url.rsplit(":", 1)[1].split("/")[0])
            proxy = self.stack.enter_context(Proxy(("127.0.0.1", port)))
            self.proxies[name] = proxy
            routed[name] = proxy.url(url)
        return routed

    @property
    def database(self):
        return self.proxies["DATABASE_URL"]

    @property
    def redis(self):
        return self.proxies["REDIS_URL"]

    def ready(self):
        return self.system.get("/api/v1/ready")

    def recovered(self):
        """Both workers answer 200: they take turns, so several probes in a row."""
        return all(self.ready().status == 200 for _ in range(8))

    def private(self):
        """What no answer may hold."""
        state = self.system.servers.state
        ports = [str(proxy.port) for proxy in self.proxies.values()]
        return [state["postgres_password"], state["valkey_password"], "127.0.0.1", "lms", "Error", "psycopg", *ports]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with contextlib.ExitStack() as stack:
        site = Site(tmp_path_factory.mktemp("faults"), stack)
        # Both workers have been asked once, so that each keeps a connection that the faults can hit.
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
        alive, seconds = timed(lambda: site.system.get("/health"))
        assert (alive.status, alive.json) == (200, {"status": "ok"})
        assert seconds < LIVENESS_SECONDS


def assert_recovers(site):
    """Once what is remembered has passed, the first answer of each worker is 200."""
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
