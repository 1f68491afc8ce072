"""One INFO line for each thing that happens: the event's name, public ids and the course's slug, nothing personal."""

import logging
from functools import partial
from typing import Any

from quizzes import signals
from quizzes.models import Attempt, Quiz, Submission

logger = logging.getLogger("quizzes.events")

EVENTS = {
    "attempt.started": signals.attempt_started,
    "attempt.submitted": signals.attempt_submitted,
    "attempt.expired": signals.attempt_expired,
    "attempt.graded": signals.attempt_graded,
    "attempt.passed": signals.attempt_passed,
    "attempt.failed": signals.attempt_failed,
    "attempt.regraded": signals.attempt_regraded,
}
SUBMISSION_EVENTS = {
    "submission.received": signals.submission_received,
    "submission.graded": signals.submission_graded,
    "submission.regraded": signals.submission_regraded,
}


def on_attempt(event: str, sender: Any, *, attempt: Attempt, **kwargs: Any) -> None:
    facts = {
        "course": attempt.enrollment.course.slug,
        "quiz": str(attempt.quiz.public_id),
        "attempt": str(attempt.public_id),
        "person": str(attempt.enrollment.user.public_id),
    }
    if "seconds" in kwargs:
        facts["duration_seconds"] = f"{kwargs['seconds']:.3f}"
    logger.info(event, extra={"event": event, **facts})


def on_imported(sender: Any, *, quiz: Quiz, format: str, imported: int, not_imported: int, **kwargs: Any) -> None:
    facts = {"quiz": str(quiz.public_id), "format": format, "imported": imported, "not_imported": not_imported}
    logger.info("questions.imported", extra={"event": "questions.imported", **facts})


def on_submission(event: str, sender: Any, *, submission: Submission, **kwargs: Any) -> None:
    facts: dict[str, Any] = {
        "course": submission.enrollment.course.slug,
        "assignment": str(submission.assignment.public_id),
        "submission": str(submission.public_id),
        "person": str(submission.enrollment.user.public_id),
        "version": submission.number,
    }
    facts |= {name: kwargs[name] for name in ("files", "bytes", "quarantined") if name in kwargs}
    if "seconds" in kwargs:
        facts["duration_seconds"] = f"{kwargs['seconds']:.3f}"
    logger.info(event, extra={"event": event, **facts})


def connect() -> None:
    """Called once, when the app is ready."""
    for event, signal in EVENTS.items():
        signal.connect(partial(on_attempt, event), weak=False, dispatch_uid=event)
    for event, signal in SUBMISSION_EVENTS.items():
        signal.connect(partial(on_submission, event), weak=False, dispatch_uid=event)
    signals.questions_imported.connect(on_imported)
