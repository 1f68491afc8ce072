"""Request id and access line."""

import logging
import time
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from observability import sentry
from observability.context import Context, enter, leave
from observability.logs import access

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
            elif access.logger.isEnabledFor(logging.INFO):
                seconds = time.perf_counter() - started
                match = request.resolver_match
                route = str(match.route) if match else ""
                access.log_request(context, request.method, route, response.status_code, seconds)
            if not quiet:
                sentry.finish_request(request, context, response.status_code)
            return response
        finally:
            leave(token)
