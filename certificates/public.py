"""What anybody may ask without logging in: is this certificate valid, and who signs badges."""

import hashlib
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.views.decorators.cache import cache_control
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from accounts import limits
from accounts.client_address import client_address, network_key
from accounts.limits import Count, LimitExceeded
from certificates import badges, keys, signals
from certificates.models import Certificate
from certificates.verification import Outcome, Verification, verify
from core.events import announce
from core.problems import CONTENT_TYPE, problem_body

LIMIT = "verification_page"
LARGEST_FILE = 4 * 1024 * 1024
POLICY = (
    "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


@csrf_exempt  # a check changes nothing, and whoever checks has no session
@require_http_methods(["GET", "HEAD", "POST"])
def verification(request: HttpRequest, serial: str) -> HttpResponse:
    """A page, or JSON for who prefers it. A PDF is compared by its `sha256`, or by being sent as `file`."""
    try:
        _count(request)
    except LimitExceeded as refusal:
        return _refuse(request, refusal)
    if int(request.META.get("CONTENT_LENGTH") or 0) > LARGEST_FILE:
        return _answer(request, Verification(Outcome.UNKNOWN), status=413)
    result = verify(serial, sha256=_digest(request))
    announce(signals.certificate_verified, Certificate, outcome=result.outcome)
    return _answer(request, result, status=404 if result.outcome == Outcome.UNKNOWN else 200)


@require_safe
@cache_control(public=True, max_age=3600)
def issuer(request: HttpRequest) -> HttpResponse:
    return JsonResponse(badges.issuer_profile())


@require_safe
@cache_control(public=True, max_age=3600)
def jwks(request: HttpRequest) -> HttpResponse:
    """Every key that signed or signs badges (RFC 7517)."""
    return JsonResponse({"keys": [_public_key(key) for key in keys.all_keys()]})


@require_safe
@cache_control(public=True, max_age=3600)
def public_key(request: HttpRequest, thumbprint: str) -> HttpResponse:
    """One key, at the address that tokens name in `kid`."""
    for key in keys.all_keys():
        if key.thumbprint == thumbprint:
            return JsonResponse(_public_key(key))
    body = problem_body(status=404, code="not_found", title="There is no such key", request=request)
    return JsonResponse(body, status=404, content_type=CONTENT_TYPE)


def _public_key(key: keys.BadgeKey) -> dict[str, str]:
    return {**key.jwk, "kid": badges.key_address(key), "alg": "EdDSA", "use": "sig"}


def _count(request: HttpRequest) -> None:
    limits.require(Count(LIMIT, f"source:{network_key(client_address(request))}"))


def _digest(request: HttpRequest) -> str | None:
    sent = request.FILES.get("file") if request.method == "POST" else None
    if sent is None:
        return request.GET.get("sha256")
    return hashlib.sha256(sent.read()).hexdigest()


def _wants_json(request: HttpRequest) -> bool:
    if (asked := request.GET.get("format")) in ("json", "html"):
        return asked == "json"
    return request.get_preferred_type(["text/html", "application/json"]) == "application/json"


def _answer(request: HttpRequest, result: Verification, *, status: int) -> HttpResponse:
    response: HttpResponse
    if _wants_json(request):
        response = JsonResponse(_body(result), status=status)
    else:
        context = {"result": result, "outcome": result.outcome.value, "issuer": settings.ISSUER_NAME}
        response = render(request, "certificates/verification.html", context, status=status)
    return _closed(response)


def _body(result: Verification) -> dict[str, Any]:
    body = {
        "valid": result.outcome == Outcome.VALID,
        "outcome": result.outcome.value,
        "serial": result.serial,
        "person": result.person,
        "course": result.course,
        "issuer": settings.ISSUER_NAME,
        "issued_at": result.issued_at,
        "completed_at": result.completed_at,
        "ended_at": result.ended_at,
        "pdf": {"state": result.file, "sha256": result.sha256} if result.file else None,
    }
    return {name: value for name, value in body.items() if value not in ("", None)}


def _refuse(request: HttpRequest, refusal: LimitExceeded) -> HttpResponse:
    response: HttpResponse
    if _wants_json(request):
        body = problem_body(
            status=429, code=refusal.code, title=refusal.title, detail=refusal.detail, request=request, **refusal.extra
        )
        response = JsonResponse(body, status=429, content_type=CONTENT_TYPE)
    else:
        context = {"outcome": "limited", "detail": refusal.detail, "issuer": settings.ISSUER_NAME}
        response = render(request, "certificates/verification.html", context, status=429)
    response["Retry-After"] = str(refusal.retry_after)
    return _closed(response)


def _closed(response: HttpResponse) -> HttpResponse:
    response["Cache-Control"] = "no-store"
    response["X-Robots-Tag"] = "noindex, nofollow"
    response["Referrer-Policy"] = "no-referrer"
    response["Content-Security-Policy"] = POLICY
    patch_vary_headers(response, ["Accept"])
    return response
