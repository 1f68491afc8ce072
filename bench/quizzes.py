"""An exam's load and a big quiz's numbers, on the product's real processes and an embedded PostgreSQL.

    python -m bench.quizzes load [--students 200] [--seconds 60]     # autosaving, then everybody submits
    python -m bench.quizzes statistics [--attempts 100000]           # statistics and lists of one quiz

`load` runs Locust against gunicorn on the loopback and exits 1 when a request fails, a grade is missing or wrong.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.figures import report

ROOT = Path(__file__).resolve().parents[1]
QUESTIONS = 5
SEEDED = "quizzes-bench.json"


def seed_load(directory: Path, students: int) -> None:
    """A published quiz and students with sessions, described in a file for Locust."""
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.cached_db import SessionStore

    from accounts.models import User
    from courses import services as courses

    quiz = _quiz(time_limit_seconds=3600)
    tokens = []
    for number in range(students):
        user = User(email=f"student{number}@example.org", name=f"Student {number}")
        user.set_unusable_password()
        user.save()
        courses.enroll(user=user, course=quiz.lesson.section.course)
        session = SessionStore()
        session[SESSION_KEY] = str(user.pk)
        session[BACKEND_SESSION_KEY] = "allauth.account.auth_backends.AuthenticationBackend"
        session[HASH_SESSION_KEY] = user.get_session_auth_hash()
        session.create()
        tokens.append(session.session_key)
    (directory / SEEDED).write_text(json.dumps({"quiz": str(quiz.public_id), "tokens": tokens}))


def _quiz(**terms: Any) -> Any:
    from courses import services as courses
    from quizzes import services

    course = courses.create_course(title="Exam")
    section = courses.add_section(course=course, title="Week 1")
    quiz = services.create_quiz(lesson=courses.add_lesson(section=section, title="Exam", kind="quiz"), **terms)
    for number in range(QUESTIONS):
        choices = [{"id": key, "text": key, "weight": "1" if key == "a" else "0"} for key in "abcd"]
        services.add_question(
            quiz=quiz, kind="single_choice", prompt=f"Question {number}", content={"choices": choices}
        )
    courses.publish_course(course=course)
    return quiz


def check_load() -> dict[str, Any]:
    """What the database holds after the load, and whether each grade is that of the stored answers."""
    from django.db.models import Count, F, Q, Sum

    from quizzes.models import Attempt

    right = Count("answers", filter=Q(answers__response="a"))
    attempts = Attempt.objects.annotate(right=right, saves=Sum("answers__revision"))
    return {
        "attempts": attempts.count(),
        "submitted": attempts.filter(closed_as="submitted").count(),
        "graded": attempts.filter(state="graded").count(),
        "wrong grades": attempts.filter(state="graded").exclude(points=F("right")).count(),
        "saves": sum(row.saves or 0 for row in attempts),
    }


SEED = """
INSERT INTO quizzes_attempt (public_id, enrollment_id, quiz_id, number, state, seed, started_at, closed_at, closed_as,
                             graded_at, points, maximum, percent, passed)
SELECT gen_random_uuid(), enrollment.id, %(quiz)s, number, 'graded', 'seed', now() - number * interval '1 hour', now(),
       'submitted', now(), 0, 5, 0, false
FROM courses_enrollment enrollment, generate_series(1, %(each)s) number;
INSERT INTO quizzes_answer (attempt_id, version_id, position, response, revision, points, needs_person, overridden,
                            comment, rubric)
SELECT attempt.id, version.id, version.id, to_jsonb(chr(97 + (random() * 3)::int)), 1, round(random()), false, false,
       '', '{}'
FROM quizzes_attempt attempt, quizzes_questionversion version;
UPDATE quizzes_attempt attempt SET points = total.points, percent = total.points * 20, passed = total.points >= 3
FROM (SELECT attempt_id, sum(points) AS points FROM quizzes_answer GROUP BY attempt_id) total
WHERE total.attempt_id = attempt.id;
"""


def statistics(count: int) -> dict[str, Any]:
    """Seconds for the statistics of one quiz with `count` graded attempts, and for a page of its list."""
    from django.db import connection
    from rest_framework.test import APIClient

    from accounts.models import Role, User
    from courses.models import Enrollment
    from quizzes import services
    from quizzes.models import Attempt, QuestionStatistics

    quiz = _quiz(max_attempts=None)
    people = 1000
    users = User.objects.bulk_create(User(email=f"p{n}@example.org", name=f"P {n}") for n in range(people))
    Enrollment.objects.bulk_create(Enrollment(user=user, course=quiz.lesson.section.course) for user in users)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE quizzes_answer DISABLE TRIGGER USER")
        for statement in SEED.strip().split(";")[:-1]:
            cursor.execute(statement, {"quiz": quiz.pk, "each": count // people} if "%(" in statement else None)
        cursor.execute("ALTER TABLE quizzes_answer ENABLE TRIGGER USER")
        cursor.execute("VACUUM ANALYZE")
    seconds = []
    for _ in range(3):
        begun = time.perf_counter()
        services.compute_statistics(quiz=quiz)
        seconds.append(round(time.perf_counter() - begun, 3))
    admin = User.objects.create(email="admin@example.org", name="Admin", role=Role.ADMIN, is_superuser=True)
    client = APIClient()
    client.force_authenticate(admin)
    pages = []
    for path in (f"/api/v1/quizzes/{quiz.public_id}/attempts", f"/api/v1/attempts/{Attempt.objects.first().public_id}"):
        client.get(path, headers={"host": "127.0.0.1"})
        begun = time.perf_counter()
        answer = client.get(path, headers={"host": "127.0.0.1"})
        pages.append((answer.status_code, round(time.perf_counter() - begun, 3)))
    return {
        "attempts": Attempt.objects.count(),
        "answers": Attempt.objects.count() * QUESTIONS,
        "counted": sorted(QuestionStatistics.objects.values_list("attempts", flat=True)),
        "statistics seconds": seconds,
        "list, detail (status, seconds)": pages,
    }


def inside(arguments: argparse.Namespace) -> None:
    """The part that runs with the product's settings, in a process of its own."""
    import django

    django.setup()
    if arguments.what == "seed":
        seed_load(arguments.directory, arguments.students)
    elif arguments.what == "check":
        print(json.dumps(check_load()))
    else:
        print(json.dumps(statistics(arguments.attempts), indent=2))


def run_inside(environment: dict[str, str], what: str, *options: str) -> str:
    command = [sys.executable, "-m", "bench.quizzes", what, "--inside", *options]
    result = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if result.returncode:
        raise SystemExit(result.stderr[-3000:])
    return result.stdout[result.stdout.index("{") :] if "{" in result.stdout else ""


def load(arguments: argparse.Namespace) -> int:
    from tests.system import System, wait_for

    with tempfile.TemporaryDirectory(prefix="lms-bench-") as folder:
        directory = Path(folder)
        with System(directory, processes=("web", "worker", "beat")) as system:
            students = str(arguments.students)
            run_inside(system.environment, "seed", "--directory", folder, "--students", students)
            locust = subprocess.run(
                [
                    sys.executable, "-m", "locust", "-f", "bench/quizzes_locust.py", "--headless", "--only-summary",
                    "-u", students, "-r", "20", "-t", f"{arguments.seconds + arguments.students // 20 + 60}s",
                    "--stop-timeout", "30", "-H", f"http://127.0.0.1:{system.ports['web']}",
                ],
                cwd=ROOT,
                env=os.environ
                | {"BENCH_SEEDED": str(directory / SEEDED), "BENCH_SECONDS": str(arguments.seconds)},
                check=False,
            )  # fmt: skip

            def graded() -> dict[str, Any] | None:
                facts: dict[str, Any] = json.loads(run_inside(system.environment, "check"))
                return facts if facts["graded"] == facts["attempts"] else None

            facts = wait_for(graded, seconds=60, every=1, what="grading")
            print(json.dumps(facts))
            report("requests or students that failed", locust.returncode, "", at_most=0)
            report("saved answers", facts["saves"], "")
            whole = facts["attempts"] == facts["submitted"] == arguments.students and not facts["wrong grades"]
            return 0 if whole and locust.returncode == 0 else 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["load", "statistics", "seed", "check"])
    parser.add_argument("--students", type=int, default=200)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--attempts", type=int, default=100_000)
    parser.add_argument("--directory", type=Path)
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.inside:
        inside(arguments)
        return 0
    if arguments.what == "load":
        return load(arguments)
    from tests.system import System

    with (
        tempfile.TemporaryDirectory(prefix="lms-bench-") as folder,
        System(Path(folder), processes=(), variables={"LMS_LOG_LEVEL": "WARNING"}) as system,
    ):
        found = run_inside(system.environment, "statistics", "--attempts", str(arguments.attempts))
        print(found)
        report(
            f"statistics of {arguments.attempts:,} attempts",
            max(json.loads(found)["statistics seconds"]),
            "s",
            at_most=2,
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
