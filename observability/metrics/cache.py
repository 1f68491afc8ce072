"""Cache backends that count hits, misses and errors and time each operation.

The names are django-prometheus' own where it has one; its Redis backend needs django-redis, these are Django's.
"""

from collections.abc import Callable, Iterable, Mapping
from time import perf_counter
from typing import Any, TypeVar

from django.core.cache.backends.locmem import LocMemCache as DjangoLocMemCache
from django.core.cache.backends.redis import RedisCache as DjangoRedisCache
from django_prometheus.cache import metrics as stock
from prometheus_client import Counter, Histogram

from observability import catalog
from observability.failures import failures

BACKENDS = ("redis", "locmem")
OPERATIONS = ("get", "set", "add", "touch", "delete", "incr", "get_many", "set_many", "delete_many")
BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0)
LABELS = {"backend": BACKENDS, "operation": OPERATIONS}

seconds = Histogram("django_cache_operation_seconds", "Time of a cache operation.", tuple(LABELS), buckets=BUCKETS)
errors = Counter("django_cache_errors_total", "Cache operations that raised.", tuple(LABELS))

T = TypeVar("T")
_ABSENT = object()


class Measured:
    """Mix in before a cache backend; `label` names the backend in its metrics."""

    label = ""
    _busy = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        declare(self.label)
        self._series = {
            operation: (seconds.labels(self.label, operation), errors.labels(self.label, operation))
            for operation in OPERATIONS
        }
        self._gets = stock.django_cache_get_total.labels(self.label)
        self._hits = stock.django_cache_hits_total.labels(self.label)
        self._misses = stock.django_cache_misses_total.labels(self.label)
        self._failed_gets = stock.django_cache_get_fail_total.labels(self.label)

    def _measure(self, operation: str, run: Callable[[], T]) -> T:
        """Call `run`. One backend operation may be made of others (get_many of get): only the outer one counts."""
        if self._busy:
            return run()
        self._busy = True
        started = perf_counter()
        try:
            return run()
        except ValueError:
            # What `incr` raises for a key that isn't there, and what a bad key raises: the caller's, not the cache's.
            raise
        except Exception:
            self._count(self._series[operation][1], 1)
            raise
        finally:
            self._busy = False
            try:
                self._series[operation][0].observe(perf_counter() - started)
            except Exception:
                failures.inc(part="cache")

    def _count(self, counter: Counter, amount: int) -> None:
        try:
            counter.inc(amount)
        except Exception:
            failures.inc(part="cache")

    def _read(self, operation: str, asked: int, run: Callable[[], T], found: Callable[[T], int]) -> T:
        if self._busy:
            return run()
        self._count(self._gets, asked)
        try:
            value = self._measure(operation, run)
        except Exception:
            self._count(self._failed_gets, asked)
            raise
        hits = found(value)
        self._count(self._hits, hits)
        self._count(self._misses, asked - hits)
        return value

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        def run() -> Any:
            return super(Measured, self).get(key, default=_ABSENT, version=version)  # type: ignore[misc]

        value = self._read("get", 1, run, lambda value: value is not _ABSENT)
        return default if value is _ABSENT else value

    def get_many(self, keys: Iterable[Any], version: int | None = None) -> Any:
        wanted = list(keys)

        def run() -> Any:
            return super(Measured, self).get_many(wanted, version=version)  # type: ignore[misc]

        return self._read("get_many", len(wanted), run, len)

    def set(self, *args: Any, **kwargs: Any) -> Any:
        return self._measure("set", lambda: super(Measured, self).set(*args, **kwargs))  # type: ignore[misc]

    def add(self, *args: Any, **kwargs: Any) -> Any:
        return self._measure("add", lambda: super(Measured, self).add(*args, **kwargs))  # type: ignore[misc]

    def touch(self, *args: Any, **kwargs: Any) -> Any:
        return self._measure("touch", lambda: super(Measured, self).touch(*args, **kwargs))  # type: ignore[misc]

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        return self._measure("delete", lambda: super(Measured, self).delete(*args, **kwargs))  # type: ignore[misc]

    def incr(self, *args: Any, **kwargs: Any) -> Any:
        return self._measure("incr", lambda: super(Measured, self).incr(*args, **kwargs))  # type: ignore[misc]

    def set_many(self, data: Mapping[Any, Any], *args: Any, **kwargs: Any) -> Any:
        return self._measure("set_many", lambda: super(Measured, self).set_many(data, *args, **kwargs))  # type: ignore[misc]

    def delete_many(self, keys: Iterable[Any], version: int | None = None) -> Any:
        return self._measure("delete_many", lambda: super(Measured, self).delete_many(keys, version))  # type: ignore[misc]


class RedisCache(Measured, DjangoRedisCache):
    """Django's Redis backend, measured."""

    label = "redis"


class LocMemCache(Measured, DjangoLocMemCache):
    """Django's local memory backend, measured."""

    label = "locmem"


def declare(backend: str) -> None:
    """Create the series of a backend at zero, for this process."""
    for operation in OPERATIONS:
        seconds.labels(backend, operation)
        errors.labels(backend, operation)
    for counter in (
        stock.django_cache_get_total,
        stock.django_cache_hits_total,
        stock.django_cache_misses_total,
        stock.django_cache_get_fail_total,
    ):
        counter.labels(backend)


def _catalogue() -> None:
    budget = len(BACKENDS) * len(OPERATIONS)
    catalog.add(catalog.Entry(seconds._name, "histogram", seconds._documentation, LABELS, budget * (len(BUCKETS) + 3)))
    catalog.add(catalog.Entry(f"{errors._name}_total", "counter", errors._documentation, LABELS, budget))
    for counter in (
        stock.django_cache_get_total,
        stock.django_cache_hits_total,
        stock.django_cache_misses_total,
        stock.django_cache_get_fail_total,
    ):
        catalog.add(
            catalog.Entry(
                f"{counter._name}_total", "counter", counter._documentation, {"backend": BACKENDS}, len(BACKENDS)
            )
        )


_catalogue()
