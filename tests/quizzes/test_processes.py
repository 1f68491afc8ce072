"""A submit followed through the product's real processes, also while the broker is away."""

import contextlib
import json
import time
import uuid

import pytest

from tests.faults import Proxy, proxied
from tests.observability.sentry_endpoint import SentryEndpoint
from tests.system import System, wait_for

pytestmark = [pytest.mark.processes, pytest.mark.observability]

SUBMIT_SECONDS = 2.0
SETUP = """
import json
from django.contrib.sessions.backends.cached_db import SessionStore
from accounts.models import User
from courses import services as courses
from quizzes import services
made = []
for name in {names}:
    user = User(email=name + "@example.com", name="Student")
    user.set_unusable_password()
    user.save()
    course = courses.create_course(title=name)
    section = courses.add_section(course=course, title="Week 1")
    quiz = services.create_quiz(lesson=courses.add_lesson(section=section, title="Exam", kind="quiz"))
    services.add_question(quiz=quiz, kind="true_false", prompt="Yes?", content={{"correct": True}})
    courses.publish_course(course=course)
    courses.enroll(user=user, course=course)
    attempt, _ = services.start_attempt(user=user, quiz=quiz)
    services.save_answer(attempt=attempt, position=1, response=True)
    session = SessionStore()
    session["_auth_user_id"] = str(user.pk)
    session["_auth_user_backend"] = "allauth.account.auth_backends.AuthenticationBackend"
    session["_auth_user_hash"] = user.get_session_auth_hash()
    session.create()
    made.append([str(attempt.public_id), session.session_key])
print("MADE " + json.dumps(made))
"""


class Exam:
    """The processes behind a broker that can go away, a Sentry endpoint, and students about to hand in."""

    def __init__(self, directory, stack: contextlib.ExitStack):
        self.stack = stack
        self.sentry = stack.enter_context(SentryEndpoint())
        variables = {
            "SENTRY_DSN": self.sentry.dsn,
            "LMS_TRACES_SAMPLE_RATE": "1.0",
            "LMS_ORDINARY_TRACES_KEPT": "1.0",
            "LMS_CELERY_CONCURRENCY": "1",
        }
        self.system = stack.enter_context(
            System(directory, processes=("web", "worker", "beat"), variables=variables, through=self._through)
        )
        names = [f"quiz{uuid.uuid4().hex[:8]}" for _ in range(3)]
        output = self.system.manage("shell", "-c", SETUP.format(names=names))
        line = next(line for line in output.splitlines() if line.startswith("MADE "))
        self.students = json.loads(line.removeprefix("MADE "))

    def _through(self, urls):
        broker = urls["REDIS_URL"].rsplit("/", 1)[0] + "/1"
        proxies, routed = proxied(self.stack, {"LMS_BROKER_URL": broker})
        self.broker: Proxy = proxies["LMS_BROKER_URL"]
        return urls | routed

    def submit(self, attempt, token):
        path = f"/api/v1/attempts/{attempt}/submission"
        return self.system.post(path, X_Session_Token=token, Idempotency_Key=attempt)

    def state(self, attempt, token):
        return self.system.get(f"/api/v1/attempts/{attempt}", X_Session_Token=token).json["state"]

    def certificates(self, token):
        return self.system.get("/api/v1/certificates", X_Session_Token=token).json["results"]


@pytest.fixture(scope="module")
def exam(tmp_path_factory):
    with contextlib.ExitStack() as stack:
        yield Exam(tmp_path_factory.mktemp("exam"), stack)


@pytest.mark.timeout(240)
def test_the_request_id_of_a_submit_runs_through_access_line_service_log_task_and_sentry_transaction(exam):
    attempt, token = exam.students[0]
    answer = exam.submit(attempt, token)
    assert answer.status == 200
    request_id = answer.headers["X-Request-ID"]

    def events(process):
        lines = exam.system.log_lines(process)
        return [line.get("event") for line in lines if line.get("request_id") == request_id]

    wait_for(lambda: "attempt.graded" in events("worker"), what="grading under the request's id", seconds=90)
    assert events("worker").count("attempt.graded") == 1
    wait_for(lambda: "http.request" in events("web"), what="the access line")
    assert events("web").count("attempt.submitted") == 1
    assert events("web").count("http.request") == 1

    def transactions():
        sent = exam.sentry.of("transaction")
        return [item["transaction"] for item in sent if item["tags"].get("request_id") == request_id]

    wait_for(transactions, what="the submit's transaction", seconds=60)
    assert "/api/v1/attempts/{public_id}/submission" in transactions()


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("fault", "student"), [("refuse", 1), ("swallow", 2)])
def test_a_submit_never_waits_for_the_broker_and_nothing_is_lost(exam, fault, student):
    attempt, token = exam.students[student]
    with exam.broker.fault(fault):
        began = time.monotonic()
        answer = exam.submit(attempt, token)
        assert time.monotonic() - began < SUBMIT_SECONDS
        assert answer.status == 200
        assert answer.json["closed_as"] == "submitted"
        assert exam.certificates(token) == []
    wait_for(lambda: exam.state(attempt, token) == "graded", what="the grade after the broker's return", seconds=120)
    wait_for(lambda: exam.certificates(token), what="the certificate", seconds=60)
    assert len(exam.certificates(token)) == 1

    def graded():
        lines = exam.system.log_lines("worker")
        return [line for line in lines if line.get("event") == "attempt.graded" and line.get("attempt") == attempt]

    wait_for(graded, what="the line about the grade")
    assert len(graded()) == 1
