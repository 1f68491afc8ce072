"""Scheduled work of quizzes."""

from celery import shared_task

from core.events import announce
from quizzes import idempotency, selectors, services, signals
from quizzes.models import Attempt


@shared_task
def expire_overdue() -> int:
    """Close overdue attempts; what was saved is graded."""
    return services.sweep()


@shared_task
def measure_exam_day() -> None:
    """Say how many attempts run, are due and are late, for whoever counts."""
    announce(signals.exam_day_measured, Attempt, facts=selectors.exam_day())


@shared_task
def refresh_statistics() -> int:
    """Count again what was graded since the last time."""
    return services.refresh_statistics()


@shared_task
def forget_idempotency_keys() -> int:
    return idempotency.forget_old()
