"""Time of a scrape at 1,000 and at 1,000,000 enrollments, and what it asks of the database, in one run.

    python -m bench.business_scrape

Starts servers of its own, migrates, fills the enrollments by SQL, and scrapes /metrics through the whole web stack.
Facts are measured once before, as their thread does beside the scrapes; how long that took is printed too. Exits 1 when
a scrape sends a statement to one of the product's tables, or other statements at one size than at the other.
"""

import sys
import threading
import time

from bench.figures import report
from bench.product import servers

SIZES = (1_000, 1_000_000)
SCRAPES = 30
APPS = ("accounts_", "courses_", "quizzes_", "certificates_", "analytics_", "outbox_")
PEOPLE = """
INSERT INTO accounts_user (password, is_superuser, email, public_id, name, role, is_active, date_joined,
    session_generation)
SELECT '!', false, 'p' || n || '@example.com', gen_random_uuid(), 'P', 'student', true, now(), 0
FROM generate_series(1, 1000) n
"""
COURSES = """
INSERT INTO courses_course (public_id, slug, title, summary, description, language, state, self_paced,
    requires_approval, grading_policy, created_at, updated_at)
SELECT gen_random_uuid(), 'c' || n, 'C', '', '', '', 'published', true, false, '{}', now(), now()
FROM generate_series(1, 1000) n
"""
ENROLLMENTS = """
INSERT INTO courses_enrollment (public_id, user_id, course_id, state, source, progress, enrolled_at, last_activity_at)
SELECT gen_random_uuid(), learner.id, course.id, 'active', 'self', 0, now(), now()
FROM (SELECT id FROM courses_course ORDER BY id LIMIT %s) course, accounts_user learner
ON CONFLICT DO NOTHING
"""


def run() -> int:
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection
    from django.db.backends.utils import CursorWrapper
    from django.test import Client

    from observability import facts

    call_command("migrate", verbosity=0)
    sent: list[str] = []
    original = CursorWrapper.execute

    def record(self: CursorWrapper, sql: object, params: object = None) -> object:
        if threading.current_thread().name != "observability-facts":
            sent.append(str(sql))
        return original(self, sql, params)

    with connection.cursor() as cursor:
        cursor.execute(PEOPLE)
        cursor.execute(COURSES)
    client, taken, asked = Client(SERVER_NAME="127.0.0.1"), {}, {}
    for size in SIZES:
        with connection.cursor() as cursor:
            cursor.execute(ENROLLMENTS, [size // 1000])
            cursor.execute("ANALYZE")
            cursor.execute("SELECT count(*) FROM courses_enrollment")
            stored = cursor.fetchone()[0]
        started = time.perf_counter()
        facts.refresh(force=True)
        measured = (time.perf_counter() - started) * 1000
        for _ in range(3):
            client.get("/metrics")
        CursorWrapper.execute = record
        times = []
        for _ in range(SCRAPES):
            sent.clear()
            started = time.perf_counter()
            answer = client.get("/metrics")
            times.append((time.perf_counter() - started) * 1000)
            assert answer.status_code == 200, answer.status_code
        CursorWrapper.execute = original
        taken[size], asked[size] = min(times), list(sent)
        print(
            f"{stored:9,} enrollments: scrape {taken[size]:6.1f} ms (best of {SCRAPES}), "
            f"{len(asked[size])} statements; facts measured beside it in {measured:6.1f} ms"
        )
    few, many = SIZES
    ours = [line for line in asked[many] if any(app in line for app in APPS)]
    print(f"ratio {taken[many] / taken[few]:.2f}, same statements: {'yes' if asked[few] == asked[many] else 'NO'}")
    print(f"statements to the product's tables: {len(ours)}")
    report(f"scrape at {many:,} enrollments over at {few:,}", taken[many] / taken[few])
    report("statements of a scrape to the product's tables", len(ours), "", at_most=0)
    return int(bool(ours) or asked[few] != asked[many])


def main() -> int:
    with servers():
        return run()


if __name__ == "__main__":
    sys.exit(main())
