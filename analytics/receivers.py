"""What analytics makes of what happens in the apps below."""

from typing import Any

from accounts.models import User
from accounts.signals import person_seen
from analytics.active_users import active_users


def note_activity(sender: Any, *, user: User, **kwargs: Any) -> None:
    active_users.seen(user.role, user.pk)


def connect() -> None:
    """Called once, when the app is ready."""
    person_seen.connect(note_activity)
