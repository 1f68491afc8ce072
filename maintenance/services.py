"""Plans maintenance, ends it, and carries it out at Alertmanager."""

import datetime

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from maintenance import alertmanager, selectors
from maintenance.models import MaintenanceWindow
from maintenance.signals import maintenance_over, maintenance_silenced

# Pages go on: who works on the system wants to know that it broke.
SILENCED = {"severity": "warning"}
CLOSE_ENOUGH = datetime.timedelta(seconds=1)


def schedule_window(*, title: str, starts_at: datetime.datetime, ends_at: datetime.datetime) -> MaintenanceWindow:
    """Raises ValidationError for a window that would never be open."""
    window = MaintenanceWindow(title=title, starts_at=starts_at, ends_at=ends_at)
    window.full_clean()
    window.save()
    return window


def end_window(*, window: MaintenanceWindow) -> bool:
    """End it now, or cancel it before its start; whether it was still to end."""
    now = timezone.now()
    ended = MaintenanceWindow.objects.filter(pk=window.pk, ended_at__isnull=True, ends_at__gt=now).update(ended_at=now)
    window.refresh_from_db()
    return bool(ended)


def carry_out() -> int:
    """Make Alertmanager's silences those of the windows; how many windows were looked at.

    Silences are left with Alertmanager as soon as they are planned, so that they open while the LMS itself is down.
    Raises `core.remote.Unreachable`; what was left undone is done the next time.
    """
    base = settings.OPERATIONS["ALERTMANAGER"]
    if not base:
        return 0
    keys = list(selectors.unsettled().order_by("starts_at").values_list("pk", flat=True))
    for key in keys:
        # Held while Alertmanager is asked, or two workers would open two silences.
        with transaction.atomic():
            window = selectors.unsettled().select_for_update(skip_locked=True).filter(pk=key).first()
            if window is not None:
                _carry_out(base, window)
    return len(keys)


def _carry_out(base: str, window: MaintenanceWindow) -> None:
    now = timezone.now()
    author = f"maintenance {window.public_id}"
    found = alertmanager.silences(base, author=author)
    if window.over_at <= now:
        for left in found:
            alertmanager.expire(base, left.id)
        window.settled_at = now
        window.save(update_fields=["settled_at"])
        transaction.on_commit(lambda: maintenance_over.send(MaintenanceWindow, window=window))
        return
    for extra in found[1:]:
        alertmanager.expire(base, extra.id)
    if not found or not _as_planned(found[0], window, now):
        alertmanager.silence(
            base,
            author=author,
            comment=window.title,
            matchers=SILENCED,
            starts_at=max(window.starts_at, now),
            ends_at=window.ends_at,
            replaces=found[0].id if found else "",
        )
    if window.silenced_at is None:
        window.silenced_at = now
        window.save(update_fields=["silenced_at"])
        transaction.on_commit(lambda: maintenance_silenced.send(MaintenanceWindow, window=window))


def _as_planned(found: alertmanager.Silence, window: MaintenanceWindow, now: datetime.datetime) -> bool:
    starts = max(window.starts_at, now)
    # Alertmanager moves a start that has passed to when it was told.
    starts_right = found.starts_at <= now if starts == now else abs(found.starts_at - starts) < CLOSE_ENOUGH
    return starts_right and abs(found.ends_at - window.ends_at) < CLOSE_ENOUGH and found.comment == window.title
