"""Changing people. Whoever calls has checked that `by` may do it, unless a function says that it checks."""

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from accounts import selectors, signals
from accounts.models import Role, User
from accounts.time_zones import time_zones
from core.errors import Conflict, Unprocessable
from core.events import announce


def change_name(*, person: User, name: str) -> User:
    """`name` comes from forms.clean_name."""
    person.name = name
    person.save(update_fields=["name"])
    return person


def change_time_zone(*, person: User, time_zone: str) -> User:
    """Empty: the site's. Raises Unprocessable for one that isn't known."""
    if time_zone and time_zone not in time_zones():
        raise Unprocessable(_("There is no such time zone."), code="unknown_time_zone")
    person.time_zone = time_zone
    person.save(update_fields=["time_zone"])
    return person


@transaction.atomic
def change_role(*, person: User, role: Role, by: User | None = None) -> User:
    """Give `person` another role; every session of theirs ends. Announced; the same role again changes nothing.

    Raises Conflict when no active admin would be left, Unprocessable for an unknown role.
    """
    if role not in Role.values:
        raise Unprocessable(_("There is no role %(role)r.") % {"role": role}, code="unknown_role")
    locked = _lock(person)
    if locked.role == role:
        return _copy(locked, person)
    if role != Role.ADMIN:
        ensure_admin_remains(without=locked)
    previous = Role(locked.role)
    locked.role = role
    locked.is_superuser = locked.is_superuser and role == Role.ADMIN
    locked.session_generation = F("session_generation") + 1
    locked.save(update_fields=["role", "is_superuser", "session_generation"])
    locked.refresh_from_db()
    announce(signals.role_changed, User, user=locked, previous=previous, by=by)
    return _copy(locked, person)


@transaction.atomic
def deactivate(*, person: User, by: User | None = None) -> User:
    """Nobody can log in as `person` any more and every session of theirs ends. Announced once.

    Raises Conflict when no active admin would be left.
    """
    locked = _lock(person)
    if not locked.is_active:
        return _copy(locked, person)
    ensure_admin_remains(without=locked)
    locked.is_active = False
    locked.session_generation = F("session_generation") + 1
    locked.save(update_fields=["is_active", "session_generation"])
    locked.refresh_from_db()
    announce(signals.user_deactivated, User, user=locked, by=by)
    return _copy(locked, person)


@transaction.atomic
def activate(*, person: User, by: User | None = None) -> User:
    """Undo a deactivation. Earlier sessions stay ended."""
    locked = _lock(person)
    if not locked.is_active:
        locked.is_active = True
        locked.save(update_fields=["is_active"])
        announce(signals.user_activated, User, user=locked, by=by)
    return _copy(locked, person)


def end_sessions(*, person: User) -> None:
    """Log `person` out everywhere."""
    User.objects.filter(pk=person.pk).update(session_generation=F("session_generation") + 1)
    person.refresh_from_db(fields=["session_generation"])


@transaction.atomic
def create_person(*, email: str, name: str, role: Role = Role.STUDENT, password: str | None = None) -> User:
    """A person with a verified address, created by somebody who vouches for it. Without password: by reset only.

    Raises Conflict when the address is taken.
    """
    if User.objects.filter(email__iexact=email).exists():
        raise Conflict(_("There is a person with this address already."), code="email_taken")
    user = User.objects.create_user(email, password, name=name, role=role)
    user.trust_address()
    return user


def ensure_admin_remains(*, without: User) -> None:
    """Raises Conflict when `without` is the only active admin. Locks the admins inside a transaction."""
    if without.role != Role.ADMIN or not without.is_active:
        return
    admins = selectors.active_admins().order_by("pk")
    if transaction.get_connection().in_atomic_block:
        admins = admins.select_for_update()
    if {admin.pk for admin in admins} <= {without.pk}:
        raise Conflict(_("This is the last active admin. Make somebody else an admin first."), code="last_admin")


def _lock(person: User) -> User:
    # Admins first and in one order, so that two admins who demote each other wait instead of deadlocking.
    list(selectors.active_admins().order_by("pk").select_for_update().values_list("pk", flat=True))
    return User.objects.select_for_update().get(pk=person.pk)


def _copy(source: User, target: User) -> User:
    """The caller's object tells the truth too."""
    for field in ("role", "is_superuser", "is_active", "session_generation"):
        setattr(target, field, getattr(source, field))
    return target
