"""Answers that could tell whether an account exists take as long either way."""

import time
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from accounts.auth_limits import endpoint

# View and the statuses that are held back. A right password is nobody's secret from its owner; a 429 depends on
# counters alone, which don't know who exists.
PACED = {
    "account:login": {400},
    "account:signup": {400, 401},
    "account:request_password_reset": {200},
    "admin:login": {200},
    "page-ask-for-reset": {200},
    "pages:login": {200},
    "pages:signup": {200, 400},
    "pages:verify-again": {200},
}


class PaceMiddleware:
    """Holds such an answer until settings.AUTH_ANSWER_SECONDS after the request came.

    The same work is done for a known and an unknown address (hashes, mails), but rows and queries differ by a
    millisecond or two, which a few hundred tries would show.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        begin = time.monotonic()
        response = self.get_response(request)
        if request.method == "POST" and response.status_code in PACED.get(_name(request), ()):
            rest = begin + settings.AUTH_ANSWER_SECONDS - time.monotonic()
            if rest > 0:
                time.sleep(rest)
        return response


def _name(request: HttpRequest) -> str:
    match = request.resolver_match
    return endpoint(request) or (match.view_name if match else "")
