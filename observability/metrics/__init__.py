"""What is measured of HTTP, databases, caches, processes, Celery and its broker."""

from importlib import import_module
from importlib.util import find_spec

from observability.conf import conf


def install() -> None:
    """Create the metrics of this package, as far as what they measure is installed."""
    for name in ("database", "gc", "process", "http", "cache"):
        import_module(f"{__name__}.{name}")
    import_module("observability.exposition")
    import_module(f"{__name__}.http").Metrics.get_instance()
    if find_spec("celery"):
        import_module(f"{__name__}.celery")
        broker = conf.BROKER_URL or conf.REDIS_URL
        if find_spec("redis") and str(broker).startswith(("redis://", "rediss://", "unix://")):
            import_module(f"{__name__}.redis").register()
