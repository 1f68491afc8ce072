"""Scheduled work of courses."""

from celery import shared_task

from courses import services


@shared_task
def expire_enrollments() -> int:
    """End what is active in dated courses that are over."""
    return services.expire_enrollments()
