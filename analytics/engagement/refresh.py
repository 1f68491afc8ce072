"""Keeping engagement and the tallies of courses: one set-based statement over some enrollments.

`changed` takes the enrollments that something happened to since the last time; `everybody` takes all of them, in
batches, for what only time changes. Each step is a transaction that counts the tallies by the difference it makes, so
that an interrupted run leaves both true, and the next one goes on. A lock lets one step run at a time.
"""

import datetime

from django.db import connection, transaction
from django.utils import timezone

from analytics.engagement import formula
from analytics.models import RefreshMark

LOCK = 0x656E67  # any number that no other advisory lock of this database uses
LATE_COMMIT = datetime.timedelta(minutes=2)  # a change may become visible this long after its time stamp
AT_ONCE = 20_000

_TALLIES = """
    SELECT 'state', state, 1::bigint
    UNION ALL SELECT 'band', band, 1
    UNION ALL SELECT 'tenth', tenth::text, 1 WHERE state <> 'pending'
    UNION ALL SELECT 'completed', kind, lessons::bigint FROM jsonb_each_text(completed) AS by_kind (kind, lessons)
"""
# A learner's rows are few: through the index, in the order of the batch, never the whole table of progress.
_REFRESH = f"""
WITH due AS MATERIALIZED (
    SELECT section.course_id, count(*) AS items
    FROM courses_lesson lesson JOIN courses_section section ON section.id = lesson.section_id
    WHERE lesson.published AND lesson.required AND lesson.due_at <= %(now)s
    GROUP BY section.course_id
), facts AS MATERIALIZED (
    SELECT enrollment.id, enrollment.course_id, enrollment.state,
        least(floor(enrollment.progress / 10), 9)::int AS tenth,
        coalesce(due.items, 0) AS items,
        enrollment.state = 'active' AND due.items > 0 AND %(now)s
            >= greatest(enrollment.enrolled_at, course.starts_at) + %(settling)s * interval '1 second' AS scored,
        done.completed, done.submitted, done.on_time, done.prompt,
        2 ^ (-greatest(extract(epoch FROM %(now)s - enrollment.last_activity_at) / 86400.0, 0)
            / {formula.RECENCY_HALF_LIFE}) AS recency
    FROM courses_enrollment enrollment
    JOIN courses_course course ON course.id = enrollment.course_id
    LEFT JOIN due ON due.course_id = enrollment.course_id
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(submitted), 0) AS submitted, coalesce(sum(on_time), 0) AS on_time,
            coalesce(sum(prompt), 0) AS prompt, coalesce(jsonb_object_agg(kind, lessons), '{{}}') AS completed
        FROM (
            SELECT row.kind, count(*) AS lessons, count(*) FILTER (WHERE row.counts) AS submitted,
                count(*) FILTER (WHERE row.counts AND row.early >= 0) AS on_time,
                sum(1 - 2 ^ (-row.early / {formula.PROMPT_HALF_LIFE})) FILTER (WHERE row.counts AND row.early >= 0)
                    AS prompt
            FROM (
                SELECT lesson.kind, lesson.required AND lesson.due_at <= %(now)s AS counts,
                    CASE WHEN course.starts_at IS NULL OR progress.completed_at >= course.starts_at
                        THEN extract(epoch FROM lesson.due_at - progress.completed_at)::float / 86400.0 END AS early
                FROM courses_lessonprogress progress
                JOIN courses_lesson lesson ON lesson.id = progress.lesson_id
                JOIN courses_section section ON section.id = lesson.section_id
                WHERE progress.enrollment_id = enrollment.id AND progress.completed_at <= %(now)s
                    AND lesson.published AND section.course_id = enrollment.course_id
            ) row
            GROUP BY row.kind
        ) of_kind
    ) done
    WHERE enrollment.id = ANY(%(enrollments)s)
), components AS (
    SELECT id, course_id, state, tenth, completed, items,
        CASE WHEN scored THEN submitted::float / items END AS submitted,
        CASE WHEN scored THEN on_time::float / items END AS on_time,
        CASE WHEN scored THEN prompt::float / items END AS prompt,
        CASE WHEN scored THEN recency::float END AS recency
    FROM facts
), scores AS (
    SELECT *, CASE WHEN recency IS NOT NULL THEN least(100, 100 * (
        {formula.SUBMITTED} * submitted + {formula.ON_TIME} * on_time
        + {formula.PROMPT} * prompt + {formula.RECENCY} * recency)) END AS score
    FROM components
), new AS MATERIALIZED (
    SELECT *, CASE WHEN score IS NULL THEN 'none' WHEN score < {formula.AT_RISK_BELOW} THEN 'at_risk'
        WHEN score <= {formula.ON_TRACK_ABOVE} THEN 'watch' ELSE 'on_track' END AS band
    FROM scores
), old AS MATERIALIZED (
    SELECT * FROM analytics_engagement WHERE enrollment_id = ANY(%(enrollments)s)
), stored AS (
    INSERT INTO analytics_engagement (enrollment_id, course_id, state, tenth, completed, items_due,
        submitted, on_time, prompt, recency, score, band, formula_version, computed_at)
    SELECT id, course_id, state, tenth, completed, items, submitted, on_time, prompt, recency, score, band,
        {formula.VERSION}, %(now)s
    FROM new
    ON CONFLICT (enrollment_id) DO UPDATE SET
        state = excluded.state, tenth = excluded.tenth, completed = excluded.completed,
        items_due = excluded.items_due, submitted = excluded.submitted, on_time = excluded.on_time,
        prompt = excluded.prompt, recency = excluded.recency, score = excluded.score, band = excluded.band,
        formula_version = excluded.formula_version, computed_at = excluded.computed_at
), both_sides AS (
    SELECT 1 AS sign, course_id, state, tenth, band, completed FROM new
    UNION ALL SELECT -1, course_id, state, tenth, band, completed FROM old
)
INSERT INTO analytics_coursetally (course_id, measure, value, count)
SELECT course_id, measure, value, sum(sign * n)
FROM both_sides, LATERAL ({_TALLIES}) tally (measure, value, n)
GROUP BY course_id, measure, value HAVING sum(sign * n) <> 0
ON CONFLICT (course_id, measure, value) DO UPDATE SET count = analytics_coursetally.count + excluded.count
"""
_RECOUNT = f"""
INSERT INTO analytics_coursetally (course_id, measure, value, count)
SELECT course_id, measure, value, sum(n)
FROM analytics_engagement, LATERAL ({_TALLIES}) tally (measure, value, n)
GROUP BY course_id, measure, value
"""
_CHANGED = """
SELECT id FROM courses_enrollment WHERE last_activity_at > %(since)s
UNION SELECT enrollment_id FROM courses_enrollmentchange WHERE at > %(since)s
UNION SELECT enrollment.id
FROM courses_enrollment enrollment
WHERE enrollment.course_id IN (
    SELECT section.course_id
    FROM courses_lesson lesson JOIN courses_section section ON section.id = lesson.section_id
    WHERE lesson.updated_at > %(since)s OR (lesson.due_at > %(since)s AND lesson.due_at <= %(now)s)
    UNION SELECT id FROM courses_course WHERE updated_at > %(since)s)
ORDER BY 1
"""


def changed(*, now: datetime.datetime | None = None) -> int:
    """Count again the enrollments that changed since the last time. Returns how many; 0 while another step runs.

    The first time that is everybody.
    """
    now = now or timezone.now()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        if not cursor.fetchone()[0]:
            return 0
        mark = _mark()
        first_time, keys = mark.changes_until is None, []
        if mark.changes_until is not None:
            cursor.execute(_CHANGED, {"since": mark.changes_until - LATE_COMMIT, "now": now})
            keys = [key for (key,) in cursor.fetchall()]
        for start in range(0, len(keys), AT_ONCE):
            _count(keys[start : start + AT_ONCE], now)
        RefreshMark.objects.filter(pk=mark.pk).update(changes_until=now)
    return everybody(now=now) if first_time else len(keys)


def everybody(*, now: datetime.datetime | None = None, at_once: int = AT_ONCE) -> int:
    """Count everybody again, from where an interrupted pass stopped. Returns how many this run counted.

    Two runs at once share the work: each step takes the next batch under the lock.
    """
    counted = 0
    while done := _step(now or timezone.now(), at_once):
        counted += done
    return counted


def _step(now: datetime.datetime, at_once: int) -> int:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        mark = _mark()
        cursor.execute("SELECT id FROM courses_enrollment WHERE id > %s ORDER BY id LIMIT %s", [mark.position, at_once])
        keys = [key for (key,) in cursor.fetchall()]
        if keys:
            _count(keys, now)
        else:
            # Deleted enrollments take their rows along without a word.
            cursor.execute("DELETE FROM analytics_coursetally")
            cursor.execute(_RECOUNT)
        RefreshMark.objects.filter(pk=mark.pk).update(position=keys[-1] if keys else 0)
    return len(keys)


def _mark() -> RefreshMark:
    return RefreshMark.objects.get_or_create(pk=1)[0]


def _count(keys: list[int], now: datetime.datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_REFRESH, {"enrollments": keys, "now": now, "settling": formula.SETTLING.total_seconds()})
