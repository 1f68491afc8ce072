"""The login form of the Django admin."""

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.login import record_authentication
from allauth.account.models import EmailAddress
from allauth.mfa.base.forms import AuthenticateForm
from allauth.mfa.utils import is_mfa_enabled
from allauth.usersessions.models import UserSession
from django import forms
from django.contrib.admin.forms import AdminAuthenticationForm
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from accounts.models import User
from accounts.selectors import SECOND_FACTORS


class AdminLoginForm(AdminAuthenticationForm):
    """Address, password and, for those who have set it up, a code of the authenticator or a recovery code."""

    code = forms.CharField(
        required=False,
        label="Code (if you use two-factor authentication)",
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}),
    )

    def clean(self) -> dict[str, Any]:
        email, password = self.cleaned_data.get("username"), self.cleaned_data.get("password")
        if not (email and password):
            return self.cleaned_data
        user = get_adapter().authenticate(self.request, email=email, password=password)
        if user is None:
            raise self.get_invalid_login_error()
        self.confirm_login_allowed(user)
        if not EmailAddress.objects.filter(user=user, verified=True).exists():
            raise ValidationError("Verify your e-mail address first.", code="unverified")
        self._check_second_factor(user)
        self.user_cache = user
        return self.cleaned_data

    def _check_second_factor(self, user: User) -> None:
        self.second_factor: AuthenticateForm | None = None
        if not is_mfa_enabled(user, SECOND_FACTORS):
            return
        form = AuthenticateForm({"code": self.cleaned_data.get("code")}, user=user)
        if not form.is_valid():
            self.add_error("code", form.errors.get("code") or "A code is needed.")
            return
        self.second_factor = form


def record_admin_login(request: HttpRequest) -> None:
    """The session knows how it began, as one that began at the API does, and is in the person's session list."""
    record_authentication(request, request.user, method="password", email=request.user.email)
    UserSession.objects.create_from_request(request)
