"""Logging in and out with a browser: the checks, limits and events of the admin's login, for everybody."""

from typing import Any

from django.contrib.auth import login, logout
from django.contrib.auth.forms import AuthenticationForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts import login_limits
from accounts.admin_login import AdminLoginForm, record_admin_login
from accounts.limits import LimitExceeded
from pages.access import refused


class LoginForm(AdminLoginForm):
    """Address, password and, for those who have one, a code."""

    error_messages = AuthenticationForm.error_messages

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
            return HttpResponseRedirect(_destination(request))
    except LimitExceeded as error:
        return refused(request, error)
    return render(request, "pages/login.html", {"form": form, "next": _destination(request)})


@require_POST
def log_out(request: HttpRequest) -> HttpResponse:
    logout(request)
    return redirect("pages:login")


def _destination(request: HttpRequest) -> str:
    """Where the person wanted to go, if that is here."""
    wanted = request.POST.get("next") or request.GET.get("next") or "/"
    here = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if here else "/"
