"""Request id and access line, and the HTTP metrics."""

import logging
import time
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django_prometheus.middleware import PrometheusAfterMiddleware, PrometheusBeforeMiddleware

from observability.context import accept_request_id, request_id_var

access_logger = logging.getLogger("observability.access")

MetricsBeforeMiddleware = PrometheusBeforeMiddleware
MetricsAfterMiddleware = PrometheusAfterMiddleware

QUIET_ROUTES = {"health", "api/v1/ready", "metrics"}


class RequestContextMiddleware:
    """Accepts or makes the request id, returns it as X-Request-ID, writes one access line per request."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request_id = accept_request_id(request.headers.get("X-Request-ID"))
        request.request_id = request_id  # type: ignore[attr-defined]
        token = request_id_var.set(request_id)
        started = time.perf_counter()
        try:
            response = self.get_response(request)
            response["X-Request-ID"] = request_id
            self._access_line(request, response.status_code, time.perf_counter() - started)
            return response
        finally:
            request_id_var.reset(token)

    def _access_line(self, request: HttpRequest, status: int, seconds: float) -> None:
        match = request.resolver_match
        route = match.route if match else ""
        if route in QUIET_ROUTES:
            return
        access_logger.info(
            "request",
            extra={
                "event": "http.request",
                "method": request.method,
                "route": route,
                "status": status,
                "duration_ms": round(seconds * 1000, 2),
            },
        )
