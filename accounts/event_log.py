"""One line for each thing that happens to people: public ids and closed words, no address, no name."""

import logging
from typing import Any

from django.dispatch import Signal

from accounts import signals
from accounts.models import User

logger = logging.getLogger("accounts.events")

EVENTS: dict[str, Signal] = {
    "person.signed_up": signals.user_signed_up,
    "person.email_verified": signals.email_verified,
    "person.logged_in": signals.logged_in,
    "person.login_failed": signals.login_failed,
    "person.logged_out": signals.logged_out,
    "person.password_reset_requested": signals.password_reset_requested,
    "person.password_changed": signals.password_changed,
    "person.mfa_changed": signals.mfa_changed,
    "person.confirmation_failed": signals.confirmation_failed,
    "person.recovery_code_used": signals.recovery_code_used,
    "person.email_rejected": signals.email_rejected,
    "person.secret_reused": signals.secret_reused,
    "person.role_changed": signals.role_changed,
    "person.deactivated": signals.user_deactivated,
    "person.activated": signals.user_activated,
    "service_token.issued": signals.service_token_issued,
    "service_token.revoked": signals.service_token_revoked,
    "limit.reached": signals.throttled,
}
# A person recovers from these by trying again; many of them together are worth a look.
REFUSALS = frozenset(
    {
        "person.login_failed",
        "person.confirmation_failed",
        "person.email_rejected",
        "person.secret_reused",
        "limit.reached",
    }
)
FACTS = ("reason", "how", "method", "change", "previous", "limit", "kind")


def _write(event: str, user: User | None = None, by: User | None = None, **facts: Any) -> None:
    fields = {name: str(facts[name]) for name in FACTS if name in facts}
    if user is not None:
        fields |= {"person": str(user.public_id), "role": user.role}
    if by is not None:
        fields["by"] = str(by.public_id)
    level = logging.WARNING if event in REFUSALS else logging.INFO
    logger.log(level, event, extra={"event": event, **fields})


def connect() -> None:
    """Called once, when the app is ready."""
    for event, signal in EVENTS.items():

        def write(sender: Any, event: str = event, **facts: Any) -> None:
            _write(event, **facts)

        signal.connect(write, weak=False, dispatch_uid=f"accounts.event_log.{event}")
