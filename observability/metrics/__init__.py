"""What is measured of HTTP, databases, caches, processes, Celery and its broker."""

from functools import cache
from importlib import import_module
from importlib.util import find_spec

from observability.conf import conf

PARTS = ("celery", "psycopg", "redis", "sentry_sdk")


@cache
def absent_parts() -> tuple[str, ...]:
    """Optional packages that are not installed."""
    return tuple(part for part in PARTS if find_spec(part) is None)


def install() -> None:
    """Create the metrics of this package, as far as what they measure is installed."""
    for name in ("database", "gc", "process", "http", "cache"):
        import_module(f"{__name__}.{name}")
    for name in ("exposition", "health.metrics"):
        import_module(f"observability.{name}")
    import_module(f"{__name__}.http").Metrics.get_instance()
    if find_spec("celery"):
        import_module(f"{__name__}.celery")
        broker = conf.BROKER_URL or conf.REDIS_URL
        if find_spec("redis") and str(broker).startswith(("redis://", "rediss://", "unix://")):
            import_module(f"{__name__}.redis").register()
