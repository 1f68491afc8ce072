"""Logging in and out with a browser: the checks, limits and events of the admin's and the API's logins."""

from typing import Any

from allauth.account.models import Login
from allauth.mfa.webauthn.internal import auth as webauthn
from allauth.mfa.webauthn.internal.flows import perform_passwordless_login
from django.contrib.auth import login, logout
from django.contrib.auth.forms import AuthenticationForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts import login_limits
from accounts.admin_login import AdminLoginForm, record_admin_login
from accounts.authentication import lacks_second_factor
from accounts.limits import LimitExceeded
from accounts.permissions import caller
from pages.access import destination, open_page, refused
from pages.account_forms import PasskeyLoginForm, credential_errors, show


class LoginForm(AdminLoginForm):
    """Address, password and, for those who have one, a code."""

    error_messages = AuthenticationForm.error_messages
    lets_in_to_set_factor_up = True

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.fields["username"].label = _("E-mail address")
        self.fields["username"].widget.attrs["autocomplete"] = "username"
        self.fields["password"].label = _("Password")
        self.fields["code"].label = _("Code, if you use two-factor authentication")

    def confirm_login_allowed(self, user: Any) -> None:
        AuthenticationForm.confirm_login_allowed(self, user)


@never_cache
@require_http_methods(["GET", "POST"])
def log_in(request: HttpRequest) -> HttpResponse:
    try:
        if request.method == "POST":
            login_limits.require_call(request)
        form = LoginForm(request, data=request.POST or None)
        if request.method == "POST" and form.is_valid():
            login(request, form.get_user())
            record_admin_login(request)
            return _welcome(request)
    except LimitExceeded as error:
        return refused(request, error)
    return render(request, "pages/login.html", {"form": form, "next": destination(request)})


@require_http_methods(["GET", "POST"])
@open_page("mfa:login_webauthn")
def log_in_with_passkey(request: HttpRequest) -> HttpResponse:
    form = PasskeyLoginForm(request.POST or None)
    if request.method == "POST" and login_limits.check_passkey(request, lambda: credential_errors(form)) is None:
        authenticator = form.cleaned_data["credential"]
        perform_passwordless_login(request, authenticator, Login(user=authenticator.user))
        if request.user.is_authenticated:
            return _welcome(request)
        form.add_error(None, _("This account can't log in."))
    options = webauthn.begin_authentication()["publicKey"]
    return show(request, "pages/account/passkey_login.html", form, options=dict(options), next=destination(request))


@require_POST
def log_out(request: HttpRequest) -> HttpResponse:
    logout(request)
    return redirect("pages:login")


def _welcome(request: HttpRequest) -> HttpResponse:
    if lacks_second_factor(caller(request)):
        return HttpResponseRedirect(reverse("pages:two-factor"))
    return HttpResponseRedirect(destination(request))
