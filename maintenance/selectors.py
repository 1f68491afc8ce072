"""Which windows are open, planned, or not yet carried out at Alertmanager."""

import datetime

from django.db.models import QuerySet
from django.utils import timezone

from maintenance.models import MaintenanceWindow


def open_windows(at: datetime.datetime | None = None) -> QuerySet[MaintenanceWindow]:
    now = at or timezone.now()
    return MaintenanceWindow.objects.filter(ended_at__isnull=True, starts_at__lte=now, ends_at__gt=now)


def planned_windows(at: datetime.datetime | None = None) -> QuerySet[MaintenanceWindow]:
    return MaintenanceWindow.objects.filter(ended_at__isnull=True, starts_at__gt=at or timezone.now()).order_by(
        "starts_at"
    )


def unsettled() -> QuerySet[MaintenanceWindow]:
    """Windows whose silence may still have to be opened, changed or closed."""
    return MaintenanceWindow.objects.filter(settled_at__isnull=True)
