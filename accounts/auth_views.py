"""Endpoints of allauth that need more than it gives: limits before a code is looked at, and no crash on bad passkeys.

Mounted at the same place, ahead of allauth's own.
"""

from typing import Any

from allauth.headless.base.views import APIView
from allauth.headless.constants import Client
from allauth.headless.internal.restkit.response import ErrorResponse
from allauth.headless.mfa import views
from allauth.mfa.adapter import get_adapter
from django.http import HttpResponse
from django.urls import URLPattern, path

from accounts import login_limits


class _CodeLimit(APIView):
    """Codes are counted before they are checked; a right one gives its count back."""

    def handle_input(self, data: Any) -> HttpResponse | None:
        attempt = login_limits.begin_code(self.request, self.get_input_kwargs()["user"].pk)
        refused: HttpResponse | None = super().handle_input(data)
        if refused is None:
            attempt.succeeded()
        return refused


class _Credential(APIView):
    """allauth and fido2 read a credential's members without asking whether they are there."""

    def handle_input(self, data: Any) -> HttpResponse | None:
        try:
            refused: HttpResponse | None = super().handle_input(data)
        except (KeyError, TypeError, ValueError, AttributeError, IndexError):
            return ErrorResponse(self.request, exception=get_adapter().validation_error("incorrect_code"))
        return refused


class AuthenticateView(_CodeLimit, views.AuthenticateView):
    pass


class ReauthenticateView(_CodeLimit, views.ReauthenticateView):
    pass


class LoginWebAuthnView(_Credential, views.LoginWebAuthnView):
    pass


class AuthenticateWebAuthnView(_Credential, views.AuthenticateWebAuthnView):
    pass


class ReauthenticateWebAuthnView(_Credential, views.ReauthenticateWebAuthnView):
    pass


class ManageWebAuthnView(_Credential, views.ManageWebAuthnView):
    pass


VIEWS: dict[str, tuple[str, type[APIView]]] = {
    "authenticate": ("auth/2fa/authenticate", AuthenticateView),
    "reauthenticate": ("auth/2fa/reauthenticate", ReauthenticateView),
    "login_webauthn": ("auth/webauthn/login", LoginWebAuthnView),
    "authenticate_webauthn": ("auth/webauthn/authenticate", AuthenticateWebAuthnView),
    "reauthenticate_webauthn": ("auth/webauthn/reauthenticate", ReauthenticateWebAuthnView),
    "manage_webauthn": ("account/authenticators/webauthn", ManageWebAuthnView),
}

app_name = "auth"
urlpatterns: list[URLPattern] = [
    path(f"{client.value}/v1/{place}", view.as_api_view(client=client), name=f"{name}-{client.value}")
    for client in (Client.APP, Client.BROWSER)
    for name, (place, view) in VIEWS.items()
]
