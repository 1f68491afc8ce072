"""What waits for those who teach: one set-based statement, run by beat, for everybody on the staff of a course.

- courses: the courses that the person is on the staff of, archived ones left out
- active students: people with an active enrollment in them who learned there in the last 30 days
- ungraded items, oldest item: answers and submissions in the grading queue of these courses, without one's own
- time to grade: from handing in to the person's grade, median and 90th percentile over the last 90 days
- graded per week: items the person graded in the last four weeks, divided by four

Percentiles interpolate linearly between neighbours, as PostgreSQL's percentile_cont does.
"""

from django.db import connection, transaction
from django.utils import timezone

from analytics.models import InstructorWorkload
from courses.models import CourseState

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
    SELECT taught.user_id, count(*) AS items, min(item.waiting_since) AS oldest
    FROM taught JOIN quizzes_queue item ON item.course_id = taught.course_id
    JOIN courses_enrollment learner ON learner.id = item.enrollment_id AND learner.user_id <> taught.user_id
    GROUP BY taught.user_id
), given AS (
    SELECT change.by_id AS user_id, change.at, change.at - attempt.closed_at AS took
    FROM quizzes_gradechange change
    JOIN quizzes_answer answer ON answer.id = change.answer_id
    JOIN quizzes_attempt attempt ON attempt.id = answer.attempt_id
    WHERE change.kind = 'person' AND change.by_id IS NOT NULL AND change.at >= %(now)s - interval '90 days'
    UNION ALL
    SELECT graded_by_id, graded_at, graded_at - submitted_at
    FROM quizzes_submission
    WHERE graded_by_id IS NOT NULL AND graded_at >= %(now)s - interval '90 days'
), graded AS (
    SELECT user_id,
        percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM took)) AS median,
        percentile_cont(0.9) WITHIN GROUP (ORDER BY extract(epoch FROM took)) AS p90,
        count(*) FILTER (WHERE at >= %(now)s - interval '28 days') / 4.0 AS weekly
    FROM given
    GROUP BY user_id
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


@transaction.atomic
def refresh() -> int:
    """Count again for everybody; rows of those who teach nothing any more go. Returns how many people teach."""
    now = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(_REFRESH, {"now": now, "archived": CourseState.ARCHIVED.value})
        people = cursor.rowcount
    InstructorWorkload.objects.exclude(computed_at=now).delete()
    return people
