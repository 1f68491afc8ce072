"""What holds for every page: a login, the limits of the API, and a readable answer where a rule says no."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache

from accounts import limits, signals
from accounts.authentication import lacks_second_factor
from accounts.client_address import client_address
from accounts.limits import Count, LimitExceeded
from accounts.models import User
from core.errors import DomainError, Forbidden
from core.events import announce

View = Callable[..., HttpResponse]


def for_people(view: View) -> View:
    """Calls `view(request, user, **parts)` for who is logged in; others are sent to the login.

    Counts with the same counters as the API, so that nobody has two allowances.
    """

    @wraps(view)
    def answer(request: HttpRequest, **parts: Any) -> HttpResponse:
        user = request.user
        if not isinstance(user, User):
            back = request.get_full_path() if request.method == "GET" else "/"
            return HttpResponseRedirect(f"{reverse('pages:login')}?{urlencode({'next': back})}")
        try:
            if lacks_second_factor(user):
                raise Forbidden("Your role needs a second factor. Set one up first.", code="mfa_required")
            limits.require(Count(f"api_{user.role}", f"person:{user.pk}"))
            return view(request, user, **parts)
        except DomainError as error:
            return refused(request, error)

    return never_cache(answer)


def count(user: User, limit: str) -> None:
    """Count under a limit of settings.LIMITS too, as the API's views with this scope do. Raises LimitExceeded."""
    limits.require(Count(limit, f"person:{user.pk}"))


def refused(request: HttpRequest, error: DomainError) -> HttpResponse:
    """The page with the reason, under the status that the API gives the same refusal."""
    response = render(request, "pages/refused.html", {"error": error}, status=error.status)
    if isinstance(error, LimitExceeded):
        announce(signals.throttled, User, limit=error.limit, source=client_address(request))
        response["Retry-After"] = str(error.retry_after)
    return response
