"""How a course's quizzes and assignments go, for those who teach it; each with a fixed number of queries."""

import datetime
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Avg, Count, Q, QuerySet
from django.db.models.functions import TruncDate
from django.utils import timezone

from accounts.models import User
from courses.models import Course, Enrollment
from quizzes.models import (
    Assignment,
    Attempt,
    AttemptState,
    QuestionStatistics,
    Quiz,
    ScoringPolicy,
    Submission,
    SubmissionState,
)
from quizzes.selectors import grading_queue
from quizzes.services.grading import worth

Graded = Quiz | Assignment


@dataclass(frozen=True)
class Result:
    """What a person has of one quiz or assignment. Points are of the attempt or submission that counts.

    `percent` is None before anything is graded, `points` also where an average counts.
    """

    percent: Decimal | None = None
    points: Decimal | None = None
    maximum: Decimal | None = None
    passed: bool = False
    waiting: bool = False
    attempt: UUID | None = None  # the one that counts or, before any is graded, the latest that was closed
    submission: UUID | None = None


def waiting_by_course(user: User, courses: Sequence[Course]) -> dict[int, int]:
    """How many items of each of these courses wait for the person's grade, by the course's key."""
    items = grading_queue(user).filter(course__in=courses).order_by().values_list("course")
    return dict(items.annotate(number=Count("pk")))


def graded_items(course: Course) -> list[Graded]:
    """Quizzes and assignments of the course in the order of their lessons."""
    quizzes = Quiz.objects.filter(lesson__section__course=course).select_related("lesson__section")
    assignments = Assignment.objects.filter(lesson__section__course=course).select_related("lesson__section")
    return sorted([*quizzes, *assignments], key=_place)


def _place(item: Graded) -> tuple[int, int, int, int]:
    lesson = item.lesson
    return lesson.section.position, lesson.section_id, lesson.position, lesson.pk


def results(items: Sequence[Graded], enrollments: Sequence[Enrollment]) -> dict[int, list[Result]]:
    """For each enrollment, by its key, a result for each item, in the items' order."""
    attempts: dict[tuple[int, int], list[Attempt]] = defaultdict(list)
    closed = Attempt.objects.filter(enrollment__in=enrollments).exclude(state=AttemptState.IN_PROGRESS)
    for attempt in closed.order_by("number"):
        attempts[attempt.enrollment_id, attempt.quiz_id].append(attempt)
    submissions: dict[tuple[int, int], list[Submission]] = defaultdict(list)
    kept = Submission.objects.filter(enrollment__in=enrollments).exclude(state=SubmissionState.SUPERSEDED)
    for submission in kept.defer("text").order_by("number"):
        submissions[submission.enrollment_id, submission.assignment_id].append(submission)
    return {
        row.pk: [
            _of_quiz(item, attempts[row.pk, item.pk])
            if isinstance(item, Quiz)
            else _of_assignment(item, submissions[row.pk, item.pk])
            for item in items
        ]
        for row in enrollments
    }


def _of_quiz(quiz: Quiz, attempts: list[Attempt]) -> Result:
    graded = [attempt for attempt in attempts if attempt.state == AttemptState.GRADED]
    waiting = any(attempt.state == AttemptState.GRADING for attempt in attempts)
    if not graded:
        return Result(waiting=waiting, attempt=attempts[-1].public_id if attempts else None)
    percent, passed = worth(quiz, graded)
    if quiz.scoring_policy == ScoringPolicy.AVERAGE:
        return Result(percent, passed=passed, waiting=waiting, attempt=graded[-1].public_id)
    latest = quiz.scoring_policy == ScoringPolicy.LATEST
    counts = graded[-1] if latest else max(graded, key=lambda attempt: attempt.percent or Decimal(0))
    return Result(percent, counts.points, counts.maximum, passed, waiting, attempt=counts.public_id)


def _of_assignment(assignment: Assignment, submissions: list[Submission]) -> Result:
    """The best graded version counts, as it does for the lesson."""
    graded = [submission for submission in submissions if submission.state == SubmissionState.GRADED]
    waiting = [submission for submission in submissions if submission.state == SubmissionState.WAITING]
    if not graded:
        return Result(waiting=bool(waiting), submission=waiting[-1].public_id if waiting else None)
    best = max(graded, key=lambda submission: submission.percent or Decimal(0))
    shown = waiting[-1] if waiting else best
    return Result(
        best.percent,
        best.points,
        assignment.max_points,
        any(submission.passed for submission in graded),
        bool(waiting),
        submission=shown.public_id,
    )


def quiz_results(course: Course) -> QuerySet[Quiz]:
    """Quizzes of the course, each with `graded` (attempts), `mean_percent` and `passes`."""
    graded = Q(attempts__state=AttemptState.GRADED)
    return (
        Quiz.objects.filter(lesson__section__course=course)
        .select_related("lesson")
        .annotate(
            graded=Count("attempts", filter=graded),
            mean_percent=Avg("attempts__percent", filter=graded),
            passes=Count("attempts", filter=graded & Q(attempts__passed=True)),
        )
        .order_by("lesson__section__position", "lesson__section", "lesson__position", "pk")
    )


def attempts_by_day(course: Course, *, days: int = 28) -> Mapping[datetime.date, int]:
    """Quiz attempts started on each of the last `days` days, today included, in the present time zone."""
    today = timezone.localdate()
    began = [today - datetime.timedelta(days=days - 1 - number) for number in range(days)]
    midnight = timezone.make_aware(datetime.datetime.combine(began[0], datetime.time()))
    counted: dict[Any, int] = dict(
        Attempt.objects.filter(enrollment__course=course, started_at__gte=midnight)
        .annotate(day=TruncDate("started_at"))
        .order_by()
        .values_list("day")
        .annotate(number=Count("pk"))
    )
    return {day: counted.get(day, 0) for day in began}


def statistics_of(quiz: Quiz) -> QuerySet[QuestionStatistics]:
    """Per question, as last counted."""
    rows = QuestionStatistics.objects.filter(question__quiz=quiz).select_related("question__current")
    return rows.order_by("question__position", "question")
