"""The login form of the Django admin."""

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.login import record_authentication
from allauth.account.models import EmailAddress
from allauth.mfa.base.forms import AuthenticateForm
from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled
from django import forms
from django.contrib.admin.forms import AdminAuthenticationForm
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _

from accounts import login_limits, signals, used_secrets
from accounts.authentication import lacks_second_factor
from accounts.client_address import client_address
from accounts.limits import LimitExceeded
from accounts.models import User
from accounts.permissions import caller
from accounts.selectors import SECOND_FACTORS
from accounts.session_list import record_login
from accounts.signals import SecretKind
from core.events import announce


class AdminLoginForm(AdminAuthenticationForm):
    """Address, password and, for those who have set it up, a code of the authenticator or a recovery code."""

    code = forms.CharField(
        required=False,
        label="Code (if you use two-factor authentication)",
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}),
    )

    request: HttpRequest
    lets_in_to_set_factor_up = False

    def clean(self) -> dict[str, Any]:
        email, password = self.cleaned_data.get("username"), self.cleaned_data.get("password")
        if not (email and password):
            return self.cleaned_data
        user = get_adapter().authenticate(self.request, email=email, password=password)
        if user is None:
            raise self.get_invalid_login_error()
        self.confirm_login_allowed(user)
        if not EmailAddress.objects.filter(user=user, verified=True).exists():
            raise ValidationError(_("Verify your e-mail address first."), code="unverified")
        self._check_second_factor(user)
        self.user_cache = user
        return self.cleaned_data

    def _check_second_factor(self, user: User) -> None:
        self.second_factor: AuthenticateForm | None = None
        if not self.lets_in_to_set_factor_up and lacks_second_factor(user):
            raise ValidationError("Your role needs a second factor. Set one up at the API first.", code="mfa_required")
        if not is_mfa_enabled(user, SECOND_FACTORS):
            return
        code = self.cleaned_data.get("code")
        if not code:
            self.add_error("code", _("A code is needed."))
            return
        attempt = login_limits.begin_code(self.request, user.pk)
        form = AuthenticateForm({"code": code}, user=user)
        if not form.is_valid():
            used_secrets.refused(SecretKind.CODE, f"{user.pk}|{code}", user=user)
            self.add_error("code", form.errors["code"])
            return
        attempt.succeeded()
        used_secrets.used(SecretKind.CODE, f"{user.pk}|{code}")
        if form.authenticator.type == Authenticator.Type.RECOVERY_CODES:
            announce(signals.recovery_code_used, User, user=user)
        self.second_factor = form


def record_admin_login(request: HttpRequest) -> None:
    """The session knows how it began, as one that began at the API does, and is in the person's session list."""
    user = caller(request)
    record_authentication(request, user, method="password", email=user.email)
    record_login(request)


def too_many(request: HttpRequest, error: LimitExceeded) -> HttpResponse:
    """The 429 that a person reads."""
    announce(signals.throttled, User, limit=error.limit, source=client_address(request))
    response = render(request, "accounts/too_many.html", {"detail": error.detail}, status=429)
    response["Retry-After"] = str(error.retry_after)
    return response
