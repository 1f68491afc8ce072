"""Tokens of machine clients: `Authorization: Bearer lmst_…`, for one owner, within scopes.

A token never does more than its owner may, and of that only what a view names for it: a view's `service_scopes` maps
methods to scopes, and a view without them is closed to tokens. Only a digest of the secret is stored.
"""

import datetime
import hashlib
import secrets
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.request import Request

from accounts import limits, signals
from accounts.client_address import client_address, network_key
from accounts.models import ServiceToken, User
from core.errors import Unprocessable
from core.events import announce

PREFIX = "lmst_"
LONGEST_LIFE = datetime.timedelta(days=366)
USE_RESOLUTION = datetime.timedelta(minutes=5)


@transaction.atomic
def issue_token(
    *, owner: User, name: str, scopes: Iterable[str], lifetime: datetime.timedelta, by: User | None = None
) -> tuple[ServiceToken, str]:
    """A new token and its secret, which is never shown again.

    Raises Unprocessable for no scope, an unknown one, or a lifetime that isn't between now and 366 days.
    """
    wanted = sorted(set(scopes))
    if not wanted or not set(wanted) <= set(settings.SERVICE_SCOPES):
        raise Unprocessable("Unknown scopes.", code="unknown_scope")
    if not datetime.timedelta(0) < lifetime <= LONGEST_LIFE:
        raise Unprocessable("A token lives at most 366 days.", code="lifetime_invalid")
    secret = PREFIX + secrets.token_urlsafe(32)
    token = ServiceToken.objects.create(
        owner=owner, name=name, scopes=wanted, digest=_digest(secret), expires_at=timezone.now() + lifetime
    )
    announce(signals.service_token_issued, ServiceToken, user=owner, by=by)
    return token, secret


@transaction.atomic
def revoke_token(*, token: ServiceToken, by: User | None = None) -> None:
    """End a token now. Again changes nothing."""
    if ServiceToken.objects.filter(pk=token.pk, revoked_at__isnull=True).update(revoked_at=timezone.now()):
        announce(signals.service_token_revoked, ServiceToken, user=token.owner, by=by)


def _digest(secret: str) -> str:
    """The secret has 256 random bits: no slow hash is needed."""
    return hashlib.sha256(secret.encode()).hexdigest()


class ServiceTokenAuthentication(BaseAuthentication):
    """Raises AuthenticationFailed for a token that isn't valid now, PermissionDenied outside of its scopes."""

    def authenticate(self, request: Request) -> tuple[User, ServiceToken] | None:
        scheme, _, secret = get_authorization_header(request).decode("latin-1").partition(" ")
        if scheme.lower() != "bearer":
            return None
        now = timezone.now()
        token = (
            ServiceToken.objects.select_related("owner")
            .filter(digest=_digest(secret.strip()), revoked_at__isnull=True, expires_at__gt=now, owner__is_active=True)
            .first()
        )
        if token is None:
            limits.require(limits.Count("token_source", network_key(client_address(request._request))))
            revoked = ServiceToken.objects.select_related("owner").filter(digest=_digest(secret.strip())).first()
            if revoked is not None:
                announce(signals.secret_reused, ServiceToken, kind=signals.SecretKind.SERVICE_TOKEN, user=revoked.owner)
            raise AuthenticationFailed("The token is not valid.", code="token_invalid")
        needed = getattr(request.parser_context["view"], "service_scopes", {}).get(_method(request))
        if needed not in token.scopes:
            raise PermissionDenied("The token's scopes don't cover this.", code="scope_missing")
        unused = Q(last_used_at__isnull=True) | Q(last_used_at__lt=now - USE_RESOLUTION)
        ServiceToken.objects.filter(unused, pk=token.pk).update(last_used_at=now)
        return token.owner, token

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="api"'


def _method(request: Request) -> str:
    return "GET" if request.method == "HEAD" else str(request.method)


class ServiceTokenScheme(OpenApiAuthenticationExtension):
    target_class = ServiceTokenAuthentication
    name = "serviceToken"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "description": "A service token, within its scopes."}
