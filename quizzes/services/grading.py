"""From answers to grades: by the machine, by people, and the result of the whole attempt."""

import datetime
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts.models import User
from core.errors import Conflict, Unprocessable
from core.events import announce
from courses.models import Course, Enrollment
from courses.services import record_lesson_result
from quizzes import clock, scoring, signals
from quizzes.models import Answer, Attempt, AttemptState, ChangeKind, GradeChange, Quiz, ScoringPolicy
from quizzes.services.attempts import loaded

CLOSED = (AttemptState.SUBMITTED, AttemptState.EXPIRED)
CLAIM = datetime.timedelta(minutes=30)


def lock_attempt(attempt_id: int) -> Attempt:
    """Enrollment first, then the attempt: the order everybody takes."""
    enrollment_id = Attempt.objects.values_list("enrollment_id", flat=True).get(pk=attempt_id)
    Enrollment.objects.select_for_update(no_key=True).get(pk=enrollment_id)
    return Attempt.objects.select_for_update(no_key=True).get(pk=attempt_id)


@transaction.atomic
def grade_attempt(*, attempt_id: int) -> AttemptState:
    """Score what can be scored of a closed attempt; the rest waits for people. Again changes nothing.

    One transaction: a worker that dies in it leaves the attempt closed and ungraded, and the next try grades it.
    """
    attempt = lock_attempt(attempt_id)
    if attempt.state not in CLOSED:
        return AttemptState(attempt.state)
    answers = list(Answer.objects.filter(attempt=attempt).select_related("version").prefetch_related("files"))
    moment = clock.now()
    for answer in answers:
        version = answer.version
        response = answer.response if answer.response is not None else [file.pk for file in answer.files.all()]
        share = scoring.fraction(version.kind, version.content, response)
        answer.needs_person = share is None
        answer.points = None if share is None else scoring.points(share, version.points)
        answer.graded_at = None if share is None else moment
    Answer.objects.bulk_update(answers, ["needs_person", "points", "graded_at"])
    if any(answer.points is None for answer in answers):
        Attempt.objects.filter(pk=attempt.pk, state__in=CLOSED).update(state=AttemptState.GRADING)
        return AttemptState.GRADING
    finish(attempt, by="machine")
    return AttemptState.GRADED


def finish(attempt: Attempt, *, by: str) -> None:
    """Turn points into the attempt's result, and that into the lesson's. The caller holds the attempt's lock."""
    moment = clock.now()
    changed = Attempt.objects.filter(pk=attempt.pk, state__in=[*CLOSED, AttemptState.GRADING]).update(
        state=AttemptState.GRADED, graded_at=moment, **_result(attempt)
    )
    if not changed:
        return
    graded = loaded(attempt.pk)
    assert graded.closed_at is not None
    seconds = (moment - graded.closed_at).total_seconds()
    record_result(graded)
    announce(signals.attempt_graded, Attempt, attempt=graded, by=by, seconds=seconds)
    announce(signals.attempt_passed if graded.passed else signals.attempt_failed, Attempt, attempt=graded)


def recount(attempt: Attempt) -> Attempt:
    """The result again after points changed. The caller holds the attempt's lock."""
    Attempt.objects.filter(pk=attempt.pk, state=AttemptState.GRADED).update(**_result(attempt))
    changed = loaded(attempt.pk)
    if changed.state == AttemptState.GRADED:
        record_result(changed)
    return changed


def _result(attempt: Attempt) -> dict[str, Any]:
    scores = Answer.objects.filter(attempt=attempt).values_list("points", "version__points")
    result = scoring.result([(points or Decimal(0), most) for points, most in scores], attempt.quiz.pass_mark)
    return {
        "points": result.points,
        "maximum": result.maximum,
        "percent": min(result.percent, Decimal(100)),
        "passed": result.passed,
    }


def record_result(attempt: Attempt) -> None:
    """What the quiz is worth to the student by its scoring policy. An unpublished lesson takes no result."""
    quiz = attempt.quiz
    if not quiz.lesson.published:
        return
    graded = list(
        Attempt.objects.filter(enrollment=attempt.enrollment, quiz=quiz, state=AttemptState.GRADED).order_by("number")
    )
    percent, passed = worth(quiz, graded)
    record_lesson_result(
        enrollment=attempt.enrollment, lesson=quiz.lesson, passed=passed, fraction=float(percent / 100)
    )


def worth(quiz: Quiz, graded: Sequence[Attempt]) -> tuple[Decimal, bool]:
    """Percent and pass of a person's graded attempts, in their order, by the quiz's scoring policy."""
    percent = scoring.combine(quiz.scoring_policy, [row.percent for row in graded if row.percent is not None])
    if quiz.scoring_policy == ScoringPolicy.HIGHEST:
        return percent, any(row.passed for row in graded)
    if quiz.scoring_policy == ScoringPolicy.LATEST:
        return percent, bool(graded[-1].passed)
    return percent, percent >= quiz.pass_mark


def waiting(courses: QuerySet[Course]) -> QuerySet[Answer]:
    """Answers of these courses that wait for a person's grade, oldest first."""
    return (
        Answer.objects.filter(
            needs_person=True,
            points__isnull=True,
            attempt__state=AttemptState.GRADING,
            attempt__enrollment__course__in=courses,
        )
        .select_related("version", "attempt__enrollment__user", "attempt__quiz__lesson", "claimed_by")
        .order_by("attempt__closed_at", "pk")
    )


@transaction.atomic
def claim(*, answer: Answer, by: User) -> Answer:
    """Take this answer for 30 minutes; again extends. Raises Conflict `claimed`, `not_waiting` or `own_answer`."""
    row = Answer.objects.select_for_update(no_key=True).get(pk=answer.pk)
    if answer.attempt.enrollment.user_id == by.pk:
        raise Conflict(_("Nobody grades their own answers."), code="own_answer")
    if not row.needs_person or row.points is not None:
        raise Conflict(_("The answer doesn't wait for a grade."), code="not_waiting")
    if row.claimed_by_id not in (None, by.pk) and row.claimed_until and row.claimed_until > clock.now():
        raise Conflict(_("Somebody else is grading this answer."), code="claimed")
    return _claimed(row.pk, by)


def _claimed(key: int, by: User) -> Answer:
    Answer.objects.filter(pk=key).update(claimed_by=by, claimed_until=clock.now() + CLAIM)
    return Answer.objects.select_related("version", "attempt__enrollment__user", "attempt__quiz__lesson").get(pk=key)


def release(*, answer: Answer, by: User) -> None:
    """Give a claimed answer back. Nothing when it is somebody else's."""
    Answer.objects.filter(pk=answer.pk, claimed_by=by).update(claimed_by=None, claimed_until=None)


@transaction.atomic
def grade_answer(
    *,
    answer: Answer,
    by: User,
    points: Decimal | None = None,
    rubric: dict[str, Decimal] | None = None,
    comment: str = "",
) -> Answer:
    """A person's grade: points, or points by rubric entry, and a comment. The last one missing finishes the attempt.

    Raises Conflict `not_claimed` without a valid claim, Unprocessable `invalid_points`.
    """
    attempt = lock_attempt(answer.attempt_id)
    row = Answer.objects.select_for_update(of=("self",), no_key=True).select_related("version").get(pk=answer.pk)
    held = row.claimed_by_id == by.pk and row.claimed_until is not None and row.claimed_until > clock.now()
    if attempt.state != AttemptState.GRADING or not row.needs_person or row.points is not None or not held:
        raise Conflict(_("Claim the answer before grading it."), code="not_claimed")
    marks = check_rubric(row, rubric or {})
    total = sum(marks.values(), Decimal(0)) if marks else points
    if total is None:
        raise Unprocessable(_("Give points, or points by rubric entry."), code="invalid_points")
    check_points(row, total)
    Answer.objects.filter(pk=row.pk).update(
        points=total,
        rubric={key: str(value) for key, value in marks.items()},
        comment=comment,
        graded_by=by,
        graded_at=clock.ClockNow(),
        claimed_by=None,
        claimed_until=None,
    )
    GradeChange.objects.create(answer=row, kind=ChangeKind.PERSON, by=by, reason=comment, new_points=total)
    if not Answer.objects.filter(attempt=attempt, points__isnull=True).exists():
        finish(attempt, by="person")
    row.refresh_from_db()
    return row


def check_points(answer: Answer, points: Decimal) -> None:
    """Raises Unprocessable `invalid_points` outside of what the question can earn."""
    if not points.is_finite() or not 0 <= points <= answer.version.points or points != round(points, 4):
        raise Unprocessable(
            _("Points must be within 0..%(most)s.") % {"most": f"{answer.version.points.normalize():f}"},
            code="invalid_points",
        )


def check_rubric(answer: Answer, marks: dict[str, Decimal]) -> dict[str, Decimal]:
    most = {entry["id"]: Decimal(entry["points"]) for entry in answer.version.content.get("rubric", [])}
    for key, value in marks.items():
        if key not in most or not value.is_finite() or not 0 <= value <= most[key]:
            raise Unprocessable(
                _("The rubric has no %(key)r, or not so many points for it.") % {"key": key}, code="invalid_points"
            )
    return marks
