"""Counting progress in the database, and completing the courses that have nothing left."""

import datetime
from typing import Any

from django.db import transaction
from django.db.models import Count, DecimalField, Exists, F, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Cast, Coalesce, NullIf, Round
from django.utils import timezone

from core.events import announce
from courses import signals
from courses.models import Course, Enrollment, EnrollmentChange, EnrollmentState, Lesson, LessonProgress


def lock_enrollment(enrollment: Enrollment) -> Enrollment:
    """The row as it is now, with user and course, held until the transaction ends."""
    return (
        Enrollment.objects.select_for_update(of=("self",), no_key=True)
        .select_related("user", "course")
        .get(pk=enrollment.pk)
    )


def refresh_progress(enrollment: Enrollment, *, active_at: datetime.datetime | None = None) -> None:
    """Recount one enrollment, complete its course when nothing is missing, and bring `enrollment` up to date."""
    row = Enrollment.objects.filter(pk=enrollment.pk)
    fields: dict[str, Any] = {"last_activity_at": active_at} if active_at else {}
    row.update(progress=_percentage(), **fields)
    _complete_courses(row)
    enrollment.refresh_from_db(fields=["state", "progress", "completed_at", "last_activity_at"])


@transaction.atomic
def recount_course(*, course: Course) -> int:
    """Recount everybody after the course's lessons changed; returns how many percentages changed.

    Whoever has nothing left to do completes the course. Completed enrollments stay completed.
    """
    Course.objects.select_for_update(no_key=True).get(pk=course.pk)  # two recounts of a course would deadlock
    enrollments = Enrollment.objects.filter(course=course)
    changed = enrollments.exclude(progress=_percentage()).update(progress=_percentage())
    if changed:
        _complete_courses(enrollments)
    return changed


def drifted(*, course: Course | None = None) -> list[tuple[Enrollment, Any]]:
    """Enrollments whose stored progress is not what counting gives, each with the counted percentage."""
    enrollments = Enrollment.objects.annotate(counted=_percentage()).exclude(progress=F("counted"))
    if course is not None:
        enrollments = enrollments.filter(course=course)
    return [(row, row.counted) for row in enrollments.select_related("course").order_by("pk")]


def _complete_courses(enrollments: QuerySet[Enrollment]) -> None:
    """Complete the active enrollments that have every required lesson done; the guard in the UPDATE makes it once."""
    required = Lesson.objects.filter(section__course=OuterRef("course"), published=True, required=True)
    done = LessonProgress.objects.filter(
        enrollment=OuterRef(OuterRef("pk")), lesson=OuterRef("pk"), completed_at__isnull=False
    )
    missing = required.filter(~Exists(done))
    finished = enrollments.filter(Exists(required), ~Exists(missing), state=EnrollmentState.ACTIVE)
    keys = list(finished.order_by("pk").select_for_update(of=("self",), no_key=True).values_list("pk", flat=True))
    if not keys:
        return
    now = timezone.now()
    Enrollment.objects.filter(pk__in=keys, state=EnrollmentState.ACTIVE).update(
        state=EnrollmentState.COMPLETED, completed_at=now
    )
    EnrollmentChange.objects.bulk_create(
        EnrollmentChange(
            enrollment_id=key, from_state=EnrollmentState.ACTIVE, to_state=EnrollmentState.COMPLETED, at=now
        )
        for key in keys
    )
    for completed in Enrollment.objects.filter(pk__in=keys).select_related("user", "course").order_by("pk"):
        announce(signals.course_completed, Enrollment, enrollment=completed)


def _percentage() -> Any:
    """SQL: the share of the course's required published lessons that the enrollment has completed, in percent."""
    number = DecimalField(max_digits=12, decimal_places=4)
    total = (
        Lesson.objects.filter(section__course=OuterRef("course"), published=True, required=True)
        .order_by()
        .values("section__course")
        .annotate(n=Count("pk"))
        .values("n")
    )
    done = (
        LessonProgress.objects.filter(
            enrollment=OuterRef("pk"),
            completed_at__isnull=False,
            lesson__published=True,
            lesson__required=True,
            lesson__section__course=OuterRef("course"),
        )
        .order_by()
        .values("enrollment")
        .annotate(n=Count("pk"))
        .values("n")
    )
    share = Cast(Coalesce(Subquery(done), 0), number) * Value(100) / NullIf(Cast(Subquery(total), number), Value(0))
    return Coalesce(Round(Cast(share, number), 2), Value(0), output_field=DecimalField(max_digits=5, decimal_places=2))
