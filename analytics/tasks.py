"""Scheduled work of analytics."""

from celery import shared_task

from analytics import consistency, workload
from analytics.engagement import refresh as engagement


@shared_task
def refresh_workload() -> int:
    """Count again what waits for those who teach."""
    return workload.refresh()


@shared_task
def check_consistency() -> dict[str, int]:
    """Look for what should not be."""
    return consistency.check()


@shared_task
def refresh_changed_engagement() -> int:
    """Count again the engagement of those to whom something happened."""
    return engagement.changed()


@shared_task
def refresh_engagement() -> int:
    """Count everybody's engagement again: time alone changes it."""
    return engagement.everybody()
