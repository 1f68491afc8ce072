"""The checks that the host's settings name."""

from typing import Any

from observability.conf import conf


def ready_checks() -> dict[str, Any]:
    """READY_CHECKS: path, or path and options, of each check by name; by default the database, and Redis if there is a
    REDIS_URL."""
    named: dict[str, Any] | None = conf.READY_CHECKS
    if named is None:
        named = {"database": "observability.health.database.Database"}
        if conf.REDIS_URL:
            named["redis"] = "observability.health.redis.Redis"
    return named
