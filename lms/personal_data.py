"""Security events about a person: handed out; kept when the person is erased.

They are evidence, can't be changed, and go after their time (lms.retention). Erasing gives the account a new public id,
so that those of before no longer lead to anybody.
"""

from typing import Any

from django.conf import settings

from accounts.models import User
from accounts.personal_data import Part, register


def _export(person: User) -> list[dict[str, Any]]:
    from observability.security.models import SecurityRecord  # only where the app is installed

    rows = SecurityRecord.objects.filter(person=str(person.public_id)).order_by("pk")
    return [{"at": row.at.isoformat(), "event": row.event, "source": row.source} for row in rows]


def _erase(person: User) -> int:
    return 0


if settings.OBSERVABILITY_ENABLED:
    register(Part("security_events", _export, _erase))
