"""The Django admin behind the same login rules as the API: limits, verified address, second factor."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse

from accounts import login_limits
from accounts.limits import LimitExceeded


class AdminSite(admin.AdminSite):
    login_template = "accounts/admin_login.html"

    @property
    def login_form(self) -> Any:  # type: ignore[override]
        from accounts.admin_login import AdminLoginForm  # models aren't loaded when the site is made

        return AdminLoginForm

    def has_permission(self, request: HttpRequest) -> bool:
        from accounts.authentication import lacks_second_factor
        from accounts.models import User

        if not super().has_permission(request):
            return False
        return not (isinstance(request.user, User) and lacks_second_factor(request.user))

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

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """The old password is checked here too, so it is counted here too."""
        from accounts.admin_login import too_many

        if request.method != "POST":
            return super().password_change(request, extra_context)
        try:
            attempt = login_limits.begin(request, request.user.get_username())
        except LimitExceeded as error:
            return too_many(request, error)
        response = super().password_change(request, extra_context)
        if response.status_code == 302:
            attempt.succeeded()
        return response
