"""How long what is kept: one table, carried out daily by beat and shown in docs/operations.md."""

import datetime
import logging
from collections.abc import Callable
from dataclasses import dataclass

from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.contrib.sessions.models import Session
from django.db.models import Exists, OuterRef
from django.utils import timezone

from accounts.models import User
from outbox import services as outbox

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Rule:
    """`purge` removes what is older than `keep` and returns how many rows went. It is safe to run again."""

    name: str
    keep: datetime.timedelta
    purge: Callable[[datetime.timedelta], int]


def _expired_sessions(keep: datetime.timedelta) -> int:
    return Session.objects.filter(expire_date__lt=timezone.now() - keep).delete()[0]


def _listed_sessions(keep: datetime.timedelta) -> int:
    return UserSession.objects.filter(last_seen_at__lt=timezone.now() - keep).delete()[0]


def _unverified_sign_ups(keep: datetime.timedelta) -> int:
    verified = EmailAddress.objects.filter(user=OuterRef("pk"), verified=True)
    forgotten = User.objects.filter(
        ~Exists(verified),
        date_joined__lt=timezone.now() - keep,
        last_login__isnull=True,
        emailaddress__isnull=False,
        enrollments__isnull=True,
    )
    return forgotten.delete()[1].get("accounts.User", 0)


def _admin_log(keep: datetime.timedelta) -> int:
    return LogEntry.objects.filter(action_time__lt=timezone.now() - keep).delete()[0]


def _security_events(keep: datetime.timedelta) -> int:
    if not settings.OBSERVABILITY_ENABLED:
        return 0
    from observability.security import records  # its table exists only where the app is installed

    return records.purge(keep)


RULES = (
    Rule("delivered outbox messages", datetime.timedelta(days=7), lambda keep: outbox.purge(older_than=keep)),
    Rule("expired sessions", datetime.timedelta(0), _expired_sessions),
    Rule("session list entries", datetime.timedelta(days=30), _listed_sessions),
    Rule("sign-ups that were never verified", datetime.timedelta(days=30), _unverified_sign_ups),
    Rule("admin history", datetime.timedelta(days=730), _admin_log),
    Rule("security events", datetime.timedelta(days=180), _security_events),
)


def run() -> dict[str, int]:
    """Carry out every rule; one that fails is logged and stops no other. Returns removed rows by rule."""
    removed = {}
    for rule in RULES:
        try:
            removed[rule.name] = rule.purge(rule.keep)
        except Exception:
            logger.exception("retention rule failed", extra={"event": "retention.failed", "rule": rule.name})
        else:
            logger.info(
                "retention rule done",
                extra={"event": "retention.done", "rule": rule.name, "removed": removed[rule.name]},
            )
    return removed
