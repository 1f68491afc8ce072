"""Cost of a probe, beside a hand-written one, django-health-check's own view and dockerflow's heartbeat, in one run.

    python -m bench.readiness

Every view answers on the product's own middleware stack, against a PostgreSQL and a Redis of this run's own, with
readiness' memory off and its deadline on. "bare" calls the view functions without any stack: there the early answer of
HealthMiddleware is no advantage, and the hand-over to the check's thread shows. Each round measures all in turn; the
bar is on the ratio of the best rounds. The medians stand beside it: on a busy machine they show how long a woken thread
waits for its turn. "Opened" counts the connections that both servers accepted, per hundred probes.
"""

import statistics
import sys
import time
from collections.abc import Callable

from bench.figures import report
from bench.product import servers
from lms.embedded import EmbeddedServers

ROUNDS = 120
CALLS = 10
BARS = {"readiness": 1.1, "liveness": 1.2}


def main() -> int:
    with servers() as running:
        return compare(running)


def compare(running: EmbeddedServers) -> int:
    import django

    django.setup()
    from django.conf import settings
    from django.test import RequestFactory

    settings.ROOT_URLCONF = "bench.readiness_urls"
    settings.OBSERVABILITY = settings.OBSERVABILITY | {"READY_MEMORY_SECONDS": 0.0}
    from bench import readiness_urls as views
    from observability.health import readiness
    from observability.health import views as health

    through_the_stack = {
        "hand-written SELECT 1 + PING": get("/bench/by-hand"),
        "readiness": get("/api/v1/ready"),
        "django-health-check's view": get("/bench/health-check"),
        "dockerflow's heartbeat": get("/bench/dockerflow"),
    }
    alive = {"empty view": get("/bench/empty"), "liveness": get("/health")}
    request = RequestFactory().get("/")
    bare = {
        "hand-written, bare": lambda: views.by_hand(request),
        "readiness, bare": lambda: health.ready(request),
    }
    try:
        failed = False
        failed |= show(running, "Readiness", through_the_stack, bar=("readiness", BARS["readiness"]))
        failed |= show(running, "Readiness without a stack", bare, bar=("readiness, bare", BARS["readiness"]))
        failed |= show(running, "Liveness", alive, bar=("liveness", BARS["liveness"]))
        return 1 if failed else 0
    finally:
        readiness.close()
        from django.db import connections

        for connection in connections.all():
            connection.close_pool()


def get(path: str) -> Callable[[], object]:
    """One GET through the WSGI application, as a server does it."""
    from django.core.wsgi import get_wsgi_application

    application = get_wsgi_application()
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8000",
        "HTTP_HOST": "127.0.0.1:8000",
        "HTTP_ACCEPT": "application/json",
        "REMOTE_ADDR": "127.0.0.1",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.url_scheme": "http",
        "wsgi.input": sys.stdin.buffer,
        "wsgi.errors": sys.stderr,
    }

    def call() -> object:
        statuses: list[str] = []
        response = application(dict(environ), lambda status, headers, info=None: statuses.append(status))
        body = b"".join(response)
        response.close()
        if statuses != ["200 OK"]:
            raise RuntimeError(f"{path}: {statuses} {body[:200]!r}")
        return body

    return call


def opened(servers: EmbeddedServers) -> int:
    """How many connections PostgreSQL and Redis have accepted so far, but for those that ask."""
    import psycopg
    import redis

    with psycopg.connect(servers.database_url, autocommit=True) as session:
        # Its statistics are written when a session is idle or ends.
        session.execute("SELECT pg_stat_force_next_flush()")
        row = session.execute("SELECT sessions FROM pg_stat_database WHERE datname = 'lms'").fetchone()
    with redis.Redis.from_url(servers.redis_url) as client:
        received = client.info("stats")["total_connections_received"]
    return int(row[0] if row else 0) + int(received)


def show(
    servers: EmbeddedServers, title: str, uses: dict[str, Callable[[], object]], *, bar: tuple[str, float]
) -> bool:
    """Print one comparison with its first entry as 1; whether `bar` is missed."""
    connections = {}
    for name, use in uses.items():
        use()
        time.sleep(0.2)
        before = opened(servers)
        for _ in range(100):
            use()
        time.sleep(0.2)
        connections[name] = opened(servers) - before - 2  # the asking itself: one each
    times: dict[str, list[float]] = {name: [] for name in uses}
    for _ in range(ROUNDS):
        for name, use in uses.items():
            started = time.perf_counter()
            for _ in range(CALLS):
                use()
            times[name].append((time.perf_counter() - started) / CALLS)
    base = next(iter(uses))
    print(f"\n{title}: {ROUNDS} rounds of {CALLS} calls")
    print(f"{'':34}{'best µs':>10}{'ratio':>8}{'median µs':>12}{'ratio':>8}{'opened':>8}")
    missed = False
    for name in uses:
        best, median = min(times[name]), statistics.median(times[name])
        ratio = best / min(times[base])
        each = [own / other for own, other in zip(times[name], times[base], strict=True)]
        middle = statistics.median(each)
        note = ""
        if name == bar[0]:
            opens = report(f"{title}, connections opened by 100", connections[name], "", at_most=0)
            held = bool(report(f"{title} over {base}", ratio, at_most=bar[1], spread=(min(each), max(each))) and opens)
            missed = not held
            note = f"  bar: {bar[1]}× and 0 opened: {'held' if held else 'MISSED'}"
        print(f"{name:34}{best * 1e6:10.0f}{ratio:8.2f}{median * 1e6:12.0f}{middle:8.2f}{connections[name]:8}{note}")
    return missed


if __name__ == "__main__":
    sys.exit(main())
