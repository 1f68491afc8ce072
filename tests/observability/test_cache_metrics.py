"""The measured cache backends, against a real Redis server and local memory."""

import pytest
import redis
from django.core.cache.backends.base import BaseCache

from observability.metrics.cache import LocMemCache, RedisCache
from observability.testing import assert_metric_delta


@pytest.fixture(params=["redis", "locmem"])
def cache(request: pytest.FixtureRequest, settings) -> BaseCache:
    if request.param == "redis":
        backend: BaseCache = RedisCache(settings.REDIS_URL, {"KEY_PREFIX": "test_cache_metrics"})
    else:
        backend = LocMemCache("test_cache_metrics", {})
    backend.clear()
    return backend


def count(name: str, delta: float, cache: BaseCache, **labels: str):
    return assert_metric_delta(name, delta, backend=cache.label, **labels)  # type: ignore[attr-defined]


def test_hits_and_misses(cache: BaseCache):
    cache.set("there", None)
    with (
        count("django_cache_get_total", 3, cache),
        count("django_cache_get_hits_total", 1, cache),
        count("django_cache_get_misses_total", 2, cache),
        count("django_cache_operation_seconds_count", 3, cache, operation="get"),
    ):
        assert cache.get("there", "default") is None
        assert cache.get("absent", "default") == "default"
        assert cache.get("absent") is None


def test_many_at_once(cache: BaseCache):
    with count("django_cache_operation_seconds_count", 1, cache, operation="set_many"):
        cache.set_many({"a": 1, "b": 2})
    with (
        count("django_cache_get_total", 3, cache),
        count("django_cache_get_hits_total", 2, cache),
        count("django_cache_get_misses_total", 1, cache),
        count("django_cache_operation_seconds_count", 1, cache, operation="get_many"),
        count("django_cache_operation_seconds_count", 0, cache, operation="get"),
    ):
        assert cache.get_many(["a", "b", "c"]) == {"a": 1, "b": 2}
    with count("django_cache_operation_seconds_count", 1, cache, operation="delete_many"):
        cache.delete_many(["a", "b"])
    assert cache.get("a") is None


def test_incr_and_its_missing_key(cache: BaseCache):
    cache.set("n", 1)
    with (
        count("django_cache_operation_seconds_count", 2, cache, operation="incr"),
        count("django_cache_errors_total", 0, cache),
    ):
        assert cache.incr("n", 2) == 3
        with pytest.raises(ValueError):
            cache.incr("absent")


def test_other_operations(cache: BaseCache):
    for operation, call in {
        "add": lambda: cache.add("k", 1),
        "touch": lambda: cache.touch("k", 10),
        "delete": lambda: cache.delete("k"),
    }.items():
        with count("django_cache_operation_seconds_count", 1, cache, operation=operation):
            assert call() is True


def test_an_unreachable_server_is_counted_and_raises():
    cache = RedisCache("redis://127.0.0.1:1/0", {"OPTIONS": {"socket_connect_timeout": 0.2}})
    with (
        count("django_cache_get_fail_total", 1, cache),
        count("django_cache_errors_total", 1, cache, operation="get"),
        count("django_cache_errors_total", 1, cache, operation="set"),
        count("django_cache_get_misses_total", 0, cache),
    ):
        with pytest.raises(redis.ConnectionError):
            cache.get("a")
        with pytest.raises(redis.ConnectionError):
            cache.set("a", 1)
