"""Connection pools in OpenTelemetry's vocabulary (db.client.connection.*), for each process; errors at zero.

Statistics are those of psycopg_pool, read from pools that are open: looking never opens one. Queries and their times
are counted by django-prometheus' database backends (not those of `.iterator()`; under a pool its
django_db_new_connections_total counts checkouts).
"""

import sys
from collections.abc import Mapping
from typing import Any, Final
from weakref import WeakKeyDictionary

from django.conf import settings
from prometheus_client import Counter, Gauge, Summary

from observability import catalog, sampler
from observability.metrics.labels import PROCESS, process_labels

LABELS = ("pool", *PROCESS)
ERROR_TYPES = ("OperationalError", "InterfaceError", "IntegrityError", "QueryCanceled", "PoolTimeout")
MODE: Final = "livemostrecent"

connections = Gauge(
    "db_client_connections", "Connections of the pool, by state.", (*LABELS, "state"), multiprocess_mode=MODE
)
maximum = Gauge("db_client_connection_max", "Connections that the pool may open.", LABELS, multiprocess_mode=MODE)
minimum = Gauge(
    "db_client_connection_idle_min", "Connections that the pool keeps open.", LABELS, multiprocess_mode=MODE
)
pending = Gauge(
    "db_client_connection_pending_requests", "Requests that wait for a connection.", LABELS, multiprocess_mode=MODE
)
timeouts = Counter("db_client_connection_timeouts_total", "Requests that got no connection in time.", LABELS)
wait_time = Summary(
    "db_client_connection_wait_time_seconds", "Time spent by requests that had to wait for a connection.", LABELS
)

_seen: "WeakKeyDictionary[Any, dict[str, int]]" = WeakKeyDictionary()


def configured_pools() -> dict[str, Mapping[str, Any]]:
    """Alias to pool options, of every database that has a pool."""
    found: dict[str, Mapping[str, Any]] = {}
    for alias, database in settings.DATABASES.items():
        options = database.get("OPTIONS", {}).get("pool")
        if options:
            found[alias] = options if isinstance(options, Mapping) else {}
    return found


def open_pools() -> dict[str, Any]:
    """Alias to psycopg pool, of the pools that this process has open."""
    backend = sys.modules.get("django.db.backends.postgresql.base")
    return dict(getattr(getattr(backend, "DatabaseWrapper", None), "_connection_pools", {}))


def sample() -> None:
    pools = open_pools()
    for alias, options in configured_pools().items():
        labels = (alias, *process_labels())
        pool = pools.get(alias)
        least = options.get("min_size", 4)
        stats: dict[str, int] = {"pool_min": least, "pool_max": options.get("max_size") or least}
        if pool is not None:
            stats = pool.get_stats()
        size, available = stats.get("pool_size", 0), stats.get("pool_available", 0)
        connections.labels(*labels, "used").set(max(0, size - available))
        connections.labels(*labels, "idle").set(available)
        maximum.labels(*labels).set(stats["pool_max"])
        minimum.labels(*labels).set(stats["pool_min"])
        pending.labels(*labels).set(stats.get("requests_waiting", 0))
    count_waits()


def count_waits() -> None:
    """Bring the counters up to date; to be called before a pool is closed, which forgets its statistics."""
    pools = open_pools()
    for alias in configured_pools():
        labels = (alias, *process_labels())
        pool = pools.get(alias)
        stats: dict[str, int] = pool.get_stats() if pool is not None else {}
        # A new pool counts from zero again; what is exported goes on.
        before = _seen.get(pool, {}) if pool is not None else stats
        timeouts.labels(*labels).inc(max(0, stats.get("requests_errors", 0) - before.get("requests_errors", 0)))
        waits = wait_time.labels(*labels)
        waits._count.inc(max(0, stats.get("requests_queued", 0) - before.get("requests_queued", 0)))
        waits._sum.inc(max(0, stats.get("requests_wait_ms", 0) - before.get("requests_wait_ms", 0)) / 1000)
        if pool is not None:
            _seen[pool] = stats


def declare() -> None:
    """Create the series of every configured database at zero, for this process."""
    from django_prometheus.db import metrics as stock

    vendors = {"postgresql": "postgresql", "postgis": "postgresql", "mysql": "mysql", "sqlite3": "sqlite"}
    for alias, database in settings.DATABASES.items():
        package, _, engine = database.get("ENGINE", "").rpartition(".")
        if not package.startswith("django_prometheus") or engine not in vendors:
            continue
        labels = (alias, vendors[engine])
        for metric in (
            stock.connections_total,
            stock.connection_errors_total,
            stock.execute_total,
            stock.execute_many_total,
            stock.query_duration_seconds,
        ):
            metric.labels(*labels)
        for error in ERROR_TYPES:
            stock.errors_total.labels(*labels, error)


def _catalogue() -> None:
    from django_prometheus.db import metrics as stock

    pool = {"pool": ("<database alias>",), **PROCESS}
    for metric, series in ((maximum, 64), (minimum, 64), (pending, 64)):
        catalog.add(catalog.Entry(metric._name, "gauge", metric._documentation, pool, series, MODE))
    states = {**pool, "state": ("used", "idle")}
    catalog.add(catalog.Entry(connections._name, "gauge", connections._documentation, states, 128, MODE))
    catalog.add(catalog.Entry(f"{timeouts._name}_total", "counter", timeouts._documentation, pool, 64))
    catalog.add(catalog.Entry(wait_time._name, "summary", wait_time._documentation, pool, 128))
    database = {"alias": ("<database alias>",), "vendor": ("<database vendor>",)}
    for counter in (
        stock.connections_total,
        stock.connection_errors_total,
        stock.execute_total,
        stock.execute_many_total,
    ):
        catalog.add(catalog.Entry(f"{counter._name}_total", "counter", counter._documentation, database, 8))
    errors = {**database, "type": ("<exception class>",)}
    catalog.add(
        catalog.Entry(f"{stock.errors_total._name}_total", "counter", stock.errors_total._documentation, errors, 80)
    )
    duration = stock.query_duration_seconds
    catalog.add(catalog.Entry(duration._name, "histogram", duration._documentation, database, 160))


_catalogue()
sampler.register("database", sample)
