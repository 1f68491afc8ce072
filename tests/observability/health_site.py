"""A real web server whose database and Redis can fail, storms of probes, and what they leave behind."""

import asyncio
import contextlib
import resource
from pathlib import Path

import psutil
import psycopg
from redis import Redis, RedisError

from tests.faults import Proxy, proxied
from tests.system import Answer, System

MEMORY_SECONDS = 0.3  # as in health_settings


class Site:
    """One web worker, each dependency behind a proxy."""

    def __init__(self, directory: Path, stack: contextlib.ExitStack) -> None:
        self.stack = stack
        variables = {"LMS_WEB_WORKERS": "1", "DJANGO_SETTINGS_MODULE": "tests.observability.health_settings"}
        self.system = stack.enter_context(
            System(directory, processes=("web",), variables=variables, through=self._through)
        )

    def _through(self, urls: dict[str, str]) -> dict[str, str]:
        self.proxies, routed = proxied(self.stack, urls)
        return routed

    @property
    def database(self) -> Proxy:
        return self.proxies["DATABASE_URL"]

    @property
    def redis(self) -> Proxy:
        return self.proxies["REDIS_URL"]

    def psql(self) -> psycopg.Connection:
        """A session of our own, past the proxy."""
        return psycopg.connect(self.system.servers.database_url, autocommit=True)

    def valkey(self) -> Redis:
        return Redis.from_url(self.system.servers.redis_url, decode_responses=True)

    def valkey_answers(self) -> bool:
        with contextlib.suppress(RedisError), self.valkey() as client:
            return bool(client.ping())
        return False

    def ready(self) -> Answer:
        return self.system.get("/api/v1/ready")

    def recovered(self) -> bool:
        return self.ready().status == 200

    def private(self) -> list[str]:
        """What no answer may hold."""
        state = self.system.servers.state
        ports = [str(proxy.port) for proxy in self.proxies.values()]
        return [state["postgres_password"], state["valkey_password"], "127.0.0.1", "lms", "Error", "psycopg", *ports]

    def storm(self, probes: int) -> list[int]:
        """The statuses of so many readiness probes sent at once; 0 for one without an answer."""
        return asyncio.run(_storm(self.system.ports["web"], probes))

    def writes_of_checks(self) -> int:
        """How often anybody has written a plain key to Redis: on this idle site only the checks do."""
        with self.valkey() as client:
            return client.info("commandstats").get("cmdstat_set", {}).get("calls", 0)

    def footprint(self) -> dict[str, int]:
        """Threads and sockets of the web worker, and its connections at both servers.

        Without the process that shows metrics: it asks Redis for queue lengths at times of its own.
        """
        children = psutil.Process(self.system.running["web"].pid).children(recursive=True)
        workers = [child for child in children if "observability.exporter" not in child.cmdline()]
        sockets = [socket for worker in workers for socket in worker.net_connections("all")]
        with self.psql() as session:
            row = session.execute("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'lms-api'").fetchone()
        return {
            "threads": sum(worker.num_threads() for worker in workers),
            "sockets": len(sockets),
            "database sessions": row[0] if row else 0,
            "Redis connections": sum(bool(socket.raddr) and socket.raddr[1] == self.redis.port for socket in sockets),
        }


async def _probe(port: int, start: asyncio.Event) -> int:
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
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    start = asyncio.Event()
    running = [asyncio.create_task(_probe(port, start)) for _ in range(probes)]
    await asyncio.sleep(0.2)
    start.set()
    return list(await asyncio.gather(*running))
