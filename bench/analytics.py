"""Refreshing engagement at 10,000, 100,000 and 1,000,000 enrollments with ten rows of progress each.

    python -m bench.analytics [--sizes 10000 100000 1000000]

Starts servers of its own, fills them by SQL (about 4 GB of disk at a million), counts everybody (linear: the time per
enrollment is printed beside that of the smallest size), then again what 1,000 new completions changed, spread over
1,000 enrollments. Exits 1 when the incremental run did not count exactly what changed, or when a tally is not what
counting from nothing gives. Compare ratios, not times; filling a million takes five minutes.
"""

import argparse
import datetime
import sys
import time

from bench.figures import report
from bench.product import servers

LESSONS = 12
EVENTS = 1000
BAR_SECONDS = 2.0
LINEAR = 1.5  # the cost of one grows by less, however many there are
COURSES = """
INSERT INTO courses_course (public_id, slug, title, summary, description, language, state, self_paced,
    requires_approval, grading_policy, starts_at, created_at, updated_at)
SELECT gen_random_uuid(), 'c' || n, 'C', '', '', '', 'published', true, false, '{}', now() - interval '90 days',
    now() - interval '90 days', now() - interval '90 days'
FROM generate_series(1, 1000) n;
INSERT INTO courses_section (public_id, course_id, title, position, source_key)
SELECT gen_random_uuid(), id, 'S', 0, '' FROM courses_course;
INSERT INTO courses_lesson (public_id, section_id, kind, title, content, position, required, published, due_at,
    minimum_seconds, video_url, subsection_key, subsection_title, unit_key, unit_title, source_key, updated_at)
SELECT gen_random_uuid(), id, (ARRAY['text', 'video', 'quiz', 'assignment'])[1 + n %% 4], 'L', '', n, true, true,
    now() - interval '85 days' + n * interval '7 days', 0, '', '', '', '', '', '', now() - interval '90 days'
FROM courses_section, generate_series(1, %(lessons)s) n
"""
# Each person is in up to 100 courses, so that a million enrollments need ten thousand people.
ENROLLMENTS = """
INSERT INTO accounts_user (password, is_superuser, email, public_id, name, role, is_active, date_joined,
    session_generation)
SELECT '!', false, 'p' || n || '@example.com', gen_random_uuid(), 'P', 'student', true, now(), 0
FROM generate_series((SELECT count(*) FROM accounts_user) + 1, %(size)s / 100) n;
INSERT INTO courses_enrollment (public_id, user_id, course_id, state, source, progress, enrolled_at, last_activity_at)
SELECT gen_random_uuid(), person.id, course.id, 'active', 'self', 75, now() - interval '80 days',
    now() - random() * interval '60 days' - interval '1 hour'
FROM (SELECT id, row_number() OVER (ORDER BY id) AS n FROM accounts_user) person
JOIN (SELECT id, row_number() OVER (ORDER BY id) AS n FROM courses_course) course
    ON (course.n - 1) / 100 = person.n %% 10
ON CONFLICT DO NOTHING;
INSERT INTO courses_lessonprogress (enrollment_id, lesson_id, watched, started_at, completed_at)
SELECT enrollment.id, lesson.id, '[]', lesson.due_at - interval '3 days',
    lesson.due_at + (random() - 0.7) * interval '10 days'
FROM courses_enrollment enrollment
JOIN courses_section section ON section.course_id = enrollment.course_id
JOIN courses_lesson lesson ON lesson.section_id = section.id AND lesson.position <= 10
ON CONFLICT DO NOTHING
"""
NEW = """
WITH chosen AS (SELECT id, course_id FROM courses_enrollment
    WHERE last_activity_at < now() - interval '59 minutes' ORDER BY md5(id::text) LIMIT %(events)s
), done AS (
    INSERT INTO courses_lessonprogress (enrollment_id, lesson_id, watched, started_at, completed_at)
    SELECT chosen.id, lesson.id, '[]', now(), now()
    FROM chosen JOIN courses_section section ON section.course_id = chosen.course_id
    JOIN courses_lesson lesson ON lesson.section_id = section.id AND lesson.position = 11
    ON CONFLICT DO NOTHING
    RETURNING enrollment_id)
UPDATE courses_enrollment SET last_activity_at = now() WHERE id IN (SELECT enrollment_id FROM done)
"""
TALLIES = "SELECT course_id, measure, value, count FROM analytics_coursetally WHERE count <> 0 ORDER BY 1, 2, 3"


def run(sizes: list[int]) -> int:
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    from analytics.engagement import refresh

    def timed(what: object) -> tuple[float, int]:
        started = time.perf_counter()
        counted = what()  # type: ignore[operator]
        return time.perf_counter() - started, counted

    call_command("migrate", verbosity=0)
    cursor, wrong, smallest = connection.cursor(), [], 0.0
    cursor.execute(COURSES, {"lessons": LESSONS})
    for size in sizes:
        filling = time.perf_counter()
        cursor.execute(ENROLLMENTS, {"size": size})
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("SELECT count(*), (SELECT count(*) FROM courses_lessonprogress) FROM courses_enrollment")
        stored, rows = cursor.fetchone()
        filled = time.perf_counter() - filling
        full, counted = timed(refresh.everybody)
        cursor.execute("VACUUM ANALYZE analytics_engagement")
        later = datetime.datetime.now(datetime.UTC)
        # As if changes had been counted until now: what filled the tables lies further back than late commits do.
        cursor.execute("UPDATE analytics_refreshmark SET changes_until = %s", [later + refresh.LATE_COMMIT])
        cursor.execute(NEW, {"events": EVENTS})
        incremental, changed = timed(refresh.changed)
        smallest = smallest or full / counted
        print(
            f"{stored:9,} enrollments, {rows:10,} rows (filled in {filled:.0f} s): everybody {full:7.2f} s, "
            f"{full / counted * 1e6:5.0f} µs each (x{full / counted / smallest:.2f}); "
            f"{changed} changed in {incremental * 1000:6.0f} ms",
            flush=True,
        )
        report(f"engagement of 1,000 changed among {size:,}", incremental, "s", at_most=BAR_SECONDS)
        if size != sizes[0]:
            ratio = full / counted / smallest
            report(f"engagement of everybody, each of {size:,} over each of {sizes[0]:,}", ratio, at_most=LINEAR)
        cursor.execute(TALLIES)
        kept = cursor.fetchall()
        cursor.execute("DELETE FROM analytics_coursetally")
        cursor.execute(refresh._RECOUNT)
        cursor.execute(TALLIES)
        wrong += [
            f"at {size}: {problem}"
            for problem, failed in {
                f"everybody counted {counted} of {stored}": counted != stored,
                f"{changed} counted, {EVENTS} changed": changed != EVENTS,
                "tallies differ from a recount": kept != cursor.fetchall(),
            }.items()
            if failed
        ]
    for line in wrong:
        print(f"NOT AS IT SHOULD BE {line}")
    return int(bool(wrong))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    sizes = sorted(parser.parse_args().sizes)
    with servers():
        return run(sizes)


if __name__ == "__main__":
    sys.exit(main())
