"""Reading analytics, each with a fixed number of queries."""

from collections.abc import Iterator
from typing import Any

import redis
from django.db.models import Avg, Count, FloatField, Q, QuerySet
from django.db.models.functions import Cast, Floor, Least

from accounts.models import Role, User
from analytics.active_users import WINDOWS, active_users
from analytics.models import Band, ConsistencyCheck, CourseTally, Engagement, InstructorWorkload, Measure
from certificates.models import Certificate, CertificateState
from courses import selectors as courses
from courses.models import Course, CourseState, Enrollment, EnrollmentState, Lesson, LessonKind
from courses.permissions import require_teaching

STARTED = (EnrollmentState.ACTIVE, EnrollmentState.COMPLETED, EnrollmentState.DROPPED, EnrollmentState.EXPIRED)
LEARNERS = {
    "learner": "user__public_id",
    "name": "user__name",
    "state": "state",
    "progress": "progress",
    "enrolled_at": "enrolled_at",
    "completed_at": "completed_at",
    "last_activity_at": "last_activity_at",
    "engagement": "engagement__score",
    "engagement_band": "engagement__band",
    "items_due": "engagement__items_due",
    "submitted": "engagement__submitted",
    "on_time": "engagement__on_time",
    "prompt": "engagement__prompt",
    "recency": "engagement__recency",
    "engagement_formula": "engagement__formula_version",
    "engagement_computed_at": "engagement__computed_at",
}
LEARNER_COLUMNS = tuple(LEARNERS)


def taught_course(user: User, slug: str) -> Course:
    """Raises NotFound, and Forbidden for people who don't teach the course."""
    course = courses.course_for(user, slug)
    require_teaching(user, course)
    return course


def course_analytics(course: Course) -> dict[str, Any]:
    """Rates are shares of everybody who began, 0..1; null before anybody did."""
    enrollments = Enrollment.objects.filter(course=course)
    states = dict.fromkeys(EnrollmentState.values, 0) | dict(
        enrollments.order_by().values_list("state").annotate(n=Count("pk"))
    )
    begun = enrollments.filter(state__in=STARTED)
    decile = Least(Floor(Cast("progress", FloatField()) / 10), 9.0)
    tenths = dict(begun.annotate(tenth=decile).order_by().values_list("tenth").annotate(n=Count("pk")))
    started = sum(states[state] for state in STARTED)
    return {
        "course": course.slug,
        "enrollments": states,
        "completion_rate": states[EnrollmentState.COMPLETED] / started if started else None,
        "drop_out_rate": (states[EnrollmentState.DROPPED] + states[EnrollmentState.EXPIRED]) / started
        if started
        else None,
        "mean_progress": begun.aggregate(mean=Avg("progress"))["mean"],
        "progress_distribution": [tenths.get(float(tenth), 0) for tenth in range(10)],
        "lesson_kinds": _lesson_kinds(course, started),
        "engagement": _tallied(course, Measure.BAND, Band.values),
    }


def _tallied(course: Course, measure: Measure, values: list[str]) -> dict[str, int]:
    counts = CourseTally.objects.filter(course=course, measure=measure)
    return dict.fromkeys(values, 0) | dict(counts.values_list("value", "count"))


def _lesson_kinds(course: Course, learners: int) -> list[dict[str, Any]]:
    counted = (
        Lesson.objects.filter(section__course=course, published=True)
        .order_by()
        .values("kind")
        .annotate(
            lessons=Count("pk", distinct=True),
            opened=Count("progress"),
            completed=Count("progress", filter=Q(progress__completed_at__isnull=False)),
        )
    )
    by_kind = {row["kind"]: row for row in counted}
    return [
        {
            **by_kind[kind],
            "completion_rate": by_kind[kind]["completed"] / (by_kind[kind]["lessons"] * learners) if learners else None,
        }
        for kind in LessonKind.values
        if kind in by_kind
    ]


def learner_rows(course: Course) -> Iterator[tuple[Any, ...]]:
    """A row of LEARNER_COLUMNS for everybody who is or was in the course, read as it is sent."""
    rows = Enrollment.objects.filter(course=course).order_by("pk").values_list(*LEARNERS.values())
    return rows.iterator(chunk_size=1000)


def engagement_of(course: Course) -> QuerySet[Engagement]:
    """Who has a score in the course, as last counted."""
    return Engagement.objects.filter(course=course, score__isnull=False).select_related("enrollment__user")


def workload_of(user: User) -> InstructorWorkload:
    """As last counted; all zero for somebody who teaches nothing."""
    return InstructorWorkload.objects.select_related("user").filter(user=user).first() or InstructorWorkload(user=user)


def workloads() -> QuerySet[InstructorWorkload]:
    return InstructorWorkload.objects.select_related("user")


def platform() -> dict[str, Any]:
    return {
        "active_users": _active_users(),
        "people": _counted(User.objects.filter(is_active=True), "role", Role.values),
        "courses": _counted(Course.objects.all(), "state", CourseState.values),
        "enrollments": _counted(Enrollment.objects.all(), "state", EnrollmentState.values),
        "certificates": _counted(Certificate.objects.all(), "state", CertificateState.values),
        "consistency": list(ConsistencyCheck.objects.order_by("kind")),
    }


def _counted(rows: QuerySet[Any], field: str, values: list[str]) -> dict[str, int]:
    return dict.fromkeys(values, 0) | dict(rows.order_by().values_list(field).annotate(n=Count("pk")))


def _active_users() -> dict[str, dict[str, int]] | None:
    """People by window and role; None while Redis is out of reach."""
    try:
        counts = active_users.counts()
    except redis.RedisError:
        return None
    return {window: {role: int(counts[role, window]) for role in Role.values} for window in WINDOWS}
