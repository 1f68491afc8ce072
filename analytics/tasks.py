"""Scheduled work of analytics."""

from celery import shared_task

from analytics import consistency, workload


@shared_task
def refresh_workload() -> int:
    """Count again what waits for those who teach."""
    return workload.refresh()


@shared_task
def check_consistency() -> dict[str, int]:
    """Look for what should not be."""
    return consistency.check()
