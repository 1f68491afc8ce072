"""Scheduled work of quizzes."""

from celery import shared_task

from quizzes import idempotency, services


@shared_task
def expire_overdue() -> int:
    """Close overdue attempts; what was saved is graded."""
    return services.sweep()


@shared_task
def refresh_statistics() -> int:
    """Count again what was graded since the last time."""
    return services.refresh_statistics()


@shared_task
def forget_idempotency_keys() -> int:
    return idempotency.forget_old()
