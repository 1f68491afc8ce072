"""Reading the outbox."""

from django.db.models import Count, Min, Q
from django.utils import timezone

from outbox.models import Message


def backlog() -> dict[str, int]:
    """How many messages wait (`pending`) and how many were given up (`given_up`)."""
    waiting = Q(failed_at__isnull=True)
    undelivered = Message.objects.filter(delivered_at__isnull=True)
    return undelivered.aggregate(pending=Count("pk", filter=waiting), given_up=Count("pk", filter=~waiting))


def oldest_pending_seconds() -> float:
    """The age of the oldest message that waits; 0 when none does."""
    pending = Message.objects.filter(delivered_at__isnull=True, failed_at__isnull=True)
    oldest = pending.aggregate(oldest=Min("created_at"))["oldest"]
    return (timezone.now() - oldest).total_seconds() if oldest else 0.0
