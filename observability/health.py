"""Liveness and readiness."""

import time
from collections.abc import Callable

import redis
from django.db import connection
from redis.backoff import NoBackoff
from redis.retry import Retry

from observability.conf import conf


def check_database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


_redis_clients: dict[str, redis.Redis] = {}


def check_redis() -> None:
    url = conf.REDIS_URL
    client = _redis_clients.get(url)
    if client is None:
        client = _redis_clients[url] = redis.Redis.from_url(
            url, socket_timeout=0.5, socket_connect_timeout=0.5, retry=Retry(NoBackoff(), 0)
        )
    client.ping()


CHECKS: dict[str, Callable[[], None]] = {"database": check_database, "redis": check_redis}


def readiness() -> tuple[bool, dict[str, dict[str, object]]]:
    """(all ok, {check: {"status": "ok" | "failed", "reason": code, "duration_ms": ms}})."""
    results: dict[str, dict[str, object]] = {}
    for name, check in CHECKS.items():
        started = time.perf_counter()
        try:
            check()
        except Exception:
            results[name] = {"status": "failed", "reason": "unavailable"}
        else:
            results[name] = {"status": "ok"}
        results[name]["duration_ms"] = round((time.perf_counter() - started) * 1000, 1)
    return all(result["status"] == "ok" for result in results.values()), results
