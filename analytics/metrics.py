"""Facts of the whole site, read off the request path. Labels are closed or few at a time; none names a person."""

from collections.abc import Callable

from django.db.models import Count, Max, Q, Sum
from django.utils import timezone

from accounts.models import Role
from analytics import top_courses
from analytics.active_users import WINDOWS, active_users
from analytics.models import (
    Band,
    ConsistencyCheck,
    CourseTally,
    Inconsistency,
    InstructorWorkload,
    Measure,
    RefreshMark,
)
from courses.models import EnrollmentState, LessonKind
from observability import business

business.fact(
    "lms_active_users",
    "People who did something within the window, by role.",
    active_users.counts,
    labels={"role": Role.values, "window": WINDOWS},
    every=15,
)


def inconsistencies() -> dict[str, float]:
    return {kind: float(found) for kind, found in ConsistencyCheck.objects.values_list("kind", "found")}


def oldest_check() -> float:
    """Seconds since the check that was carried out longest ago; 0.0 before the first."""
    checked = ConsistencyCheck.objects.order_by("checked_at").values_list("checked_at", flat=True).first()
    return (timezone.now() - checked).total_seconds() if checked else 0.0


business.fact(
    "lms_inconsistencies",
    "What should be zero, as last counted, by kind.",
    inconsistencies,
    labels={"kind": Inconsistency.values},
    every=60,
)
business.fact(
    "lms_inconsistency_check_age_seconds",
    "Time since the consistency check that was carried out longest ago.",
    oldest_check,
    every=60,
)


def workload(measure: Callable[[dict[str, float]], float]) -> Callable[[], float]:
    """A fact over what was last counted for everybody who teaches."""

    def read() -> float:
        row = InstructorWorkload.objects.aggregate(
            waiting=Count("pk", filter=Q(ungraded_items__gt=0)),
            most=Max("ungraded_items"),
            median=Max("median_seconds_to_grade"),
        )
        return measure({name: float(value or 0) for name, value in row.items()})

    return read


business.fact(
    "lms_instructors_with_ungraded_items",
    "People on the staff of a course with something to grade.",
    workload(lambda row: row["waiting"]),
    every=60,
)
business.fact(
    "lms_instructor_ungraded_items_max",
    "The most items that wait for one person to grade them.",
    workload(lambda row: row["most"]),
    every=60,
)
business.fact(
    "lms_instructor_time_to_grade_median_max_seconds",
    "The longest median time from handing in to a person's grade, over those who graded in 90 days.",
    workload(lambda row: row["median"]),
    every=60,
)


def tallied(measure: Measure) -> Callable[[], dict[str, float]]:
    """A fact over what was last counted for every course: a few rows a course, however many learn there."""

    def read() -> dict[str, float]:
        rows = CourseTally.objects.filter(measure=measure).order_by().values_list("value").annotate(n=Sum("count"))
        return {value: float(count) for value, count in rows}

    return read


business.fact(
    "lms_enrollments_by_engagement",
    "Enrollments by band of the engagement score.",
    tallied(Measure.BAND),
    labels={"band": Band.values},
    every=60,
)
business.fact(
    "lms_enrollments_by_state",
    "Enrollments by state.",
    tallied(Measure.STATE),
    labels={"state": EnrollmentState.values},
    every=60,
)
business.fact(
    "lms_enrollments_by_progress",
    "Enrollments that began, by tenth of progress: 0 is below 10 percent, 9 from 90 on.",
    tallied(Measure.TENTH),
    labels={"tenth": [str(tenth) for tenth in range(10)]},
    every=60,
)
business.fact(
    "lms_completed_lessons",
    "Completed published lessons, by kind.",
    tallied(Measure.COMPLETED),
    labels={"kind": LessonKind.values},
    every=60,
)
business.top_fact(
    "lms_course_enrollments_by_engagement",
    "Enrollments by band of the engagement score, for the courses that most people began.",
    top_courses.bands,
    label="course",
    size=top_courses.TOP,
    labels={"band": Band.values},
    every=60,
)
business.top_fact(
    "lms_course_completion_ratio",
    "Completed of those who began, for the courses that most people began.",
    top_courses.completion,
    label="course",
    size=top_courses.TOP,
    every=60,
)
business.top_fact(
    "lms_course_drop_out_ratio",
    "Dropped and expired of those who began, for the courses that most people began.",
    top_courses.drop_out,
    label="course",
    size=top_courses.TOP,
    every=60,
)


def engagement_age() -> float:
    """Seconds since what changed was last counted; 0 before the first time."""
    until = RefreshMark.objects.values_list("changes_until", flat=True).first()
    return (timezone.now() - until).total_seconds() if until else 0.0


business.fact(
    "lms_engagement_age_seconds",
    "Time since the engagement of those to whom something happened was last counted.",
    engagement_age,
    every=60,
)
