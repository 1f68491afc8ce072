"""Making quizzes: their terms, questions and versions, pools, extra time for a student."""

import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from accounts.models import User
from core.errors import Conflict, Unprocessable
from courses.html import sanitise
from courses.models import Lesson, LessonKind
from quizzes.content import ContentError, normalise
from quizzes.content.schema import opaque_ids
from quizzes.models import Accommodation, Answer, Attempt, AttemptState, Question, QuestionPool, QuestionVersion, Quiz
from quizzes.services.attempts import deadline_for

TERMS = (
    "time_limit_seconds", "opens_at", "closes_at", "grace_seconds", "max_attempts", "pass_mark", "shuffle_questions",
    "shuffle_choices", "feedback_policy", "scoring_policy",
)  # fmt: skip
TIMING = {"time_limit_seconds", "closes_at", "grace_seconds"}
MOST_POINTS = 1000


@transaction.atomic
def create_quiz(*, lesson: Lesson, **terms: Any) -> Quiz:
    """The quiz of a lesson of kind quiz. Raises Conflict `not_a_quiz_lesson` or `has_quiz`."""
    if lesson.kind != LessonKind.QUIZ:
        raise Conflict(_("Only a lesson of kind quiz has a quiz."), code="not_a_quiz_lesson")
    Lesson.objects.select_for_update(no_key=True).get(pk=lesson.pk)
    if Quiz.objects.filter(lesson=lesson).exists():
        raise Conflict(_("The lesson has a quiz already."), code="has_quiz")
    _check_terms(terms, Quiz(lesson=lesson))
    return Quiz.objects.create(lesson=lesson, **terms)


@transaction.atomic
def update_quiz(*, quiz: Quiz, **terms: Any) -> Quiz:
    """Change terms. A changed time limit or closing moves the deadlines of attempts in progress too."""
    row = Quiz.objects.select_for_update(no_key=True).get(pk=quiz.pk)
    _check_terms(terms, row)
    for name, value in terms.items():
        setattr(row, name, value)
    row.save(update_fields=[*terms, "updated_at"])
    if TIMING & set(terms):
        for attempt in Attempt.objects.filter(quiz=row, state=AttemptState.IN_PROGRESS).order_by("pk"):
            _move_deadline(attempt, row)
    return Quiz.objects.select_related("lesson__section__course").get(pk=row.pk)


def _check_terms(terms: dict[str, Any], quiz: Quiz) -> None:
    unknown = set(terms) - set(TERMS)
    if unknown:
        raise ValueError(f"a quiz has no {sorted(unknown)}")
    opens, closes = (terms.get(name, getattr(quiz, name)) for name in ("opens_at", "closes_at"))
    if opens and closes and closes <= opens:
        raise Unprocessable(_("The quiz must close after it opens."), code="closes_before_opening")


@transaction.atomic
def delete_quiz(*, quiz: Quiz) -> None:
    """Raises Conflict `has_attempts` once somebody has taken it."""
    if Attempt.objects.filter(quiz=quiz).exists():
        raise Conflict(_("People have taken this quiz."), code="has_attempts")
    QuestionVersion.objects.filter(question__quiz=quiz).delete()
    quiz.delete()


@transaction.atomic
def add_question(
    *,
    quiz: Quiz,
    kind: str,
    prompt: str,
    content: Any,
    points: Decimal = Decimal(1),
    title: str = "",
    explanation: str = "",
    pool: QuestionPool | None = None,
    by: User | None = None,
) -> Question:
    """Raises Unprocessable `invalid_question`."""
    version = _version(kind, prompt, content, points, title, explanation, by)
    last = Question.objects.filter(quiz=quiz).aggregate(last=Max("position"))["last"] or 0
    question = Question.objects.create(quiz=quiz, pool=pool, position=last + 1)
    version.question = question
    version.save()
    question.current = version
    question.save(update_fields=["current"])
    return question


@transaction.atomic
def revise_question(
    *,
    question: Question,
    prompt: str,
    content: Any,
    points: Decimal | None = None,
    title: str = "",
    explanation: str = "",
    by: User | None = None,
) -> Question:
    """Ask differently from now on, in the same kind. Attempts keep the version they were asked.

    Raises Unprocessable `invalid_question`.
    """
    row = Question.objects.select_for_update(of=("self",), no_key=True).select_related("current").get(pk=question.pk)
    assert row.current is not None
    worth = row.current.points if points is None else points
    version = _version(row.current.kind, prompt, content, worth, title, explanation, by)
    last = QuestionVersion.objects.filter(question=row).aggregate(last=Max("number"))["last"] or 0
    version.question, version.number = row, last + 1
    version.save()
    row.current = version
    row.save(update_fields=["current"])
    return row


@transaction.atomic
def delete_question(*, question: Question) -> None:
    """Ask it no more. Versions that were asked stay with their attempts; the others go."""
    asked = Answer.objects.filter(version__question=question).values("version")
    QuestionVersion.objects.filter(question=question).exclude(pk__in=asked).delete()
    Question.objects.filter(pk=question.pk).delete()


def _version(
    kind: str, prompt: str, content: Any, points: Decimal, title: str, explanation: str, by: User | None
) -> QuestionVersion:
    prompt = sanitise(prompt).strip()
    try:
        if not prompt:
            raise ContentError("the prompt must not be empty")
        if not points.is_finite() or not 0 <= points <= MOST_POINTS:
            raise ContentError(f"points must be within 0..{MOST_POINTS}")
        shape = opaque_ids(kind, normalise(kind, content, prompt))
    except ContentError as error:
        raise Unprocessable(f"{capfirst(str(error))}.", code="invalid_question") from None
    return QuestionVersion(
        kind=kind,
        title=title[:250],
        prompt=prompt,
        content=shape,
        points=points,
        explanation=sanitise(explanation).strip(),
        created_by=by,
    )


@transaction.atomic
def set_pool(*, quiz: Quiz, name: str, draw: int) -> QuestionPool:
    return QuestionPool.objects.update_or_create(quiz=quiz, name=name, defaults={"draw": draw})[0]


@transaction.atomic
def accommodate(*, quiz: Quiz, user: User, extra_seconds: int, extra_attempts: int = 0) -> Accommodation:
    """Give a student more time and attempts; an attempt in progress gets the time at once."""
    row, _created = Accommodation.objects.update_or_create(
        quiz=quiz, user=user, defaults={"extra_seconds": extra_seconds, "extra_attempts": extra_attempts}
    )
    running = Attempt.objects.filter(quiz=quiz, enrollment__user=user, state=AttemptState.IN_PROGRESS).first()
    if running is not None:
        _move_deadline(running, quiz, row)
    return row


def _move_deadline(attempt: Attempt, quiz: Quiz, extra: Accommodation | None = None) -> None:
    if extra is None:
        found = Accommodation.objects.filter(quiz=quiz, user=attempt.enrollment.user).first()
        extra = found or Accommodation()
    deadline = deadline_for(quiz, extra, attempt.started_at)
    Attempt.objects.filter(pk=attempt.pk, state=AttemptState.IN_PROGRESS).update(
        deadline_at=deadline, accepts_until=deadline and deadline + datetime.timedelta(seconds=quiz.grace_seconds)
    )
