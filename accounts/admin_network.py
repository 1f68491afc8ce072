"""The Django admin for some networks only, where settings.ADMIN_NETWORKS names any: for others it isn't there."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse

from accounts.client_address import Network, client_address, parse_address, parse_networks


@lru_cache(maxsize=8)
def _networks(entries: tuple[str, ...]) -> tuple[Network, ...]:
    return parse_networks(entries)


def is_allowed(address: str, entries: tuple[str, ...]) -> bool:
    """Entries that are no networks let nobody in; no entries at all, everybody."""
    if not entries:
        return True
    parsed = parse_address(address)
    return parsed is not None and any(
        parsed.version == network.version and parsed in network for network in _networks(entries)
    )


class AdminNetworkMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> None:
        """Raises Http404."""
        match = request.resolver_match
        if match is None or "admin" not in match.app_names:
            return
        if not is_allowed(client_address(request), tuple(settings.ADMIN_NETWORKS)):
            raise Http404
