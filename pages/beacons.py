"""Where browsers report what a page view was like. Telemetry: dropped when in doubt, and never in a reader's way."""

from collections.abc import Callable
from functools import wraps

from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from accounts import limits
from accounts.client_address import client_address, network_key
from accounts.limits import Count, LimitExceeded
from core.errors import DomainError, Forbidden
from core.problems import problem_json_response
from pages import services, signals, vitals

BEACONS, FAILURES = "page_beacons", "page_failures"


def _taken(take: Callable[[HttpRequest, bytes], None]) -> Callable[[HttpRequest], HttpResponse]:
    """Same origin, small, and not too many; 204, or a problem. No session is read: a beacon says nothing of a person.

    Refusals by the limit are counted as beacons, not as `throttled`, which is a security event: whoever fills a class's
    allowance with telemetry does no harm to anybody.
    """

    @csrf_exempt  # nothing is changed for anybody, and the origin is looked at here
    @require_POST
    @wraps(take)
    def answer(request: HttpRequest) -> HttpResponse:
        try:
            _require_same_origin(request)
            _count(BEACONS, request)
            take(request, _body(request))
        except DomainError as error:
            limited = isinstance(error, LimitExceeded)
            signals.beacon_answered.send_robust(HttpRequest, outcome="limited" if limited else "refused")
            response: HttpResponse = problem_json_response(
                request, status=error.status, code=error.code, title=error.title, detail=error.detail
            )
            if isinstance(error, LimitExceeded):
                response["Retry-After"] = str(error.retry_after)
        else:
            signals.beacon_answered.send_robust(HttpRequest, outcome="taken")
            response = HttpResponse(status=204)
        response["Cache-Control"] = "no-store"
        return response

    return answer


@_taken
def beacon(request: HttpRequest, body: bytes) -> None:
    sent = vitals.read_beacon(body)
    if sent.failures:
        _count(FAILURES, request)
    services.take_beacon(beacon=sent)


@_taken
def csp_report(request: HttpRequest, body: bytes) -> None:
    page, failure = vitals.read_csp_report(body, _page_at)
    _count(FAILURES, request)
    services.take_failure(page=page, failure=failure)


def _count(limit: str, request: HttpRequest) -> None:
    """Raises LimitExceeded."""
    limits.require(Count(limit, f"source:{network_key(client_address(request))}"))


def _page_at(path: str) -> str:
    try:
        return resolve(path).view_name
    except Resolver404:
        return ""


def _require_same_origin(request: HttpRequest) -> None:
    """Raises Forbidden. Browsers send Sec-Fetch-Site over HTTPS and from localhost, and Origin with each POST."""
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    here = f"{request.scheme}://{request.get_host()}"
    # A report of the browser's own has the origin "null" in some.
    same_site = site == "same-origin" and origin in (None, "null", here)
    if not same_site and not (site is None and origin == here):
        raise Forbidden("Only pages of this site report here.", code="other_origin")


def _body(request: HttpRequest) -> bytes:
    """At most one byte more than is allowed. What says that it is longer isn't read at all."""
    try:
        announced = int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        announced = 0
    if announced > vitals.LARGEST_BODY:
        raise vitals.TooLarge()
    try:
        return bytes(request.read(vitals.LARGEST_BODY + 1))
    except OSError:
        raise DomainError("The report ended early.", code="cut_off") from None
