"""Views of tests.observability.sentry_app: each fails, or leaks, in its own way."""

import json
import logging

import sentry_sdk
import sentry_sdk.crons
import sentry_sdk.logger
import sentry_sdk.metrics
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.http import Http404, HttpResponse, JsonResponse
from django.urls import include, path
from rest_framework.exceptions import APIException
from rest_framework.response import Response
from rest_framework.views import APIView

logger = logging.getLogger("app")


def fine(request):
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 WHERE 'a' IN (%s, %s) AND 7 > 3", ["a", "b"])
    return HttpResponse("fine")


def raises(request, slug):
    raise ValueError("broken")


def returns(request):
    return HttpResponse("down", status=503)


def logs_and_returns(request):
    logger.error("the disk is full")
    return HttpResponse("down", status=500)


def logs_what_it_maps(request):
    try:
        raise ConnectionError("no database")
    except ConnectionError:
        logger.exception("the database did not answer")
    return JsonResponse({}, status=503)


def missing(request):
    raise Http404


def forbidden(request):
    raise PermissionDenied


class Unavailable(APIException):
    status_code = 503


class Mapped(APIView):
    def get(self, request):
        raise Unavailable


class Unmapped(APIView):
    def get(self, request):
        raise ValueError("broken in DRF")


class Returned(APIView):
    def get(self, request):
        return Response({}, status=502)


def leaks(request):
    """Puts every text it is sent into every part of what the SDK sends."""
    for index, text in enumerate(json.loads(request.body)):
        held_in_a_local = text
        sentry_sdk.set_tag(f"tag{index}", text[:150])
        sentry_sdk.set_context(f"context{index}", {"note": text, "deep": {"list": [text]}})
        sentry_sdk.get_isolation_scope().set_extra(f"extra{index}", text)
        sentry_sdk.set_user({"id": text, "email": text, "ip_address": "203.0.113.77", "username": text, "x": text})
        sentry_sdk.add_breadcrumb(category="c", message=text, data={"note": text})
        sentry_sdk.get_isolation_scope().add_attachment(bytes=text.encode(), filename="note.txt")
        sentry_sdk.logger.warning("log {note}", attributes={"note": text}, note=text)
        sentry_sdk.logger.error(text.replace("{", "{{").replace("}", "}}"))
        sentry_sdk.metrics.count("metric", 1, attributes={"note": text})
        sentry_sdk.crons.capture_checkin(monitor_slug=text, status="ok", monitor_config={"note": text})
        with sentry_sdk.start_span(op="db", name=f"SELECT '{text}'") as span:
            span.set_data("note", text)
        with sentry_sdk.start_span(op="cache.get", name=text) as span:
            span.set_tag("note", text)
        logger.info("breadcrumb %s", text)
        logger.error("event %s", text, extra={"note": text, "nested": {"list": [text]}})
        try:
            try:
                raise KeyError(text)
            except KeyError as error:
                failure = ValueError(text)
                failure.add_note(text)
                raise failure from error
        except ValueError:
            sentry_sdk.capture_exception()
        sentry_sdk.capture_message(text)
        del held_in_a_local
    raise RuntimeError(request.body.decode())


urlpatterns = [
    path("fine/<slug:slug>", lambda request, slug: fine(request)),
    path("raises/<slug:slug>", raises),
    path("returns", returns),
    path("logs-and-returns", logs_and_returns),
    path("logs-what-it-maps", logs_what_it_maps),
    path("missing", missing),
    path("forbidden", forbidden),
    path("mapped", Mapped.as_view()),
    path("unmapped", Unmapped.as_view()),
    path("returned", Returned.as_view()),
    path("leaks", leaks),
    path("", include("observability.urls")),
]
