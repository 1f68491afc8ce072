"""Authentication of API clients by X-Session-Token; browsers use the session cookie with CSRF."""

from typing import Any

from allauth.headless.contrib.rest_framework.authentication import XSessionTokenAuthentication
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request


class SessionTokenAuthentication(XSessionTokenAuthentication):
    """The token is the key of a logged-in session. Raises AuthenticationFailed for any other token."""

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        if not self.get_session_token(request):
            return None
        found: tuple[Any, Any] | None = super().authenticate(request)
        if found is None:
            raise AuthenticationFailed("The session has ended. Log in again.", code="session_ended")
        return found

    def authenticate_header(self, request: Request) -> str:
        """The first authenticator's header decides that the unauthenticated get 401, not 403."""
        return 'X-Session-Token realm="api"'


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
