"""allauth's endpoints for second factors, with the account's own limit before a code is looked at."""

from typing import Any

from allauth.headless.constants import Client
from allauth.headless.mfa import views
from django.http import HttpResponse
from django.urls import URLPattern, path

from accounts import login_limits


class _CodeLimit:
    """Codes are counted before they are checked; a right one gives its count back."""

    def handle_input(self, data: Any) -> HttpResponse | None:
        user = self.get_input_kwargs()["user"]  # type: ignore[attr-defined]
        attempt = login_limits.begin_code(self.request, user.pk)  # type: ignore[attr-defined]
        refused: HttpResponse | None = super().handle_input(data)  # type: ignore[misc]
        if refused is None:
            attempt.succeeded()
        return refused


class AuthenticateView(_CodeLimit, views.AuthenticateView):
    pass


class ReauthenticateView(_CodeLimit, views.ReauthenticateView):
    pass


def urlpatterns_before_allauth() -> list[URLPattern]:
    """What shadows allauth's own; mounted at the same place, ahead of it."""
    patterns = []
    for client in (Client.APP, Client.BROWSER):
        for name, view in (("authenticate", AuthenticateView), ("reauthenticate", ReauthenticateView)):
            patterns.append(path(f"{client.value}/v1/auth/2fa/{name}", view.as_api_view(client=client)))
    return patterns


urlpatterns = urlpatterns_before_allauth()
