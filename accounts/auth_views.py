"""Endpoints of allauth that need more than it gives: limits before a code is looked at, no crash on odd input.

Mounted at the same place, ahead of allauth's own.
"""

from functools import partial
from typing import Any

from allauth.account.adapter import get_adapter as get_account_adapter
from allauth.headless.account import views as account_views
from allauth.headless.base.views import APIView
from allauth.headless.constants import Client
from allauth.headless.internal.restkit.response import ErrorResponse
from allauth.headless.mfa import views
from allauth.mfa.adapter import get_adapter
from django.db import DataError, transaction
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path

from accounts import login_limits, signals, used_secrets
from accounts.models import User
from accounts.signals import LoginFailure, SecretKind
from core.events import announce
from core.problems import problem_json_response


class _CodeLimit(APIView):
    """Codes are counted before they are checked; a right one gives its count back."""

    def handle_input(self, data: Any) -> HttpResponse | None:
        user = self.get_input_kwargs()["user"]
        attempt = login_limits.begin_code(self.request, user.pk)
        refused: HttpResponse | None = super().handle_input(data)
        code = f"{user.pk}|{data.get('code') if isinstance(data, dict) else ''}"
        if refused is None:
            attempt.succeeded()
            used_secrets.used(SecretKind.CODE, code)
        else:
            used_secrets.refused(SecretKind.CODE, code, user=user)
        return refused


BAD_CREDENTIAL = (KeyError, TypeError, ValueError, AttributeError, IndexError)


class _Credential(APIView):
    """allauth and fido2 read a credential's members without asking whether they are there."""

    def handle_input(self, data: Any) -> HttpResponse | None:
        try:
            refused: HttpResponse | None = super().handle_input(data)
        except BAD_CREDENTIAL:
            return ErrorResponse(self.request, exception=get_adapter().validation_error("incorrect_code"))
        return refused


class _SignatureLimit(_Credential):
    """Signatures of a passkey as a second factor are counted as codes are."""

    def handle_input(self, data: Any) -> HttpResponse | None:
        user = self.get_input_kwargs()["user"]
        attempt = login_limits.begin_code(self.request, user.pk)
        refused = super().handle_input(data)
        if refused is None:
            attempt.succeeded()
        elif self.request.user.is_authenticated:
            announce(signals.confirmation_failed, User, user=user, method="passkey")
        else:
            login_limits.announce_failure(self.request, user.email, LoginFailure.CODE)
        return refused


class AuthenticateView(_CodeLimit, views.AuthenticateView):
    pass


class ReauthenticateView(_CodeLimit, views.ReauthenticateView):
    pass


class LoginWebAuthnView(_Credential, views.LoginWebAuthnView):
    def handle_input(self, data: Any) -> HttpResponse | None:
        return login_limits.check_passkey(self.request, partial(super().handle_input, data))


class AuthenticateWebAuthnView(_SignatureLimit, views.AuthenticateWebAuthnView):
    pass


class ReauthenticateWebAuthnView(_SignatureLimit, views.ReauthenticateWebAuthnView):
    pass


class ManageWebAuthnView(_Credential, views.ManageWebAuthnView):
    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """A credential is stored with whatever else it holds, and JSON can hold what PostgreSQL refuses."""
        try:
            with transaction.atomic():
                response: HttpResponse = super().post(request, *args, **kwargs)
        except DataError:
            return ErrorResponse(request, exception=get_adapter().validation_error("incorrect_code"))
        return response


class ResetPasswordView(account_views.ResetPasswordView):
    """allauth reads a key without asking whether it has both of its parts."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            response: HttpResponse = super().get(request, *args, **kwargs)
        except TypeError:
            response = self._refused()
        if response.status_code == 400:
            used_secrets.refused(SecretKind.RESET_LINK, request.headers.get("X-Password-Reset-Key", ""))
        return response

    def handle_input(self, data: Any) -> HttpResponse | None:
        try:
            refused: HttpResponse | None = super().handle_input(data)
        except TypeError:
            refused = self._refused()
        if refused is not None:
            used_secrets.refused(SecretKind.RESET_LINK, _key_of(data))
        return refused

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response: HttpResponse = super().post(request, *args, **kwargs)
        used_secrets.used(SecretKind.RESET_LINK, self.input.cleaned_data["key"])
        return response

    def _refused(self) -> HttpResponse:
        error = get_account_adapter().validation_error("invalid_password_reset")
        return ErrorResponse(self.request, exception=error)


class VerifyEmailView(account_views.VerifyEmailView):
    """Says when a key is refused."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response: HttpResponse = super().get(request, *args, **kwargs)
        if response.status_code == 400:
            used_secrets.refused(SecretKind.VERIFICATION_LINK, request.headers.get("X-Email-Verification-Key", ""))
        return response

    def handle_input(self, data: Any) -> HttpResponse | None:
        refused: HttpResponse | None = super().handle_input(data)
        if refused is not None:
            used_secrets.refused(SecretKind.VERIFICATION_LINK, _key_of(data))
        return refused

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response: HttpResponse = super().post(request, *args, **kwargs)
        used_secrets.used(SecretKind.VERIFICATION_LINK, self.input.cleaned_data["key"])
        return response


def _key_of(data: Any) -> str:
    return str(data.get("key", "")) if isinstance(data, dict) else ""


def no_phone(request: HttpRequest) -> HttpResponse:
    """Accounts have no telephone number; allauth offers its endpoints all the same, and fails in them."""
    return problem_json_response(request, status=404, code="not_found", title="Accounts have no telephone number")


VIEWS: dict[str, tuple[str, type[APIView]]] = {
    "account.verify_email": ("auth/email/verify", VerifyEmailView),
    "account.reset_password": ("auth/password/reset", ResetPasswordView),
    "mfa.authenticate": ("auth/2fa/authenticate", AuthenticateView),
    "mfa.reauthenticate": ("auth/2fa/reauthenticate", ReauthenticateView),
    "mfa.login_webauthn": ("auth/webauthn/login", LoginWebAuthnView),
    "mfa.authenticate_webauthn": ("auth/webauthn/authenticate", AuthenticateWebAuthnView),
    "mfa.reauthenticate_webauthn": ("auth/webauthn/reauthenticate", ReauthenticateWebAuthnView),
    "mfa.manage_webauthn": ("account/authenticators/webauthn", ManageWebAuthnView),
}
PHONE = ("account/phone", "auth/phone/verify", "auth/phone/verify/resend")
CLIENTS = (Client.APP, Client.BROWSER)

app_name = "auth"
urlpatterns: list[URLPattern] = [
    path(f"{client.value}/v1/{place}", view.as_api_view(client=client), name=f"{name}.{client.value}")
    for client in CLIENTS
    for name, (place, view) in VIEWS.items()
] + [path(f"{client.value}/v1/{place}", no_phone) for client in CLIENTS for place in PHONE]
