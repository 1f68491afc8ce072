"""Scheduled work of certificates."""

from celery import shared_task

from certificates import services


@shared_task
def issue_missing() -> int:
    """Issue what was completed and never got its certificate."""
    return services.issue_missing().issued
