"""The Django admin behind the same login rules as the API: limits, verified address, second factor."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse

from accounts import login_limits
from accounts.limits import LimitExceeded


class AdminSite(admin.AdminSite):
    login_template = "accounts/admin_login.html"

    def __init__(self, name: str = "admin") -> None:
        super().__init__(name)
        # Django's own page checks the old password without any limit; the API's change of password has them.
        self.password_change_template = None

    @property
    def login_form(self) -> Any:  # type: ignore[override]
        from accounts.admin_login import AdminLoginForm  # models aren't loaded when the site is made

        return AdminLoginForm

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        from accounts.admin_login import record_admin_login, too_many

        was_authenticated = request.user.is_authenticated
        try:
            if request.method == "POST":
                login_limits.require_call(request)
            response = super().login(request, extra_context)
        except LimitExceeded as error:
            return too_many(request, error)
        if request.method == "POST" and request.user.is_authenticated and not was_authenticated:
            record_admin_login(request)
        return response
