"""What a person gets from the real processes: over HTTP only, from sign-up to a completed lesson, and what it leaves
in metrics and logs."""

import email as email_parser
import re
from urllib.parse import unquote

import pytest
from celery import Celery

from tests.system import System, wait_for

pytestmark = [pytest.mark.processes, pytest.mark.timeout(240)]
PASSWORD = "correct-horse-battery"


@pytest.fixture(scope="module")
def course(system: System) -> str:
    system.manage("import_course", "lms/demo/sample_course", "--publish")
    return "reliable-services"


def auth(system: System, path: str, body: dict, **headers):
    return system.post(f"/api/v1/auth/app/v1/{path}", body, **headers)


def sign_up_verify_and_log_in(system: System, email: str) -> str:
    answer = auth(system, "auth/signup", {"email": email, "password": PASSWORD, "name": "Ada Example"})
    assert answer.status == 401, "verification is pending"
    mail = wait_for(
        lambda: [mail for mail in system.mails() if email in mail and "verify-email" in mail], what="the mail"
    )[0]
    text = email_parser.message_from_string(mail).get_payload(decode=True).decode()
    key = unquote(re.search(r"verify-email/([^\s/]+)", text)[1])
    assert auth(system, "auth/email/verify", {"key": key}).status in (200, 401)
    answer = auth(system, "auth/login", {"email": email, "password": PASSWORD})
    assert answer.status == 200, answer.text
    return answer.json["meta"]["session_token"]


def test_a_student_signs_up_enrols_reads_and_completes_over_http_alone(system, course):
    enrolled_before = system.metric("lms_enrollments_total", source="self")
    completed_before = system.metric("lms_lessons_completed_total", kind="text")
    token = {"X_Session_Token": sign_up_verify_and_log_in(system, "ada@example.org")}

    found = system.get("/api/v1/courses?search=Reliable", **token).json["results"]
    assert [row["slug"] for row in found] == [course]
    request_id = "front-door-enrolment-1"
    answer = system.post(f"/api/v1/courses/{course}/enrollment", {}, X_Request_ID=request_id, **token)
    assert answer.status == 201, answer.text
    assert answer.headers["X-Request-ID"] == request_id

    sections = system.get(f"/api/v1/courses/{course}/outline", **token).json["sections"]
    lessons = [lesson for section in sections for lesson in section["lessons"]]
    assert len(lessons) == 8
    read = system.get(f"/api/v1/lessons/{lessons[0]['id']}", **token)
    assert read.status == 200
    assert "Four numbers answer" in read.json["content"]
    assert system.post(f"/api/v1/lessons/{lessons[0]['id']}/completion", {}, **token).status in (200, 201)
    mine = system.get("/api/v1/enrollments", **token).json["results"]
    assert [float(row["progress"]) for row in mine] == [12.5]

    assert system.metric("lms_enrollments_total", source="self") == enrolled_before + 1
    assert system.metric("lms_lessons_completed_total", kind="text") == completed_before + 1

    def lines():
        mine = (line for line in system.log_lines("web") if line.get("request_id") == request_id)
        return {line.get("event"): line for line in mine}

    wait_for(lambda: {"http.request", "enrollment.created"} <= set(lines()), what="the request's lines")
    access = lines()["http.request"]
    assert (access["status"], access["method"]) == (201, "POST")
    assert "ada@example.org" not in system.log_path("web").read_text()


def test_the_welcome_mail_arrives_once(system, course):
    sign_up_verify_and_log_in(system, "grace@example.org")
    welcome = wait_for(
        lambda: [mail for mail in system.mails() if "grace@example.org" in mail and "elcome" in mail],
        what="the welcome mail",
    )
    assert len(welcome) == 1


def test_a_failed_task_is_visible_in_flower_and_its_metrics(system):
    flower = system.ports["flower"]
    wait_for(lambda: system.get("/healthcheck", port=flower).status == 200, what="Flower")

    def failures() -> float:
        text = system.get("/metrics", port=flower).text
        found = re.findall(
            r'^flower_events_total\{[^}]*task="outbox.tasks.relay"[^}]*type="task-failed"[^}]*\} (\S+)', text, re.M
        )
        return sum(map(float, found))

    wait_for(lambda: "outbox.tasks.relay" in system.get("/metrics", port=flower).text, what="a task in Flower")
    before = failures()
    broker = system.servers.redis_url.removesuffix("/0") + "/1"
    sent = Celery(broker=broker, set_as_current=False).send_task(
        "outbox.tasks.relay", args=["an argument that relay doesn't take"]
    )
    wait_for(lambda: failures() == before + 1, what="the failure in Flower's metrics")
    page = system.get(f"/task/{sent.id}", port=flower)
    assert page.status == 200
    assert "FAILURE" in page.text
    assert "TypeError" in page.text


@pytest.mark.parametrize(
    "path", ["/admin/login/", "/api/docs/", "/api/schema/", "/metrics", "/health", "/api/v1/ready"]
)
def test_the_front_pages_answer(system, path):
    assert system.get(path, Accept="*/*").status == 200
