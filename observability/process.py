"""What a worker process does once it has started, whoever started it."""

from django.conf import settings

from observability import sampler
from observability.metrics import database, http


def started() -> None:
    """Sample this process from now on, and create its series at zero. Call in each worker, after a fork."""
    sampler.start()
    database.declare()
    if f"{http.MetricsMiddleware.__module__}.{http.MetricsMiddleware.__qualname__}" in settings.MIDDLEWARE:
        http.declare()
