"""A view that uses up the connection pool of the worker that answers."""

from django.db import connection
from django.http import HttpRequest, JsonResponse
from django.urls import include, path


def hold(request: HttpRequest, lock: int) -> JsonResponse:
    """Keep a connection in use for as long as somebody holds this advisory lock."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s)", [lock])
    return JsonResponse({})


urlpatterns = [path("hold/<int:lock>", hold), path("", include("lms.urls"))]
