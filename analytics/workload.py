"""What waits for those who teach: one set-based statement, run by beat, for everybody on the staff of a course.

- courses: the courses that the person is on the staff of, archived ones left out
- active students: people with an active enrollment in them who learned there in the last 30 days
- ungraded items, oldest item: the grading queue (quizzes.services.grading.waiting) of these courses, without one's own
- time to grade: from handing in to the person's grade, median and 90th percentile over the last 90 days
- graded per week: items the person graded in the last four weeks, divided by four

Percentiles interpolate linearly between neighbours, as PostgreSQL's percentile_cont does.
"""

from typing import Any

from django.db import connection, transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from analytics.models import InstructorWorkload
from courses.models import Course, CourseState
from quizzes.models import Answer
from quizzes.services.grading import waiting

_REFRESH = """
WITH taught AS (
    SELECT staff.user_id, staff.course_id
    FROM courses_coursestaff staff JOIN courses_course course ON course.id = staff.course_id
    WHERE course.state <> %(archived)s
), people AS (
    SELECT user_id, count(*) AS courses FROM taught GROUP BY user_id
), students AS (
    SELECT taught.user_id, count(DISTINCT enrollment.user_id) AS students
    FROM taught JOIN courses_enrollment enrollment ON enrollment.course_id = taught.course_id
    WHERE enrollment.state = 'active' AND enrollment.last_activity_at >= %(now)s - interval '30 days'
    GROUP BY taught.user_id
), queue AS (
    SELECT taught.user_id, count(*) AS items, min(item.since) AS oldest
    FROM taught JOIN ({queue}) item ON item.course = taught.course_id AND item.learner <> taught.user_id
    GROUP BY taught.user_id
), graded AS (
    SELECT change.by_id AS user_id,
        percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM change.at - attempt.closed_at)) AS median,
        percentile_cont(0.9) WITHIN GROUP (ORDER BY extract(epoch FROM change.at - attempt.closed_at)) AS p90,
        count(*) FILTER (WHERE change.at >= %(now)s - interval '28 days') / 4.0 AS weekly
    FROM quizzes_gradechange change
    JOIN quizzes_answer answer ON answer.id = change.answer_id
    JOIN quizzes_attempt attempt ON attempt.id = answer.attempt_id
    WHERE change.kind = 'person' AND change.by_id IS NOT NULL AND change.at >= %(now)s - interval '90 days'
    GROUP BY change.by_id
)
INSERT INTO analytics_instructorworkload (
    user_id, courses, active_students, ungraded_items, oldest_ungraded_at,
    median_seconds_to_grade, p90_seconds_to_grade, graded_per_week, computed_at)
SELECT people.user_id, people.courses, coalesce(students.students, 0), coalesce(queue.items, 0), queue.oldest,
    graded.median, graded.p90, coalesce(graded.weekly, 0), %(now)s
FROM people
LEFT JOIN students USING (user_id) LEFT JOIN queue USING (user_id) LEFT JOIN graded USING (user_id)
ON CONFLICT (user_id) DO UPDATE SET
    courses = excluded.courses, active_students = excluded.active_students,
    ungraded_items = excluded.ungraded_items, oldest_ungraded_at = excluded.oldest_ungraded_at,
    median_seconds_to_grade = excluded.median_seconds_to_grade,
    p90_seconds_to_grade = excluded.p90_seconds_to_grade,
    graded_per_week = excluded.graded_per_week, computed_at = excluded.computed_at
"""


def _queue() -> QuerySet[Answer, Any]:
    return (
        waiting(Course.objects.all())
        .order_by()
        .annotate(
            course=F("attempt__enrollment__course_id"),
            learner=F("attempt__enrollment__user_id"),
            since=F("attempt__closed_at"),
        )
        .values("course", "learner", "since")
    )


@transaction.atomic
def refresh() -> int:
    """Count again for everybody; rows of those who teach nothing any more go. Returns how many people teach."""
    queue, given = _queue().query.sql_with_params()
    names = [f"queue_{number}" for number in range(len(given))]
    statement = _REFRESH.format(queue=queue % tuple(f"%({name})s" for name in names))
    now = timezone.now()
    parameters = {"now": now, "archived": CourseState.ARCHIVED.value, **dict(zip(names, given, strict=True))}
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        people = cursor.rowcount
    InstructorWorkload.objects.exclude(computed_at=now).delete()
    return people
