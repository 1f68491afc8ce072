"""Answers probes before the rest of the stack, which wants a valid Host, redirects to HTTPS or reads a session."""

import functools
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.urls import NoReverseMatch, resolve, reverse

View = Callable[[HttpRequest], HttpResponse]
PROBES = ("health", "ready", "ready-details")


@functools.cache
def probe_views() -> dict[str, View]:
    """The probes' paths, as the host's urls.py has them."""
    views: dict[str, View] = {}
    for name in PROBES:
        try:
            path = reverse(name)
        except NoReverseMatch:
            continue
        view = resolve(path).func
        if getattr(view, "is_probe", False):
            views[path] = view
    return views


class HealthMiddleware:
    """Belongs first in MIDDLEWARE. Without it the probes work too, under the rules of all other middleware."""

    def __init__(self, get_response: View) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        view = probe_views().get(request.path_info)
        return self.get_response(request) if view is None else view(request)
