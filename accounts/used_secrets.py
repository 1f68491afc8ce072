"""Telling a secret that has been used from one that never was right.

That a secret works once is kept elsewhere, by the database; this memory only names what was refused.
"""

from accounts import limits, signals
from accounts.limits import Count
from accounts.models import User
from accounts.signals import SecretKind
from core.events import announce

REMEMBERED_SECONDS = {
    SecretKind.VERIFICATION_LINK: 7 * 24 * 3600,
    SecretKind.RESET_LINK: 7 * 24 * 3600,
    SecretKind.CODE: 30 * 24 * 3600,
}


def used(kind: SecretKind, secret: str) -> None:
    limits.remember(Count(f"used_{kind}", secret), seconds=REMEMBERED_SECONDS[kind])


def refused(kind: SecretKind, secret: str, *, user: User | None = None) -> None:
    """Announces what the refused secret was, where that is worth telling."""
    if limits.remembers(Count(f"used_{kind}", secret)):
        announce(signals.secret_reused, User, kind=kind, user=user)
    elif kind == SecretKind.VERIFICATION_LINK:
        announce(signals.email_rejected, User)
