"""The product's URLs, and the peers that `bench.readiness` measures beside them."""

import redis
from django.conf import settings
from django.core import checks
from django.core.checks.registry import CheckRegistry
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from dockerflow.django import views as dockerflow
from dockerflow.django.checks import check_database_connected
from health_check.views import HealthCheckView
from redis.asyncio import Redis as AsyncRedis

from lms.urls import urlpatterns as product

client = redis.Redis.from_url(settings.REDIS_URL)


def by_hand(request: HttpRequest) -> HttpResponse:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        cursor.fetchone()
    client.ping()
    return JsonResponse({"status": "ok"})


def empty(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


def check_redis(app_configs: object, **kwargs: object) -> list[checks.CheckMessage]:
    """dockerflow's own Redis check wants django-redis; this asks the same."""
    client.ping()
    return []


# The heartbeat runs every registered system check: here its own two, as readiness has two.
registry = CheckRegistry()
registry.register(check_database_connected)
registry.register(check_redis)
dockerflow.django_check_registry = registry

urlpatterns = [
    path("bench/by-hand", by_hand),
    path("bench/empty", empty),
    path("bench/dockerflow", dockerflow.heartbeat),
    path(
        "bench/health-check",
        HealthCheckView.as_view(
            checks=[
                "health_check.checks.Database",
                (
                    "health_check.contrib.redis.Redis",
                    {"client_factory": lambda: AsyncRedis.from_url(settings.REDIS_URL)},
                ),
            ]
        ),
    ),
    *product,
]
