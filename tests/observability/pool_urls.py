"""Views that show and use up the connection pool of the worker that answers."""

from django.db import connection
from django.http import HttpRequest, JsonResponse
from django.urls import include, path

from observability.metrics.database import open_pools
from observability.metrics.labels import process_labels


def statistics(request: HttpRequest) -> JsonResponse:
    """psycopg_pool's statistics, asked for without a connection."""
    pools = open_pools()
    stats = pools["default"].get_stats() if "default" in pools else {}
    return JsonResponse({"slot": process_labels()[1], "stats": stats})


def hold(request: HttpRequest, lock: int) -> JsonResponse:
    """Keep a connection in use for as long as somebody holds this advisory lock."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s)", [lock])
    return JsonResponse({})


urlpatterns = [path("pool", statistics), path("hold/<int:lock>", hold), path("", include("lms.urls"))]
