"""One place for the refusals of every view: 401, 403 and 429, unless somebody has said what it really was."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from observability.security.events import SecurityEvent
from observability.security.reporting import observe, report

BY_STATUS = {401: SecurityEvent.UNAUTHORISED, 403: SecurityEvent.FORBIDDEN, 429: SecurityEvent.THROTTLED}
LOOKED_FOR = (403, 404)
EXPECTED = "security_expected"


class SecurityEventsMiddleware:
    """Set `response.security_expected = True` where such a status is the protocol's normal answer."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        status = response.status_code
        if status < 400:
            return response
        event = BY_STATUS.get(status)
        if event and not hasattr(request, "_security_event") and not getattr(response, EXPECTED, False):
            match = request.resolver_match
            report(event, request=request, route=str(match.route) if match else "")
        if status in LOOKED_FOR:
            observe(SecurityEvent.ENUMERATION, value=request.path, request=request)
        return response
