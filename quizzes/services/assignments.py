"""Making assignments, and grading what was handed in. Lock order: enrollment, submission."""

import re
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from core.errors import Conflict, Unprocessable
from core.events import announce
from courses.html import sanitise
from courses.models import Enrollment, Lesson, LessonKind
from courses.services import record_lesson_result
from quizzes import clock, signals
from quizzes.models import Assignment, ChangeKind, GradeChange, Submission, SubmissionState
from quizzes.services.grading import CLAIM
from quizzes.services.submitting import loaded_submission

ASSIGNMENT_TERMS = (
    "instructions", "accepts", "max_files", "max_file_bytes", "endings", "max_points", "pass_mark", "rubric", "due_at",
    "late_policy", "late_penalty_percent", "late_floor_percent", "max_versions",
)  # fmt: skip


@transaction.atomic
def create_assignment(*, lesson: Lesson, **terms: Any) -> Assignment:
    """Raises Conflict `not_an_assignment_lesson` or `has_assignment`, Unprocessable `invalid_terms`."""
    if lesson.kind != LessonKind.ASSIGNMENT:
        raise Conflict(_("Only a lesson of kind assignment has one."), code="not_an_assignment_lesson")
    Lesson.objects.select_for_update(no_key=True).get(pk=lesson.pk)
    if Assignment.objects.filter(lesson=lesson).exists():
        raise Conflict(_("The lesson has an assignment already."), code="has_assignment")
    return Assignment.objects.create(lesson=lesson, **_checked(terms, Assignment(lesson=lesson)))


@transaction.atomic
def update_assignment(*, assignment: Assignment, **terms: Any) -> Assignment:
    """Change terms; what was handed in keeps the penalty it got. Raises Unprocessable `invalid_terms`."""
    row = Assignment.objects.select_for_update(no_key=True).get(pk=assignment.pk)
    for name, value in _checked(terms, row).items():
        setattr(row, name, value)
    row.save(update_fields=[*terms, "updated_at"])
    return Assignment.objects.select_related("lesson__section__course").get(pk=row.pk)


def _checked(terms: dict[str, Any], assignment: Assignment) -> dict[str, Any]:
    unknown = set(terms) - set(ASSIGNMENT_TERMS)
    if unknown:
        raise ValueError(f"an assignment has no {sorted(unknown)}")
    checked = dict(terms)
    if "instructions" in checked:
        checked["instructions"] = sanitise(checked["instructions"])
    endings = checked.get("endings", assignment.endings)
    if not isinstance(endings, list) or not all(re.fullmatch(r"\.[a-z0-9]{1,10}", str(ending)) for ending in endings):
        raise Unprocessable(_('Endings are a list like [".pdf"].'), code="invalid_terms")
    rubric, most = checked.get("rubric", assignment.rubric), checked.get("max_points", assignment.max_points)
    if rubric and sum(_most(rubric).values(), Decimal(0)) != most:
        raise Unprocessable(_("The rubric's points must add up to the assignment's."), code="invalid_terms")
    return checked


def _most(rubric: Any) -> dict[str, Decimal]:
    try:
        most = {str(entry["id"]): Decimal(entry["points"]) for entry in rubric}
        if len(most) == len(rubric) and all(value.is_finite() and value >= 0 for value in most.values()):
            return most
    except (KeyError, TypeError, ValueError, InvalidOperation):
        pass
    raise Unprocessable(_("A rubric is a list of entries with id, text and points."), code="invalid_terms")


def lock_submission(key: int) -> Submission:
    """The enrollment first, then the submission: the order of submitting, too."""
    enrollment = Submission.objects.values_list("enrollment_id", flat=True).get(pk=key)
    Enrollment.objects.select_for_update(no_key=True).get(pk=enrollment)
    return (
        Submission.objects.select_for_update(of=("self",), no_key=True)
        .select_related("assignment__lesson", "enrollment__user")
        .get(pk=key)
    )


@transaction.atomic
def claim_submission(*, submission: Submission, by: User) -> Submission:
    """Take it for 30 minutes; again extends. Raises Conflict `own_answer`, `not_waiting` or `claimed`."""
    row = lock_submission(submission.pk)
    if row.enrollment.user_id == by.pk:
        raise Conflict(_("Nobody grades their own work."), code="own_answer")
    if row.state != SubmissionState.WAITING:
        raise Conflict(_("The submission doesn't wait for a grade."), code="not_waiting")
    if row.claimed_by_id not in (None, by.pk) and row.claimed_until and row.claimed_until > clock.now():
        raise Conflict(_("Somebody else is grading this submission."), code="claimed")
    Submission.objects.filter(pk=row.pk).update(claimed_by=by, claimed_until=clock.now() + CLAIM)
    return loaded_submission(row.pk)


def release_submission(*, submission: Submission, by: User) -> None:
    """Nothing when it is somebody else's."""
    Submission.objects.filter(pk=submission.pk, claimed_by=by).update(claimed_by=None, claimed_until=None)


@transaction.atomic
def grade_submission(
    *,
    submission: Submission,
    by: User,
    points: Decimal | None = None,
    rubric: dict[str, Decimal] | None = None,
    comment: str = "",
) -> Submission:
    """Points, or points by rubric entry, and a comment; the penalty for being late comes off the result.

    Raises Conflict `not_claimed` without a valid claim, Unprocessable `invalid_points`.
    """
    row = lock_submission(submission.pk)
    moment = clock.now()
    held = row.claimed_by_id == by.pk and row.claimed_until is not None and row.claimed_until > moment
    if row.state != SubmissionState.WAITING or not held:
        raise Conflict(_("Claim the submission before grading it."), code="not_claimed")
    total = _total(row.assignment, points, rubric or {})
    result = _result(row, total)
    Submission.objects.filter(pk=row.pk, state=SubmissionState.WAITING).update(
        **result,
        state=SubmissionState.GRADED,
        rubric={key: str(value) for key, value in (rubric or {}).items()},
        comment=comment,
        graded_by=by,
        graded_at=moment,
        claimed_by=None,
        claimed_until=None,
    )
    GradeChange.objects.create(submission=row, kind=ChangeKind.PERSON, by=by, reason=comment, new_points=total)
    _record_result(row, result)
    graded = loaded_submission(row.pk)
    announce(
        signals.submission_graded, Submission, submission=graded, seconds=(moment - row.submitted_at).total_seconds()
    )
    return graded


@transaction.atomic
def override_submission(*, submission: Submission, by: User, points: Decimal, reason: str) -> Submission:
    """Set a graded submission's points by hand; the penalty for being late stays. Who, when and why is kept.

    Raises Conflict `not_graded` before it is graded or `own_answer`, Unprocessable `reason_needed` or `invalid_points`.
    """
    if not reason.strip():
        raise Unprocessable(_("Say why."), code="reason_needed")
    row = lock_submission(submission.pk)
    if row.enrollment.user_id == by.pk:
        raise Conflict(_("Nobody grades their own work."), code="own_answer")
    if row.state != SubmissionState.GRADED:
        raise Conflict(_("The submission isn't graded yet."), code="not_graded")
    total = _total(row.assignment, points, {})
    result = _result(row, total)
    # Points by rubric entry would no longer add up to the new ones.
    Submission.objects.filter(pk=row.pk).update(**result, rubric={})
    GradeChange.objects.create(
        submission=row, kind=ChangeKind.OVERRIDE, by=by, reason=reason.strip(), old_points=row.points, new_points=total
    )
    _record_result(row, result)
    changed = loaded_submission(row.pk)
    announce(signals.submission_regraded, Submission, submission=changed)
    return changed


def _result(submission: Submission, total: Decimal) -> dict[str, Any]:
    assignment = submission.assignment
    percent = round(total / assignment.max_points * 100 * submission.share_kept, 2)
    return {"points": total, "percent": percent, "passed": percent >= assignment.pass_mark}


def _record_result(submission: Submission, result: dict[str, Any]) -> None:
    lesson = submission.assignment.lesson
    if lesson.published:
        record_lesson_result(
            enrollment=submission.enrollment,
            lesson=lesson,
            passed=result["passed"],
            fraction=float(result["percent"] / 100),
        )


def _total(assignment: Assignment, points: Decimal | None, marks: dict[str, Decimal]) -> Decimal:
    most = _most(assignment.rubric)
    for key, value in marks.items():
        if key not in most or not value.is_finite() or not 0 <= value <= most[key]:
            raise Unprocessable(
                _("The rubric has no %(key)r, or not so many points for it.") % {"key": key}, code="invalid_points"
            )
    total = sum(marks.values(), Decimal(0)) if marks else points
    if total is None:
        raise Unprocessable(_("Give points, or points by rubric entry."), code="invalid_points")
    if not total.is_finite() or not 0 <= total <= assignment.max_points or total != round(total, 4):
        raise Unprocessable(
            _("Points must be within 0..%(most)s.") % {"most": f"{assignment.max_points.normalize():f}"},
            code="invalid_points",
        )
    return total
