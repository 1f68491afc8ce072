"""The few courses that most people began, by slug, and all others together: what a metric may say about courses."""

from collections import defaultdict

from django.db.models import Sum

from analytics.models import CourseTally, Measure
from courses.models import CourseState, EnrollmentState

TOP = 10
OTHER = "other"  # no slug: see `_leading`
ENDED = (EnrollmentState.DROPPED, EnrollmentState.EXPIRED)


def bands() -> dict[tuple[str, ...], float]:
    """Enrollments by (course, band of engagement)."""
    return {key: float(count) for key, count in _by_course(Measure.BAND).items()}


def completion() -> dict[tuple[str, ...], float]:
    """Completed of those who began, 0..1, by course."""
    return _share((EnrollmentState.COMPLETED,))


def drop_out() -> dict[tuple[str, ...], float]:
    """Dropped and expired of those who began, 0..1, by course."""
    return _share(ENDED)


def _share(states: tuple[str, ...]) -> dict[tuple[str, ...], float]:
    counted, begun = defaultdict[str, int](int), defaultdict[str, int](int)
    for (course, state), count in _by_course(Measure.STATE).items():
        if state != EnrollmentState.PENDING:
            begun[course] += count
        if state in states:
            counted[course] += count
    return {(course,): counted[course] / people for course, people in begun.items() if people}


def _by_course(measure: Measure) -> dict[tuple[str, str], int]:
    """What was last counted by (course, value): two statements, over a few rows a course."""
    rows = CourseTally.objects.exclude(course__state=CourseState.ARCHIVED).filter(measure=measure).order_by()
    top = _leading()
    counted = {
        (slug, value): count
        for slug, value, count in rows.filter(course__slug__in=top).values_list("course__slug", "value", "count")
    }
    others = rows.exclude(course__slug__in=top).values_list("value").annotate(n=Sum("count"))
    return counted | {(OTHER, value): count for value, count in others}


def _leading() -> list[str]:
    """Slugs of the courses that most people began. One that is called as the rest is counted with the rest."""
    begun = (
        CourseTally.objects.filter(measure=Measure.STATE, count__gt=0)
        .exclude(value=EnrollmentState.PENDING)
        .exclude(course__state=CourseState.ARCHIVED)
        .exclude(course__slug=OTHER)
    )
    ranked = begun.order_by().values("course__slug").annotate(n=Sum("count")).order_by("-n", "course__slug")
    return list(ranked.values_list("course__slug", flat=True)[:TOP])
