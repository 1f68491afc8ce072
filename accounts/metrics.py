"""Counters of what happens to people. Labels are closed; nothing here names anybody."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import Count
from django.dispatch import receiver
from django.utils import timezone

from accounts import signals
from accounts.models import Role, User
from observability import business

ACTIVE = timedelta(minutes=15)

signups = business.Counter("lms_signups_total", "People who signed up.")
emails_verified = business.Counter("lms_emails_verified_total", "E-mail addresses verified by their link.")
logins = business.Counter(
    "lms_logins_total",
    "Logins by result; `limited` ones were refused before the password was looked at.",
    labels={"result": ("succeeded", *signals.LoginFailure)},
)
role_changes = business.Counter(
    "lms_role_changes_total", "Role changes, by the new role.", labels={"role": Role.values}
)
throttled = business.Counter(
    "lms_throttled_total", "Requests refused with 429, by limit.", labels={"limit": sorted(settings.LIMITS)}
)


@receiver(signals.user_signed_up)
def count_signup(sender: Any, **kwargs: Any) -> None:
    signups.inc()


@receiver(signals.email_verified)
def count_verification(sender: Any, **kwargs: Any) -> None:
    emails_verified.inc()


@receiver(signals.logged_in)
def count_login(sender: Any, **kwargs: Any) -> None:
    logins.inc(result="succeeded")


@receiver(signals.login_failed)
def count_failed_login(sender: Any, *, reason: signals.LoginFailure, **kwargs: Any) -> None:
    logins.inc(result=str(reason))


@receiver(signals.role_changed)
def count_role_change(sender: Any, *, user: Any, **kwargs: Any) -> None:
    role_changes.inc(role=user.role)


@receiver(signals.throttled)
def count_throttled(sender: Any, *, limit: str, **kwargs: Any) -> None:
    throttled.inc(limit=limit)


def active_users() -> dict[str, float]:
    """Role to people who did something within the last `ACTIVE`."""
    active = User.objects.filter(is_active=True, last_activity_at__gte=timezone.now() - ACTIVE)
    return {row["role"]: float(row["people"]) for row in active.values("role").annotate(people=Count("pk")).order_by()}


business.fact(
    "lms_active_users",
    "People who did something in the last 15 minutes, by role.",
    active_users,
    labels={"role": Role.values},
    every=15,
)
