"""What follows from closed attempts and requests to count, carried out by the outbox."""

from typing import Any

from outbox.services import consumer
from quizzes.models import Quiz
from quizzes.services.attempts import GRADE_TOPIC
from quizzes.services.grading import grade_attempt
from quizzes.services.statistics import STATISTICS_TOPIC, compute_statistics


@consumer(GRADE_TOPIC)
def grade(payload: dict[str, Any]) -> None:
    grade_attempt(attempt_id=payload["attempt"])


@consumer(STATISTICS_TOPIC)
def count(payload: dict[str, Any]) -> None:
    quiz = Quiz.objects.filter(pk=payload["quiz"]).first()
    if quiz is not None:
        compute_statistics(quiz=quiz)
