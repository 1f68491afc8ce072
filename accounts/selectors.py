"""Reading people."""

import uuid

from allauth.mfa.models import Authenticator
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext as _

from accounts.models import Role, User
from core.errors import NotFound

SECOND_FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)


def people() -> QuerySet[User]:
    """Everybody, newest first, each with `mfa_enabled`."""
    factors = Authenticator.objects.filter(user=OuterRef("pk"), type__in=SECOND_FACTORS)
    return User.objects.annotate(mfa_enabled=Exists(factors)).order_by("-date_joined", "-pk")


def person(*, public_id: uuid.UUID) -> User:
    """Raises NotFound."""
    try:
        return people().get(public_id=public_id)
    except User.DoesNotExist:
        raise NotFound(_("There is no such person.")) from None


def active_admins() -> QuerySet[User]:
    return User.objects.filter(role=Role.ADMIN, is_active=True)


def display_email(user: User) -> str:
    """How mail addresses people: a name is free text that a stranger may have signed up with."""
    return user.email
