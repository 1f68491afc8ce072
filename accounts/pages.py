"""The pages that links in mails lead to, for installations without a front end of their own (LMS_FRONTEND_URL).

Plain forms: nothing happens by following a link, because mail programs follow links too.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.forms import ResetPasswordForm, UserTokenForm
from allauth.account.internal.flows import password_reset
from allauth.account.models import get_emailconfirmation_model
from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts import limits, signals, used_secrets
from accounts.auth_limits import by_source
from accounts.client_address import client_address
from accounts.limits import Count, LimitExceeded
from accounts.models import User
from accounts.signals import SecretKind
from core.errors import DomainError
from core.events import announce

View = Callable[..., HttpResponse]
Text = str | Promise
DEAD_LINK = _("This link is not valid any more. Ask for a new one.")
# As the other pages look, where they are installed.
TEMPLATES = ["pages/account/mail_link.html", "accounts/page.html"]


class NewPasswordForm(forms.Form):
    password = forms.CharField(
        strip=False, label=_("New password"), widget=forms.PasswordInput(attrs={"autocomplete": "new-password"})
    )

    def __init__(self, *arguments: Any, user: User, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.user = user

    def clean_password(self) -> str:
        return get_adapter().clean_password(self.cleaned_data["password"], user=self.user)


def page(view: View) -> View:
    """Forms only, never cached; what a rule or a limit refuses is said on the page."""

    @wraps(view)
    def answer(request: HttpRequest, **parts: str) -> HttpResponse:
        try:
            limits.require(Count("key_source", by_source(request)))
            return view(request, **parts)
        except DomainError as error:
            response = show(request, _("That didn't work"), error.detail, status=error.status)
            if isinstance(error, LimitExceeded):
                announce(signals.throttled, User, limit=error.limit, source=client_address(request))
                response["Retry-After"] = str(error.retry_after)
            return response

    return never_cache(require_http_methods(["GET", "POST"])(answer))


def show(request: HttpRequest, title: Text, text: Text = "", *, status: int = 200, **values: Any) -> HttpResponse:
    return render(request, TEMPLATES, {"title": title, "text": text, **values}, status=status)


@page
def verify_email(request: HttpRequest, key: str) -> HttpResponse:
    verification = get_emailconfirmation_model().from_key(key)
    if verification is None or verification.key_expired():
        used_secrets.refused(SecretKind.VERIFICATION_LINK, key)
        return show(request, _("Verify your address"), DEAD_LINK, status=400)
    if request.method == "GET":
        return show(request, _("Verify your address"), button=_("Verify"))
    verification.confirm(request)
    used_secrets.used(SecretKind.VERIFICATION_LINK, key)
    return show(request, _("Your address is verified"), _("You can log in now."))


@page
def ask_for_reset(request: HttpRequest) -> HttpResponse:
    form = ResetPasswordForm(request.POST or None)
    form.fields["email"].label = _("E-mail address")
    if request.method == "GET" or not form.is_valid():
        status = 200 if request.method == "GET" else 400
        return show(request, _("Reset your password"), form=form, button=_("Send me a link"), status=status)
    email = form.cleaned_data["email"].lower()
    source = by_source(request)
    limits.require(Count("reset_address", f"{email}|{source}"), Count("reset_source", source))
    form.save(request)
    return show(request, _("Look into your mailbox"), _("If this address has an account, a link is on its way."))


@page
def reset_password(request: HttpRequest, key: str) -> HttpResponse:
    uid, _dash, token = key.partition("-")
    link = UserTokenForm({"uidb36": uid, "key": token})
    if not (uid and token and link.is_valid()):
        used_secrets.refused(SecretKind.RESET_LINK, key)
        return show(request, _("Reset your password"), DEAD_LINK, status=400)
    user = link.reset_user
    form = NewPasswordForm(request.POST or None, user=user)
    if request.method == "GET" or not form.is_valid():
        status = 200 if request.method == "GET" else 400
        return show(request, _("Reset your password"), form=form, button=_("Set it"), status=status)
    password_reset.reset_password(user, form.cleaned_data["password"])
    password_reset.finalize_password_reset(request, user)
    used_secrets.used(SecretKind.RESET_LINK, key)
    text = _("You are logged out everywhere and can log in with the new one.")
    return show(request, _("Your password is changed"), text)


urlpatterns: list[URLPattern] = [
    path("verify-email/<str:key>", verify_email, name="page-verify-email"),
    path("password/reset", ask_for_reset, name="page-ask-for-reset"),
    path("password/reset/key/<str:key>", reset_password, name="page-reset-password"),
]
