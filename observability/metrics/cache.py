"""Cache backends that count hits, misses and errors."""

from typing import Any

from django.core.cache.backends.redis import RedisCache as DjangoRedisCache
from django_prometheus.cache import metrics


class RedisCache(DjangoRedisCache):
    """Django's own Redis backend, counted under django-prometheus' metric names."""

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        metrics.django_cache_get_total.labels(backend="redis").inc()
        missing = object()
        try:
            value = super().get(key, default=missing, version=version)
        except Exception:
            metrics.django_cache_get_fail_total.labels(backend="redis").inc()
            raise
        if value is missing:
            metrics.django_cache_misses_total.labels(backend="redis").inc()
            return default
        metrics.django_cache_hits_total.labels(backend="redis").inc()
        return value
