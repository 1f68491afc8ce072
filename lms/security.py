"""Security events that follow from how people learn: what quizzes tell, judged and reported."""

from typing import Any

from django.conf import settings

from observability.security.events import SecurityEvent
from observability.security.reporting import report
from quizzes import signals
from quizzes.models import Attempt


def judge_pace(sender: Any, *, attempt: Attempt, seconds: float, **kwargs: Any) -> None:
    """Answered faster than anybody reads: QUIZ_READING_SECONDS for each question that has an answer."""
    answered = attempt.answers.filter(response__isnull=False).count()
    if seconds < answered * settings.QUIZ_READING_SECONDS:
        user = attempt.enrollment.user
        report(SecurityEvent.QUIZ_TOO_FAST, user=user, attempt=str(attempt.public_id), questions=answered)


def connect() -> None:
    """Called once, when the app is ready."""
    signals.attempt_submitted.connect(judge_pace, dispatch_uid="lms.security.pace")
