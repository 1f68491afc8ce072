"""The API of quizzes: what students see and when, keys that make requests safe to repeat, a fixed number of queries."""

import datetime
import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from courses import services as courses
from outbox import services as outbox
from quizzes import services
from quizzes.models import Attempt, IdempotencyRecord, QuestionVersion, Quiz
from tests.quizzes.conftest import overdue

pytestmark = pytest.mark.django_db(transaction=True)

SECRETS = ["secret answer", "Because.", "well", "weight", "correct"]


def key(value="k1"):
    return {"Idempotency-Key": value}


@pytest.fixture
def learner(student, quiz, client_of):
    courses.enroll(user=student, course=quiz.lesson.section.course)
    return client_of(student)


def started(learner, quiz, value="s1"):
    response = learner.post(f"/api/v1/quizzes/{quiz.public_id}/attempts", {}, headers=key(value))
    assert response.status_code in (200, 201)
    return response.json()["id"]


def test_a_student_takes_a_quiz_over_the_api(learner, quiz):
    response = learner.post(f"/api/v1/quizzes/{quiz.public_id}/attempts", {}, headers=key("s"))
    assert response.status_code == 201
    attempt = response.json()
    assert [answer["prompt"] for answer in attempt["answers"]] == ["Pick A", "Type it"]
    assert attempt["answers"][0]["parts"] == {"choices": [{"id": "a", "text": "A"}, {"id": "b", "text": "B"}]}
    path = f"/api/v1/attempts/{attempt['id']}"
    saved = learner.put(f"{path}/answers/1", {"response": "a"})
    assert (saved.status_code, saved.json()["revision"]) == (200, 1)
    resumed = learner.post(f"/api/v1/quizzes/{quiz.public_id}/attempts", {}, headers=key("another device"))
    assert (resumed.status_code, resumed.json()["id"]) == (200, attempt["id"])
    assert resumed.json()["answers"][0]["response"] == "a"
    receipt = learner.post(f"{path}/submission", {}, headers=key("t"))
    assert receipt.status_code == 200
    assert (receipt.json()["closed_as"], receipt.json()["answered"], receipt.json()["questions"]) == ("submitted", 1, 2)
    outbox.relay()
    result = learner.get(path).json()
    assert (result["state"], result["percent"], result["passed"]) == ("graded", "50", True)
    assert learner.put(f"{path}/answers/1", {"response": "b"}).json()["code"] == "attempt_closed"


def everything_a_student_can_ask(learner, quiz, attempt):
    paths = ["quizzes", f"quizzes/{quiz}", f"quizzes/{quiz}/attempts", f"attempts/{attempt}"]
    staff = [f"quizzes/{quiz}/{part}" for part in ("questions", "export", "statistics", "accommodations", "pools")]
    answers = [learner.get(f"/api/v1/{path}") for path in [*paths, *staff, "grading-queue"]]
    answers += [learner.options(f"/api/v1/{path}") for path in [*paths, *staff, f"attempts/{attempt}/answers/1"]]
    answers += [
        learner.put(f"/api/v1/attempts/{attempt}/answers/1", {"response": "z"}),
        learner.put(f"/api/v1/attempts/{attempt}/answers/2", {"response": ["x"]}),
        learner.put(f"/api/v1/attempts/{attempt}/answers/9", {"response": "x"}),
        learner.post(f"/api/v1/attempts/{attempt}/answers/1/claim"),
        learner.post(f"/api/v1/attempts/{attempt}/answers/1/grade", {"points": 1}),
    ]
    return " ".join(answer.content.decode() for answer in answers)


@pytest.mark.parametrize(
    ("policy", "closes_in", "graded", "shown"),
    [
        ("after_submit", None, False, False),
        ("after_submit", None, True, True),
        ("never", None, True, False),
        ("after_close", None, True, False),
        ("after_close", 3600, True, False),
        ("after_close", -60, True, True),
    ],
)
def test_answers_and_feedback_wait_for_the_policy(learner, quiz, policy, closes_in, graded, shown):
    attempt = started(learner, quiz)
    if graded:
        services.submit_attempt(attempt=Attempt.objects.get())
        outbox.relay()
    closes = timezone.now() + datetime.timedelta(seconds=closes_in) if closes_in else None
    Quiz.objects.update(feedback_policy=policy, closes_at=closes)
    text = everything_a_student_can_ask(learner, quiz.public_id, attempt)
    if shown:
        assert all(secret in text for secret in SECRETS[:3])
    else:
        assert [secret for secret in SECRETS if secret in text] == []


def test_closing_means_closed_for_everybody_extra_time_included(learner, quiz, make_user):
    attempt = started(learner, quiz)
    services.submit_attempt(attempt=Attempt.objects.get())
    outbox.relay()
    Quiz.objects.update(feedback_policy="after_close", closes_at=timezone.now() - datetime.timedelta(seconds=60))
    services.accommodate(quiz=Quiz.objects.get(), user=make_user("slow"), extra_seconds=3600)
    assert "feedback" not in learner.get(f"/api/v1/attempts/{attempt}").json()["answers"][0]


def test_the_api_document_holds_no_example_answers(client):
    text = client.get("/api/schema/", headers={"Accept": "application/json"}).content.decode()
    parts = json.loads(text)["components"]["schemas"]
    for name in ("Asked", "AttemptDetail", "Saved"):
        assert "example" not in json.dumps(parts[name])


def test_other_peoples_attempts_do_not_exist(learner, quiz, make_user, client_of):
    attempt = started(learner, quiz)
    other = make_user("other")
    courses.enroll(user=other, course=quiz.lesson.section.course)
    other = client_of(other)
    assert other.get(f"/api/v1/attempts/{attempt}").status_code == 404
    assert other.put(f"/api/v1/attempts/{attempt}/answers/1", {"response": "a"}).status_code == 404
    assert other.post(f"/api/v1/attempts/{attempt}/submission", {}, headers=key()).status_code == 404
    assert other.get(f"/api/v1/quizzes/{quiz.public_id}/attempts").json()["results"] == []


@pytest.mark.parametrize(
    ("headers", "code"), [({}, "idempotency_key_missing"), (key("x" * 256), "idempotency_key_invalid")]
)
def test_a_key_is_needed_and_has_a_length(learner, quiz, headers, code):
    response = learner.post(f"/api/v1/quizzes/{quiz.public_id}/attempts", {}, headers=headers)
    assert (response.status_code, response.json()["code"]) == (400, code)
    assert not Attempt.objects.exists()


def test_the_same_key_answers_the_same_again(learner, quiz):
    path = f"/api/v1/quizzes/{quiz.public_id}/attempts"
    first = learner.post(path, {}, headers=key())
    services.save_answer(attempt=Attempt.objects.get(), position=1, response="a")
    again = learner.post(path, {}, headers=key())
    assert (again.status_code, again.json()) == (first.status_code, first.json())
    assert again.headers["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first.headers


def test_a_refusal_is_answered_again_too(learner, quiz):
    Quiz.objects.update(closes_at=timezone.now() - datetime.timedelta(hours=1))
    path = f"/api/v1/quizzes/{quiz.public_id}/attempts"
    first = learner.post(path, {}, headers=key())
    Quiz.objects.update(closes_at=None)
    again = learner.post(path, {}, headers=key())
    assert [r.status_code for r in (first, again)] == [409, 409]
    assert again.json() == first.json()
    assert again.headers["Content-Type"] == "application/problem+json"


def test_the_same_key_with_another_request_is_refused(learner, quiz):
    attempt = started(learner, quiz, "k1")
    response = learner.post(f"/api/v1/attempts/{attempt}/submission", {}, headers=key("k1"))
    assert (response.status_code, response.json()["code"]) == (422, "idempotency_key_reused")
    body = learner.post(f"/api/v1/quizzes/{quiz.public_id}/attempts", {"a": 1}, headers=key("k1"))
    assert body.status_code == 422


def test_a_request_in_flight_is_a_conflict_and_an_abandoned_one_is_taken_over(learner, quiz):
    path = f"/api/v1/quizzes/{quiz.public_id}/attempts"
    learner.post(path, {}, headers=key())
    IdempotencyRecord.objects.update(status=None, body=None, claimed_at=timezone.now())
    busy = learner.post(path, {}, headers=key())
    assert (busy.status_code, busy.json()["code"]) == (409, "request_in_flight")
    IdempotencyRecord.objects.update(claimed_at=timezone.now() - datetime.timedelta(minutes=2))
    assert learner.post(path, {}, headers=key()).status_code == 200


def test_a_server_error_frees_the_key(learner, quiz, monkeypatch):
    path = f"/api/v1/quizzes/{quiz.public_id}/attempts"
    learner.raise_request_exception = False

    def broken(**kwargs):
        raise RuntimeError

    with monkeypatch.context() as patch:
        patch.setattr(services, "start_attempt", broken)
        assert learner.post(path, {}, headers=key()).status_code == 500
    assert learner.post(path, {}, headers=key()).status_code == 201


def test_keys_of_two_people_do_not_meet(learner, quiz, make_user, client_of):
    other = make_user("other")
    courses.enroll(user=other, course=quiz.lesson.section.course)
    assert started(learner, quiz, "same") != started(client_of(other), quiz, "same")


def test_a_late_submission_says_so(learner, quiz):
    attempt = started(learner, quiz)
    overdue(Attempt.objects.get())
    receipt = learner.post(f"/api/v1/attempts/{attempt}/submission", {}, headers=key())
    assert (receipt.status_code, receipt.json()["closed_as"]) == (200, "expired")


def test_staff_make_and_change_quizzes(quiz, instructor, client_of):
    teacher = client_of(instructor)
    section = quiz.lesson.section
    lesson = courses.add_lesson(section=section, title="Second", kind="quiz")
    made = teacher.post("/api/v1/quizzes", {"lesson": str(lesson.public_id), "time_limit_seconds": 60})
    assert (made.status_code, made.json()["time_limit_seconds"]) == (201, 60)
    path = f"/api/v1/quizzes/{made.json()['id']}"
    assert teacher.post("/api/v1/quizzes", {"lesson": str(lesson.public_id)}).json()["code"] == "has_quiz"
    question = teacher.post(f"{path}/questions", {"kind": "true_false", "prompt": "Q", "content": {"correct": True}})
    assert (question.status_code, question.json()["version"]) == (201, 1)
    revised = teacher.put(f"/api/v1/questions/{question.json()['id']}", {"prompt": "Q2", "content": {"correct": False}})
    assert (revised.json()["version"], revised.json()["prompt"]) == (2, "Q2")
    refused = teacher.post(f"{path}/questions", {"kind": "true_false", "prompt": "Q", "content": {"correct": "no"}})
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid_question")
    assert [q["prompt"] for q in teacher.get(f"{path}/questions").json()["results"]] == ["Q2"]
    for terms in ({"pass_mark": "101"}, {"pass_mark": "-1"}, {"max_attempts": 0}, {"time_limit_seconds": 0}):
        assert teacher.patch(path, terms).status_code == 400
    times = {"opens_at": "2030-01-02T00:00Z", "closes_at": "2030-01-01T00:00Z"}
    assert teacher.patch(path, times).json()["code"] == "closes_before_opening"
    assert teacher.delete(path).status_code == 204
    assert QuestionVersion.objects.count() == 2


def test_accommodations_over_the_api(quiz, instructor, student, client_of):
    courses.enroll(user=student, course=quiz.lesson.section.course)
    teacher = client_of(instructor)
    path = f"/api/v1/quizzes/{quiz.public_id}/accommodations"
    body = {"person": str(student.public_id), "extra_seconds": 900}
    assert teacher.put(path, body).json()["extra_seconds"] == 900
    assert [row["name"] for row in teacher.get(path).json()["results"]] == ["Student"]


def test_files_are_handed_in_within_limits(learner, quiz, instructor, make_user, client_of, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    services.add_question(quiz=quiz, kind="file_upload", prompt="Hand in", content={"files": 1, "megabytes": 1})
    attempt = started(learner, quiz)
    path = f"/api/v1/attempts/{attempt}/answers/3/files"

    def upload(data=b"<script>", place=path):
        return learner.post(place, {"file": SimpleUploadedFile("a.html", data)}, format="multipart")

    assert upload(b"x" * 1_000_001).json()["code"] == "file_too_large"
    assert upload(place=path.replace("/3/", "/1/")).json()["code"] == "not_a_file_question"
    file = upload().json()
    assert upload().json() == file  # sent again, because the answer was lost
    assert upload(b"<another").json()["code"] == "too_many_files"
    sent = client_of(instructor).get(f"/api/v1/answer-files/{file['id']}")
    assert (sent.headers["Content-Type"], b"".join(sent.streaming_content)) == ("application/octet-stream", b"<script>")
    assert sent.headers["Content-Disposition"].startswith("attachment")
    assert client_of(make_user("other")).get(f"/api/v1/answer-files/{file['id']}").status_code == 404
    services.submit_attempt(attempt=Attempt.objects.get())
    outbox.relay()
    assert Attempt.objects.get().state == "grading"
    assert learner.delete(f"/api/v1/answer-files/{file['id']}").status_code == 409


def queries_of(client, path):
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert client.get(path).status_code == 200
    return len(queries)


def test_lists_and_details_take_a_fixed_number_of_queries(quiz, instructor, make_user, finish, client_of):
    teacher = client_of(instructor)
    first = finish(make_user("p0"), quiz)
    paths = [f"/api/v1/quizzes/{quiz.public_id}/attempts", f"/api/v1/attempts/{first.public_id}", "/api/v1/quizzes",
             f"/api/v1/quizzes/{quiz.public_id}/questions", "/api/v1/grading-queue"]  # fmt: skip
    for path in paths:
        queries_of(teacher, path)
    before = [queries_of(teacher, path) for path in paths]
    for number in range(1, 8):
        finish(make_user(f"p{number}"), quiz)
        services.add_question(quiz=quiz, kind="true_false", prompt="Q", content={"correct": True})
    assert [queries_of(teacher, path) for path in paths] == before
    assert max(before) <= 12


def test_the_exam_day(quiz, make_user, start, client_of):
    admin = client_of(make_user("admin", "admin"))
    path = "/api/v1/exam-day"
    assert admin.get(path).json()["sweeper_lag"] is None
    for number, seconds in enumerate((60, 600, 3000, 7200)):
        attempt = start(make_user(f"p{number}"), quiz)
        overdue(attempt, seconds=-seconds)
    late = start(make_user("late"), quiz)
    overdue(late, seconds=90)
    facts = admin.get(path).json()
    due = [facts[f"due_{minutes}_minutes"] for minutes in (5, 15, 60)]
    assert (facts["in_progress"], due, facts["overdue"]) == (5, [1, 2, 3], 1)
    assert 90 <= facts["oldest_overdue"] < 120
    services.sweep()
    facts = admin.get(path).json()
    assert (facts["overdue"], facts["waiting_for_machine"]) == (0, 1)
    assert facts["sweeper_lag"] < 30
