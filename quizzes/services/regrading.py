"""Correcting grades afterwards: a question's key for everybody, one answer for a reason. Everything is on record."""

from dataclasses import dataclass
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from core.errors import Conflict, Unprocessable
from core.events import announce
from quizzes import scoring, signals
from quizzes.models import Answer, Attempt, AttemptState, ChangeKind, GradeChange, Question
from quizzes.services.grading import check_points, lock_attempt, recount


@dataclass(frozen=True)
class Change:
    """What regrading does to one attempt."""

    answer: Answer
    old_points: Decimal
    new_points: Decimal
    old_percent: Decimal
    new_percent: Decimal
    old_passed: bool
    new_passed: bool


def preview_regrade(*, question: Question) -> list[Change]:
    """Who would change if the question's present version scored every graded attempt that was asked it.

    Answers graded or overridden by people stay. What was asked stays too: points are shares of what the asked version
    was worth. Raises Conflict `no_key` when the question is graded by people.
    """
    key = question.current
    if key is None or scoring.is_graded_by_people(key.kind):
        raise Conflict(_("People grade this question."), code="no_key")
    answers = (
        Answer.objects.filter(
            version__question=question,
            version__kind=key.kind,
            attempt__state=AttemptState.GRADED,
            needs_person=False,
            overridden=False,
        )
        .select_related("version", "attempt__quiz", "attempt__enrollment__user")
        .order_by("attempt__enrollment_id", "attempt_id")
    )
    changes = []
    for answer in answers:
        new = scoring.points(
            scoring.fraction(key.kind, key.content, answer.response) or Decimal(0), answer.version.points
        )
        if new != answer.points:
            changes.append(_change(answer, new))
    return changes


def _change(answer: Answer, new: Decimal) -> Change:
    attempt = answer.attempt
    old = answer.points or Decimal(0)
    total, maximum = (attempt.points or Decimal(0)) - old + new, attempt.maximum or Decimal(0)
    result = scoring.result([(total, maximum)], attempt.quiz.pass_mark)
    return Change(answer, old, new, attempt.percent or Decimal(0), result.percent, bool(attempt.passed), result.passed)


@transaction.atomic
def regrade(*, question: Question, by: User, reason: str) -> list[Change]:
    """Carry out what `preview_regrade` shows, all or nothing. Each change is kept with who, why and by which version.

    Raises Unprocessable `reason_needed`, Conflict as the preview does.
    """
    reason = _reason(reason)
    done = []
    for change in preview_regrade(question=question):
        attempt = lock_attempt(change.answer.attempt_id)
        changed = Answer.objects.filter(
            pk=change.answer.pk, points=change.old_points, overridden=False, attempt__state=AttemptState.GRADED
        ).update(points=change.new_points)
        if changed:
            GradeChange.objects.create(
                answer=change.answer,
                kind=ChangeKind.REGRADE,
                by=by,
                reason=reason,
                old_points=change.old_points,
                new_points=change.new_points,
                key=question.current,
            )
            announce(signals.attempt_regraded, Attempt, attempt=recount(attempt), reason_kind=ChangeKind.REGRADE)
            done.append(change)
    return done


@transaction.atomic
def override_points(*, answer: Answer, by: User, points: Decimal, reason: str) -> Answer:
    """Set an answer's points by hand; regrading leaves them alone from then on.

    Raises Conflict `not_graded` before the attempt is graded or `own_answer`, Unprocessable `reason_needed` or
    `invalid_points`.
    """
    reason = _reason(reason)
    if answer.attempt.enrollment.user_id == by.pk:
        raise Conflict(_("Nobody grades their own answers."), code="own_answer")
    attempt = lock_attempt(answer.attempt_id)
    row = Answer.objects.select_for_update(of=("self",), no_key=True).select_related("version").get(pk=answer.pk)
    if attempt.state != AttemptState.GRADED:
        raise Conflict(_("The attempt isn't graded yet."), code="not_graded")
    check_points(row, points)
    Answer.objects.filter(pk=row.pk).update(points=points, overridden=True, graded_by=by)
    GradeChange.objects.create(
        answer=row, kind=ChangeKind.OVERRIDE, by=by, reason=reason, old_points=row.points, new_points=points
    )
    announce(signals.attempt_regraded, Attempt, attempt=recount(attempt), reason_kind=ChangeKind.OVERRIDE)
    row.refresh_from_db()
    return row


def _reason(reason: str) -> str:
    if not reason.strip():
        raise Unprocessable(_("Say why."), code="reason_needed")
    return reason.strip()
