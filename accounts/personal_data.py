"""What is stored about a person: handing it out, and erasing it.

Each app registers its part from a `personal_data.py` of its own. Erasing keeps the rows that courses and reports count,
without anything that says whose they were: the account loses its address, name, factors, sessions and public id, so
that earlier log lines, which carry the public id or a keyed hash, no longer lead to a person either.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts import services, signals
from accounts.models import User
from core.events import announce
from outbox.models import Message

ERASED_DOMAIN = "erased.invalid"


@dataclass(frozen=True)
class Part:
    """One app's share. `export` gives JSON-ready data; `erase` runs in the transaction and returns what it removed."""

    name: str
    export: Callable[[User], Any]
    erase: Callable[[User], int]


_parts: dict[str, Part] = {}


def register(part: Part) -> None:
    """Raises ValueError when the name is taken."""
    if _parts.setdefault(part.name, part) != part:
        raise ValueError(f"personal data part {part.name!r} is registered already")


def export_person(*, person: User) -> dict[str, Any]:
    """Everything that is stored about `person`, part by part, ready for JSON. Announced: it is a security event."""
    data = {name: part.export(person) for name, part in sorted(_parts.items())}
    announce(signals.personal_data_exported, User, user=person)
    return {"exported_at": timezone.now().isoformat(), **data}


def is_erased(person: User) -> bool:
    return person.email.endswith("@" + ERASED_DOMAIN)


@transaction.atomic
def erase_person(*, person: User) -> dict[str, int]:
    """Erase who `person` is. Returns the number of removed things by part; a second time removes nothing.

    Raises Conflict for the last active admin.
    """
    person = User.objects.select_for_update().get(pk=person.pk)
    if is_erased(person):
        return dict.fromkeys(_parts, 0)
    services.ensure_admin_remains(without=person)
    removed = {name: part.erase(person) for name, part in sorted(_parts.items())}
    announce(signals.person_erased, User, user=person)
    return removed


def _export_account(person: User) -> dict[str, Any]:
    return {
        "public_id": str(person.public_id),
        "email": person.email,
        "name": person.name,
        "role": person.role,
        "time_zone": person.time_zone,
        "is_active": person.is_active,
        "date_joined": person.date_joined.isoformat(),
        "last_login": person.last_login.isoformat() if person.last_login else None,
        "last_activity_at": person.last_activity_at.isoformat() if person.last_activity_at else None,
        "addresses": list(
            EmailAddress.objects.filter(user=person).order_by("pk").values("email", "verified", "primary")
        ),
        "second_factors": list(Authenticator.objects.filter(user=person).order_by("pk").values_list("type", flat=True)),
        "sessions": [
            {"ip": row.ip, "user_agent": row.user_agent, "created_at": row.created_at.isoformat()}
            for row in UserSession.objects.filter(user=person).order_by("created_at")
        ],
    }


def _erase_account(person: User) -> int:
    removed = _erase_traces(person)
    new_id = uuid.uuid4()
    User.objects.filter(pk=person.pk).update(
        email=f"{new_id}@{ERASED_DOMAIN}",
        public_id=new_id,
        name="",
        time_zone="",
        is_active=False,
        is_superuser=False,
        last_login=None,
        last_activity_at=None,
        session_generation=person.session_generation + 1,
    )
    person.refresh_from_db()
    person.set_unusable_password()
    person.save(update_fields=["password"])
    return removed + 1


def _erase_traces(person: User) -> int:
    """What else knows the person by address, public id or session."""
    removed = 0
    store = import_module(settings.SESSION_ENGINE).SessionStore  # the one that forgets its cached copy too
    for session in Session.objects.iterator():
        if session.get_decoded().get("_auth_user_id") == str(person.pk):
            store(session.session_key).delete()
            removed += 1
    addresses = [*EmailAddress.objects.filter(user=person).values_list("email", flat=True), person.email]
    mentions = Q(payload__to__in=addresses) | Q(key=str(person.public_id))
    for query in (
        EmailAddress.objects.filter(user=person),
        Authenticator.objects.filter(user=person),
        UserSession.objects.filter(user=person),
        Message.objects.filter(mentions),
    ):
        removed += query.delete()[0]
    about = LogEntry.objects.filter(content_type=ContentType.objects.get_for_model(User), object_id=str(person.pk))
    about.update(object_repr="erased person", change_message="")
    return removed


register(Part("account", _export_account, _erase_account))


def _export_tokens(person: User) -> dict[str, Any]:
    return {
        "issued": [
            {
                "name": token.name,
                "scopes": token.scopes,
                "created_at": token.created_at.isoformat(),
                "expires_at": token.expires_at.isoformat(),
                "revoked_at": token.revoked_at.isoformat() if token.revoked_at else None,
            }
            for token in person.service_tokens.order_by("pk")
        ]
    }


def _erase_tokens(person: User) -> int:
    return person.service_tokens.all().delete()[0]


register(Part("service_tokens", _export_tokens, _erase_tokens))
