"""Authentication of API clients by X-Session-Token, of browsers by the session cookie with CSRF.

With settings.STAFF_MFA_REQUIRED instructors and admins without a second factor are refused here, so by every view;
allauth's endpoints, where they set one up, don't come here.
"""

from typing import Any

from allauth.headless.contrib.rest_framework.authentication import XSessionTokenAuthentication
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.request import Request

from accounts import limits, login_limits
from accounts.models import Role, User
from accounts.selectors import SECOND_FACTORS


class SessionTokenAuthentication(XSessionTokenAuthentication):
    """The token is the key of a logged-in session. Raises AuthenticationFailed for any other token."""

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        if not self.get_session_token(request):
            return None
        found: tuple[Any, Any] | None = super().authenticate(request)
        if found is None:
            # As generous as other reads: a class whose sessions have ended is no attack.
            limits.require(limits.Count("auth_reads", login_limits.source_of(request._request)))
            raise AuthenticationFailed("The session has ended. Log in again.", code="session_ended")
        require_second_factor(found[0])
        return found

    def authenticate_header(self, request: Request) -> str:
        """The first authenticator's header decides that the unauthenticated get 401, not 403."""
        return 'X-Session-Token realm="api"'


class CookieAuthentication(SessionAuthentication):
    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        found: tuple[Any, Any] | None = super().authenticate(request)
        if found is not None:
            require_second_factor(found[0])
        return found


def lacks_second_factor(user: User) -> bool:
    """Whether `user` needs a second factor for their role and has none."""
    return settings.STAFF_MFA_REQUIRED and user.role != Role.STUDENT and not is_mfa_enabled(user, SECOND_FACTORS)


def require_second_factor(user: User) -> None:
    """Raises PermissionDenied."""
    if lacks_second_factor(user):
        raise PermissionDenied("Your role needs a second factor. Set one up first.", code="mfa_required")


class CookieScheme(OpenApiAuthenticationExtension):
    target_class = CookieAuthentication
    name = "cookieAuth"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "apiKey", "in": "cookie", "name": settings.SESSION_COOKIE_NAME}


class SessionTokenScheme(OpenApiAuthenticationExtension):
    target_class = SessionTokenAuthentication
    name = "sessionToken"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {
            "type": "apiKey",
            "in": "header",
            "name": "X-Session-Token",
            "description": "`meta.session_token` of the answer to POST /api/v1/auth/app/v1/auth/login.",
        }
