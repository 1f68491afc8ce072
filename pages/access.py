"""What holds for every page: a login, the limits of the API, and a readable answer where a rule says no."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from allauth.core.exceptions import ReauthenticationRequired
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from accounts import auth_limits, limits, signals
from accounts.authentication import lacks_second_factor
from accounts.client_address import client_address
from accounts.limits import Count, LimitExceeded
from accounts.models import User
from accounts.time_zones import zone_of
from core.errors import DomainError, Forbidden
from core.events import announce

View = Callable[..., HttpResponse]


def open_page(endpoint: str) -> Callable[[View], View]:
    """Calls `view(request, **parts)` for anybody, counted as the endpoint of accounts that does the same."""
    return _counted(endpoint, lambda view, request, parts: view(request, **parts))


def own_page(endpoint: str, form: str = "pages:two-factor") -> Callable[[View], View]:
    """Calls `view(request, user, **parts)` for who is logged in, where people manage their account.

    Counted as the endpoint of accounts that does the same. Staff who lack their second factor come in: they set it up
    here. What allauth wants the password for leads to the page that asks, and from there back; what was sent by a form
    is sent again from the page `form`.
    """

    def call(view: View, request: HttpRequest, parts: dict[str, Any]) -> HttpResponse:
        user = request.user
        if not isinstance(user, User):
            return to_login(request)
        try:
            with in_zone_of(user):
                return view(request, user, **parts)
        except ReauthenticationRequired:
            back = request.get_full_path() if request.method == "GET" else reverse(form)
            return HttpResponseRedirect(f"{reverse('pages:confirm')}?{urlencode({'next': back})}")

    return _counted(endpoint, call)


def _counted(
    endpoint: str, call: Callable[[View, HttpRequest, dict[str, Any]], HttpResponse]
) -> Callable[[View], View]:
    def decorate(view: View) -> View:
        @wraps(view)
        def answer(request: HttpRequest, **parts: Any) -> HttpResponse:
            try:
                auth_limits.require(request, endpoint)
                return call(view, request, parts)
            except DomainError as error:
                return refused(request, error)

        return never_cache(answer)

    return decorate


def to_login(request: HttpRequest) -> HttpResponse:
    back = request.get_full_path() if request.method == "GET" else "/"
    return HttpResponseRedirect(f"{reverse('pages:login')}?{urlencode({'next': back})}")


def destination(request: HttpRequest) -> str:
    """Where the person wanted to go, if that is here."""
    wanted = request.POST.get("next") or request.GET.get("next") or "/"
    here = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if here else "/"


def in_zone_of(user: User) -> AbstractContextManager[None]:
    """Times on pages are those of the person who reads them."""
    return timezone.override(zone_of(user))


def for_people(view: View) -> View:
    """Calls `view(request, user, **parts)` for who is logged in; others are sent to the login.

    Counts with the same counters as the API, so that nobody has two allowances.
    """

    @wraps(view)
    def answer(request: HttpRequest, **parts: Any) -> HttpResponse:
        user = request.user
        if not isinstance(user, User):
            return to_login(request)
        try:
            if lacks_second_factor(user):
                raise Forbidden(_("Your role needs a second factor. Set one up first."), code="mfa_required")
            limits.require(Count(f"api_{user.role}", f"person:{user.pk}"))
            with in_zone_of(user):
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
