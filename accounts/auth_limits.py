"""Limits of allauth's endpoints, by what they do. An endpoint that isn't named gets the general ones."""

import json
from collections.abc import Callable, Sequence
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from redis import RedisError

from accounts import limits, redis_state, signals
from accounts.client_address import client_address, network_key
from accounts.limits import Count, LimitExceeded
from accounts.models import User
from core.errors import DomainError, Unavailable
from core.events import announce
from core.problems import CONTENT_TYPE, problem_body

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


def by_source(request: HttpRequest) -> str:
    return network_key(client_address(request))


def by_session(request: HttpRequest) -> str:
    """The session, which lives through a wrong password; without one the source."""
    return (
        request.headers.get("X-Session-Token")
        or request.COOKIES.get(settings.SESSION_COOKIE_NAME)
        or by_source(request)
    )


def by_email(request: HttpRequest) -> str:
    """Address and source: a stranger's requests elsewhere don't use up its owner's."""
    return f"{_email(request)}|{by_source(request)}"


def _email(request: HttpRequest) -> str:
    try:
        data = json.loads(request.body)
    except (ValueError, RecursionError):
        return ""
    email = data.get("email") if isinstance(data, dict) else None
    return email.strip().lower() if isinstance(email, str) else ""


def problem_response(request: HttpRequest, error: DomainError) -> HttpResponse:
    """A refusal, for plain Django views: problem body and, where trying again helps, Retry-After."""
    body = problem_body(
        status=error.status, code=error.code, title=error.title, detail=error.detail, request=request, **error.extra
    )
    headers = {"Cache-Control": "no-store"}
    if (seconds := getattr(error, "retry_after", None)) is not None:
        headers["Retry-After"] = str(seconds)
    return JsonResponse(body, status=error.status, content_type=CONTENT_TYPE, headers=headers)


def endpoint(request: HttpRequest) -> str | None:
    """The name of an endpoint of allauth, the same for both kinds of client: "account:login". None for others."""
    match = request.resolver_match
    if match is None:
        return None
    name: str = match.view_name
    if name.startswith("headless:"):
        return name.split(":", 2)[-1]
    if name.startswith("auth:"):  # accounts.auth_views
        return name.removeprefix("auth:").rpartition(".")[0].replace(".", ":")
    return None


Subject = Callable[[HttpRequest], str]
# Wrong passwords and codes have limits of their own where they are checked (login_limits).
WRITES: dict[str, Sequence[tuple[str, Subject]]] = {
    "account:login": [("login_calls", by_source)],
    "account:signup": [("signup_source", by_source)],
    "account:resend_verification": [("signup_source", by_source)],  # a page's alone
    "account:request_password_reset": [("reset_address", by_email), ("reset_source", by_source)],
    "account:reset_password": [("key_source", by_source)],
    "account:verify_email": [("key_source", by_source)],
    "account:change_password": [("password_change", by_session)],
    "account:reauthenticate": [("login_calls", by_source)],
    "mfa:login_webauthn": [("login_calls", by_source)],
}
READS: dict[str, Sequence[tuple[str, Subject]]] = {
    "account:reset_password": [("key_source", by_source)],
    "account:verify_email": [("key_source", by_source)],
}
# Their 401 is no refusal: it says what to do next, such as to verify an address, or that nobody is logged in now.
NEXT_STEPS = {
    "account:current_session",
    "account:login",
    "account:reset_password",
    "account:signup",
    "account:verify_email",
}
OTHER_WRITES: Sequence[tuple[str, Subject]] = [("auth_writes", by_source)]
OTHER_READS: Sequence[tuple[str, Subject]] = [("auth_reads", by_source)]


def require(request: HttpRequest, name: str) -> None:
    """Count a request of an endpoint, or of the page that does the same. Raises LimitExceeded."""
    if request.method in SAFE_METHODS:
        wanted = READS.get(name, OTHER_READS)
    else:
        wanted = WRITES.get(name, OTHER_WRITES)
    limits.require(*(Count(limit, subject(request)) for limit, subject in wanted))


class AuthLimitsMiddleware:
    """Refuses with 429 before a view of allauth runs, and turns a refusal in a plain view into its answer."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code == 401 and endpoint(request) in NEXT_STEPS:
            response.security_expected = True  # type: ignore[attr-defined]
        return response

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        name = endpoint(request)
        if name is None:
            return None
        try:
            require(request, name)
        except LimitExceeded as error:
            return self.process_exception(request, error)
        return None

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, RedisError):
            # What only Redis can decide, such as whether a code has been used: refused while it is gone.
            redis_state.failed(exception)
            return problem_response(request, Unavailable(_("A part of the service is out of reach. Try again soon.")))
        if isinstance(exception, LimitExceeded):
            announce(signals.throttled, User, limit=exception.limit, source=client_address(request))
        return problem_response(request, exception) if isinstance(exception, DomainError) else None
