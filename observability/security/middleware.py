"""What can be seen from outside of any view.

Refusals (401, 403 and 429) are reported, unless somebody has said what it really was. What rules count is observed:
paths refused to one source, files that one person fetches (views named in SECURITY_DOWNLOADS), and from where one
thing is worked on (SECURITY_ONE_NETWORK: a view's name and the URL argument that names the thing).
"""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse

from observability.conf import conf
from observability.context import known_user_id
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
        match = request.resolver_match
        if status < 400:
            if match is not None:
                self._use(request, match.view_name, match.kwargs)
            return response
        event = BY_STATUS.get(status)
        if event and not hasattr(request, "_security_event") and not getattr(response, EXPECTED, False):
            report(event, request=request, route=str(match.route) if match else "")
        if status in LOOKED_FOR:
            observe(SecurityEvent.ENUMERATION, value=request.path, request=request)
        return response

    def _use(self, request: HttpRequest, view: str, arguments: dict[str, Any]) -> None:
        if request.method == "GET":
            if view in conf.SECURITY_DOWNLOADS:
                observe(
                    SecurityEvent.BULK_DOWNLOAD, subject=known_user_id(request), value=request.path, request=request
                )
        elif view in conf.SECURITY_ONE_NETWORK:
            thing = str(arguments.get(conf.SECURITY_ONE_NETWORK[view], ""))
            observe(SecurityEvent.QUIZ_FROM_TWO_ADDRESSES, subject=thing, request=request)
