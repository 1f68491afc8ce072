"""What many probes cost the real web server: bounded checks, and nothing left behind."""

import asyncio
import contextlib
import time

import psutil
import psycopg
import pytest
import redis

from tests.faults import proxied
from tests.system import System, wait_for

pytestmark = [pytest.mark.processes, pytest.mark.timeout(180)]
WORKERS = 2
PROBES = 500
GRACE = 2  # threads, sockets or connections more than before, or fewer
SETTLE_SECONDS = 10


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    proxies = {}
    with contextlib.ExitStack() as stack:

        def through(urls):
            made, routed = proxied(stack, urls)
            proxies.update(made)
            return routed

        system = stack.enter_context(System(tmp_path_factory.mktemp("storms"), processes=("web",), through=through))
        system.proxies = proxies
        yield system


async def probe(port: int, start: asyncio.Event) -> int:
    """The status of one readiness probe on a connection of its own; 0 when it got no answer."""
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        await start.wait()
        writer.write(b"GET /api/v1/ready HTTP/1.1\r\nHost: probe\r\nConnection: close\r\n\r\n")
        answer = await asyncio.wait_for(reader.read(), 60)
        writer.close()
        return int(answer.split(b" ", 2)[1])
    except (OSError, TimeoutError, IndexError):
        return 0


async def _storm(port: int, probes: int) -> list[int]:
    start = asyncio.Event()
    running = [asyncio.create_task(probe(port, start)) for _ in range(probes)]
    await asyncio.sleep(0.2)
    start.set()
    return list(await asyncio.gather(*running))


def storm(system: System, probes: int) -> list[int]:
    return asyncio.run(_storm(system.ports["web"], probes))


def writes_of_checks(system: System) -> int:
    """How often anybody has written a plain key to Redis: on this idle site only the checks do."""
    with redis.Redis.from_url(system.servers.redis_url) as client:
        return client.info("commandstats").get("cmdstat_set", {}).get("calls", 0)


def footprint(system: System) -> dict[str, int]:
    """Threads and sockets of the web workers, and their connections at both servers.

    Without the process that shows metrics: it asks Redis for queue lengths at times of its own.
    """
    children = psutil.Process(system.running["web"].pid).children(recursive=True)
    workers = [child for child in children if "observability.exporter" not in child.cmdline()]
    sockets = [socket for worker in workers for socket in worker.net_connections("all")]
    with psycopg.connect(system.servers.database_url) as session:
        sessions = session.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'lms-api'"
        ).fetchone()[0]
    return {
        "threads": sum(worker.num_threads() for worker in workers),
        "sockets": len(sockets),
        "database sessions": sessions,
        "Redis connections": sum(
            bool(socket.raddr) and socket.raddr[1] == system.proxies["REDIS_URL"].port for socket in sockets
        ),
    }


def test_a_thousand_probes_at_once_cost_one_check_per_worker_and_second(site):
    storm(site, 50)
    time.sleep(1.1)
    before, started = writes_of_checks(site), time.monotonic()
    answers = storm(site, 1000)
    seconds, checks = time.monotonic() - started, writes_of_checks(site) - before
    assert answers == [200] * 1000
    assert 1 <= checks <= WORKERS * (int(seconds) + 1)


@pytest.mark.parametrize("fault", ["refuse", "swallow"])
@pytest.mark.parametrize("name", ["DATABASE_URL", "REDIS_URL"])
def test_probes_during_an_outage_leave_nothing_behind(site, name, fault):
    storm(site, 60)  # every thread the server will ever have has started
    before = footprint(site)
    with site.proxies[name].fault(fault):
        time.sleep(1.1)
        assert storm(site, PROBES) == [503] * PROBES

    def differences():
        return {what: number - before[what] for what, number in footprint(site).items()}

    wait_for(lambda: site.get("/api/v1/ready").status == 200, what="readiness")
    wait_for(
        lambda: all(abs(difference) <= GRACE for difference in differences().values()),
        seconds=SETTLE_SECONDS,
        every=0.5,
        what=f"the old footprint ({differences()})",
    )
