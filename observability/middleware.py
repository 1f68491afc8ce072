"""Request id and access line."""

import logging
import time
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from observability import sentry
from observability.context import Context, enter, leave
from observability.logs.record import mark_redacted

access_logger = logging.getLogger("observability.access")

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"})
QUIET_VIEWS = frozenset({"health", "ready", "metrics"})


def is_quiet(request: HttpRequest) -> bool:
    """Whether a probe or scrape asked one of this package's own views: as routine as a heartbeat, no line each."""
    match = request.resolver_match
    return (
        match is not None
        and match.url_name in QUIET_VIEWS
        and getattr(match.func, "__module__", "").startswith("observability.")
    )


class RequestContextMiddleware:
    """Accepts or makes the request id, returns it as X-Request-ID, writes one access line per request."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        meta = request.META
        context = Context(
            request_id=meta.get("HTTP_X_REQUEST_ID", ""), traceparent=meta.get("HTTP_TRACEPARENT", ""), request=request
        )
        request.request_id = context.request_id  # type: ignore[attr-defined]
        started = time.perf_counter()
        token = enter(context)
        try:
            response = self.get_response(request)
            response.headers["X-Request-ID"] = context.request_id
            quiet = is_quiet(request)
            if quiet:
                # Django would log a readiness answer of 503 as an error, every few seconds.
                response._has_been_logged = True  # type: ignore[attr-defined]
            elif access_logger.isEnabledFor(logging.INFO):
                self._access_line(request, response.status_code, time.perf_counter() - started)
            if not quiet:
                sentry.finish_request(request, context, response.status_code)
            return response
        finally:
            leave(token)

    def _access_line(self, request: HttpRequest, status: int, seconds: float) -> None:
        match = request.resolver_match
        route = str(match.route) if match else ""
        method = request.method if request.method in METHODS else "OTHER"
        record = logging.getLogRecordFactory()(
            access_logger.name, logging.INFO, "", 0, f"{method} /{route} {status}", (), None
        )
        record.__dict__.update(
            event="http.request", method=method, route=route, status=status, duration_ms=round(seconds * 1000, 2)
        )
        # The program's own words and numbers: there is nothing to hide in them.
        mark_redacted(record)
        access_logger.handle(record)
