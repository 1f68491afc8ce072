"""Counters of what happens to people. Labels are closed; nothing here names anybody."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.dispatch import Signal, receiver

from accounts import signals
from accounts.models import Role, User
from accounts.selectors import SECOND_FACTORS
from observability import business
from observability.security.events import SecurityEvent
from observability.security.reporting import report

LOCKOUTS = {"login_account", "login_source", "mfa_account", "mfa_source"}  # limits of wrong secrets

signups = business.Counter("lms_signups_total", "People who signed up.")
emails_verified = business.Counter("lms_emails_verified_total", "E-mail addresses verified by their link.")
logins = business.Counter(
    "lms_logins_total",
    "Logins by result; `limited` ones were refused before what was sent was looked at.",
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


@receiver(signals.logged_in)
def report_login(sender: Any, *, user: User, source: str, **kwargs: Any) -> None:
    report(SecurityEvent.LOGIN_SUCCEEDED, user=user, source=source)


@receiver(signals.login_failed)
def report_failed_login(sender: Any, *, reason: signals.LoginFailure, source: str, account: str, **kwargs: Any) -> None:
    if reason in (signals.LoginFailure.PASSWORD, signals.LoginFailure.PASSKEY):
        report(SecurityEvent.LOGIN_FAILED, source=source, account=account)
    elif reason == signals.LoginFailure.CODE:
        report(SecurityEvent.MFA_FAILED, source=source, account=account)
    # What a limit refused is told by `throttled`.


@receiver(signals.confirmation_failed)
def report_failed_confirmation(sender: Any, *, user: User, method: str, **kwargs: Any) -> None:
    event = SecurityEvent.LOGIN_FAILED if method == "password" else SecurityEvent.MFA_FAILED
    report(event, user=user, step="confirmation")


@receiver(signals.throttled)
def report_throttled(sender: Any, *, limit: str, source: str, **kwargs: Any) -> None:
    report(SecurityEvent.LOCKOUT if limit in LOCKOUTS else SecurityEvent.THROTTLED, source=source, limit=limit)


@receiver(signals.password_reset_requested)
def report_reset_request(sender: Any, *, user: User, **kwargs: Any) -> None:
    report(SecurityEvent.PASSWORD_RESET_ASKED, user=user)


@receiver(signals.password_changed)
def report_new_password(sender: Any, *, user: User, how: str, **kwargs: Any) -> None:
    report(SecurityEvent.PASSWORD_RESET_USED if how == "reset" else SecurityEvent.PASSWORD_CHANGED, user=user)


@receiver(signals.email_verified)
def report_verification(sender: Any, *, user: User, **kwargs: Any) -> None:
    report(SecurityEvent.EMAIL_VERIFIED, user=user)


@receiver(signals.email_rejected)
def report_rejection(sender: Any, **kwargs: Any) -> None:
    report(SecurityEvent.EMAIL_REJECTED)


@receiver(signals.mfa_changed)
def report_mfa(sender: Any, *, user: User, method: str, change: str, **kwargs: Any) -> None:
    """Recovery codes come and go with the factor they stand in for."""
    if method in SECOND_FACTORS and change in ("added", "removed"):
        event = SecurityEvent.MFA_ENABLED if change == "added" else SecurityEvent.MFA_DISABLED
        report(event, user=user, method=method)


@receiver(signals.recovery_code_used)
def report_recovery_code(sender: Any, *, user: User, **kwargs: Any) -> None:
    report(SecurityEvent.RECOVERY_CODE_USED, user=user)


@receiver(signals.secret_reused)
def report_reuse(sender: Any, *, kind: str, user: User | None, **kwargs: Any) -> None:
    report(SecurityEvent.TOKEN_REUSED, user=user, kind=kind)


@receiver(signals.personal_data_exported)
def report_export(sender: Any, *, user: User, **kwargs: Any) -> None:
    report(SecurityEvent.PERSONAL_DATA_EXPORTED, user=user)


def _permission_change(change: str) -> Callable[..., None]:
    def tell(sender: Any, *, user: User, by: User | None, **kwargs: Any) -> None:
        who = str(by.public_id) if by is not None else "command"
        report(SecurityEvent.PERMISSION_CHANGED, user=user, change=change, role=user.role, by=who)

    return tell


PERMISSION_CHANGES: dict[str, Signal] = {
    "role": signals.role_changed,
    "deactivated": signals.user_deactivated,
    "activated": signals.user_activated,
    "service_token_issued": signals.service_token_issued,
    "service_token_revoked": signals.service_token_revoked,
}
for change, signal in PERMISSION_CHANGES.items():
    signal.connect(_permission_change(change), weak=False, dispatch_uid=f"accounts.metrics.{change}")
