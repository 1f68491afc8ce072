"""The lesson's page beside its twin of the API (`/api/v1/lessons/…`), for the same person and lesson, in one run.

    python -m bench.pages

A course of 30 and one of 300 lessons, each lesson with 8,000 characters and a file. Both answers come through the whole
WSGI stack of the product. Each round measures both in turn; the bar is on the ratio of the best rounds.
"""

import io
import statistics
import sys
import time
from collections.abc import Callable

from bench.figures import report
from bench.product import servers

ROUNDS = 60
CALLS = 5
SIZES = (30, 300)
BAR = 2.0
CONTENT = '<p style="color:red">Fish swim in <a href="https://example.com/">water</a>.</p>' * 100


def main() -> int:
    with servers(LMS_LIMITS="api_student=1000000/60"):
        return compare()


def compare() -> int:
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connections
    from django.test import Client

    from accounts.models import User

    call_command("migrate", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    person = User.objects.create(email="learner@example.com", name="Learner")
    client = Client()
    client.force_login(person)
    cookie = "; ".join(f"{name}={value.value}" for name, value in client.cookies.items())
    try:
        missed = False
        for size in SIZES:
            lesson = make_course(person, size)
            uses = {"API": get(f"/api/v1/lessons/{lesson}", cookie), "page": get(f"/lessons/{lesson}", cookie)}
            missed |= show(size, uses)
        return int(missed)
    finally:
        for connection in connections.all():
            connection.close_pool()


def make_course(person: object, size: int) -> str:
    """The id of a lesson in the middle of a course that `person` has enrolled in."""
    from django.core.files.base import ContentFile

    from courses import services

    course = services.create_course(title=f"Of {size}")
    for number in range(size):
        if number % 10 == 0:
            section = services.add_section(course=course, title=f"Week {number // 10}")
        lesson = services.add_lesson(section=section, title=f"Lesson {number}", content=CONTENT)
        if number == size // 2:
            middle = lesson
    services.add_file(course=course, lesson=middle, name="a.txt", content=ContentFile(b"text"))
    services.publish_course(course=course)
    services.enroll(user=person, course=course)
    return str(middle.public_id)


def get(path: str, cookie: str) -> Callable[[], None]:
    """One GET of a logged-in browser through the WSGI application, as a server does it."""
    from django.core.wsgi import get_wsgi_application

    application = get_wsgi_application()
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8000",
        "HTTP_HOST": "127.0.0.1:8000",
        "HTTP_COOKIE": cookie,
        "REMOTE_ADDR": "127.0.0.1",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.url_scheme": "http",
        "wsgi.errors": sys.stderr,
    }

    def call() -> None:
        statuses: list[str] = []
        sent = environ | {"wsgi.input": io.BytesIO()}
        response = application(sent, lambda status, headers, info=None: statuses.append(status))
        body = b"".join(response)
        response.close()
        if statuses != ["200 OK"] or b"Fish swim" not in body:
            raise RuntimeError(f"{path}: {statuses} {body[:200]!r}")

    return call


def show(size: int, uses: dict[str, Callable[[], None]]) -> bool:
    """Print one comparison; whether the bar is missed."""
    times: dict[str, list[float]] = {name: [] for name in uses}
    for use in uses.values():
        use()
    for _ in range(ROUNDS):
        for name, use in uses.items():
            started = time.perf_counter()
            for _ in range(CALLS):
                use()
            times[name].append((time.perf_counter() - started) / CALLS)
    print(f"\nA lesson of {size}: {ROUNDS} rounds of {CALLS} calls")
    for name in uses:
        print(
            f"{name:6}best {min(times[name]) * 1000:7.2f} ms   median {statistics.median(times[name]) * 1000:7.2f} ms"
        )
    ratio = min(times["page"]) / min(times["API"])
    held = report(f"page of a lesson of {size} over the API's", ratio, at_most=BAR)
    print(f"ratio {ratio:.2f}, bar {BAR}: {'held' if held else 'MISSED'}")
    return not held


if __name__ == "__main__":
    sys.exit(main())
