"""Liveness, readiness and details. They read no cookie, session or user; their answers name no host and no cause."""

import json
import secrets
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse

from observability.conf import conf
from observability.health import draining, readiness

View = Callable[[HttpRequest], HttpResponse]


def _answer(request: HttpRequest, status: int, body: dict[str, Any]) -> HttpResponse:
    content = json.dumps(body, separators=(",", ":"))
    response = HttpResponse(content, status=status, content_type="application/json")
    response.headers["Cache-Control"] = "no-store"
    if request.method == "HEAD":
        response.headers["Content-Length"] = str(len(content))
        response.content = b""
    if status == 503:
        response.headers["Retry-After"] = "1"
    # Django would log a 503 as an error, every few seconds; a change of state is logged once.
    response._has_been_logged = True  # type: ignore[attr-defined]
    return response


def probe(view: View) -> View:
    """Marks a view that HealthMiddleware answers before all other middleware; it takes GET and HEAD."""

    @wraps(view)
    def answer(request: HttpRequest) -> HttpResponse:
        if request.method not in ("GET", "HEAD"):
            response = _answer(request, 405, {"status": "method_not_allowed"})
            response.headers["Allow"] = "GET, HEAD"
            return response
        return view(request)

    answer.is_probe = True  # type: ignore[attr-defined]
    return answer


@probe
def liveness(request: HttpRequest) -> HttpResponse:
    return _answer(request, 200, {"status": "ok"})


@probe
def ready(request: HttpRequest) -> HttpResponse:
    """`?scope=process` asks about this process alone: for routing that must not follow a shared outage."""
    if draining.is_draining():
        return _answer(request, 503, {"status": "draining"})
    if request.GET.get("scope") == "process":
        return _answer(request, 200, {"status": "ok"})
    report = readiness.checks().report()
    checks = {
        name: {"status": "ok" if outcome.ok else "failed", "reason": outcome.reason.value}
        for name, outcome in report.outcomes.items()
    }
    status, word = (200, "ok") if report.ok else (503, "unavailable")
    return _answer(request, status, {"status": word, "checks": checks})


@probe
def details(request: HttpRequest) -> HttpResponse:
    """Every check with its time and numbers, for the bearer of HEALTH_TOKEN; 404 while no token is set."""
    if not conf.HEALTH_TOKEN:
        return _answer(request, 404, {"status": "not_found"})
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not secrets.compare_digest(token.encode(), conf.HEALTH_TOKEN.encode()):
        response = _answer(request, 401, {"status": "unauthorized"})
        response.headers["WWW-Authenticate"] = "Bearer"
        return response
    shown: dict[str, Any] = {}
    for checks in (readiness.checks(), readiness.details()):
        for name, outcome in checks.report().outcomes.items():
            shown[name] = {
                "status": "ok" if outcome.ok else "failed",
                "reason": outcome.reason.value,
                "seconds": round(outcome.seconds, 4),
                **getattr(checks.checks[name], "measured", {}),
            }
    ok = all(check["status"] == "ok" for check in shown.values())
    body = {"status": "ok" if ok else "unavailable", "draining": draining.is_draining(), "checks": shown}
    return _answer(request, 200 if ok else 503, body)
