"""The last seat of a course, asked for by fifty requests at once: real web processes, real threads."""

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.system import Answer, System

pytestmark = pytest.mark.processes

# Prints the session tokens of fifty students; the course has room for `seats` of them.
PREPARE = """
import json
from importlib import import_module
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from accounts.models import User
from courses import services
from courses.models import Course

store = import_module(settings.SESSION_ENGINE).SessionStore
course = services.publish_course(course=services.create_course(title={slug!r}, slug={slug!r}))
Course.objects.filter(pk=course.pk).update(capacity={seats})
tokens = []
for number in range(50):
    user = User.objects.create(email=f"{slug}-{{number}}@example.com", name=f"Person {{number}}")
    session = store()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    tokens.append(session.session_key)
print("TOKENS", json.dumps(tokens))
"""


def prepared(system: System, slug: str, seats: int) -> list[str]:
    output = system.manage("shell", "--no-imports", "-c", PREPARE.format(slug=slug, seats=seats))
    # Log lines come when they come, also after what was printed last.
    (line,) = [line for line in output.splitlines() if line.startswith("TOKENS ")]
    return json.loads(line.removeprefix("TOKENS "))


def ask_at_once(system: System, slug: str, tokens: list[str]) -> list[Answer]:
    with ThreadPoolExecutor(len(tokens)) as pool:
        return list(
            pool.map(lambda token: system.post(f"/api/v1/courses/{slug}/enrollment", X_Session_Token=token), tokens)
        )


def test_fifty_students_get_one_seat_and_49_refusals(system):
    tokens = prepared(system, "one-seat", 1)
    answers = ask_at_once(system, "one-seat", tokens)
    outcomes = Counter((answer.status, answer.json.get("code")) for answer in answers)
    assert outcomes == {(201, None): 1, (409, "course_full"): 49}


def test_fifty_requests_of_one_student_make_one_enrollment(system):
    token = prepared(system, "one-student", 1)[0]
    answers = ask_at_once(system, "one-student", [token] * 50)
    assert {answer.status for answer in answers} <= {200, 201}
    assert len({answer.json["id"] for answer in answers}) == 1
    mine = system.get("/api/v1/enrollments", X_Session_Token=token).json["results"]
    assert [row["course"] for row in mine] == ["one-student"]
