"""Grading by people, regrading, overriding, statistics, and what survives a killed worker."""

import os
import signal
import socket
import subprocess
import sys
import time
from decimal import Decimal

import pytest
from django.db import connection

from accounts.models import Role
from core.errors import Conflict, Unprocessable
from courses.models import Course, Enrollment
from lms.celery import app
from outbox import services as outbox
from outbox.models import Message
from quizzes import services
from quizzes.models import Answer, Attempt, GradeChange, Question, QuestionStatistics

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def waiting(make_quiz, finish, student):
    """An attempt with an essay that waits for a person."""
    quiz = make_quiz(essay=True)
    attempt = finish(student, quiz, {1: "a", 2: "secret answer", 3: "my essay"})
    assert (attempt.state, attempt.percent) == ("grading", None)
    return attempt


def essay(attempt):
    return attempt.answers.select_related("version", "attempt__enrollment").get(position=3)


def test_a_person_finishes_what_the_machine_began(waiting, instructor, names):
    claimed = services.claim_next(by=instructor, courses=Course.objects.all())
    assert claimed == essay(waiting)
    services.grade_answer(
        answer=claimed, by=instructor, rubric={"form": Decimal(2), "fact": Decimal("1.5")}, comment="Good"
    )
    waiting.refresh_from_db()
    assert (waiting.state, waiting.points, waiting.percent) == ("graded", Decimal("5.5"), Decimal("91.67"))
    assert names()[-2:] == ["attempt_graded", "attempt_passed"]
    change = GradeChange.objects.get()
    assert (change.by, change.kind, change.old_points, change.new_points) == (
        instructor,
        "person",
        None,
        Decimal("3.5"),
    )
    assert Enrollment.objects.get().state == "completed"


def test_an_empty_essay_waits_for_nobody(make_quiz, finish, student):
    attempt = finish(student, make_quiz(essay=True))
    assert (attempt.state, attempt.points, attempt.maximum) == ("graded", Decimal(2), Decimal(6))


def test_claims_are_exclusive_and_can_be_released(waiting, instructor, make_user):
    other = make_user("other", Role.INSTRUCTOR)
    answer = services.claim(answer=essay(waiting), by=instructor)
    with pytest.raises(Conflict) as refused:
        services.claim(answer=answer, by=other)
    assert refused.value.code == "claimed"
    with pytest.raises(Conflict, match="Claim the answer"):
        services.grade_answer(answer=answer, by=other, points=Decimal(1))
    services.release(answer=answer, by=instructor)
    assert services.claim(answer=answer, by=other).claimed_by == other


def test_nobody_grades_their_own_answers(waiting, student):
    assert services.claim_next(by=student, courses=Course.objects.all()) is None
    with pytest.raises(Conflict) as refused:
        services.claim(answer=essay(waiting), by=student)
    assert refused.value.code == "own_answer"


@pytest.mark.parametrize(
    "grade",
    [{}, {"points": Decimal(5)}, {"points": Decimal(-1)}, {"points": Decimal("NaN")},
     {"rubric": {"form": Decimal(3)}}, {"rubric": {"nothing": Decimal(1)}}],
)  # fmt: skip
def test_points_stay_within_the_question(waiting, instructor, grade):
    answer = services.claim(answer=essay(waiting), by=instructor)
    with pytest.raises(Unprocessable):
        services.grade_answer(answer=answer, by=instructor, **grade)
    assert essay(waiting).points is None


def test_the_oldest_waits_at_the_front(make_quiz, finish, make_user, instructor):
    quiz = make_quiz(essay=True)
    attempts = [finish(make_user(f"p{number}"), quiz, {3: "text"}) for number in range(3)]
    claimed = [services.claim_next(by=instructor, courses=Course.objects.all()).attempt_id for _ in attempts]
    assert claimed == [attempt.pk for attempt in attempts]
    assert services.claim_next(by=instructor, courses=Course.objects.all()) is None


def test_regrading_shows_first_and_then_does_it(make_quiz, finish, make_user, instructor, names):
    quiz = make_quiz(pass_mark=Decimal(60))
    right = finish(make_user("right"), quiz, {1: "a", 2: "secret answer"})
    wrong = finish(make_user("wrong"), quiz, {1: "b", 2: "secret answer"})
    question = Question.objects.filter(quiz=quiz).first()
    both = {"choices": [{"id": "a", "text": "A", "weight": "1"}, {"id": "b", "text": "B", "weight": "1"}]}
    services.revise_question(question=question, prompt="Pick A", content=both)
    question.refresh_from_db()
    preview = services.preview_regrade(question=question)
    assert [(c.answer.attempt_id, c.old_percent, c.new_percent, c.old_passed, c.new_passed) for c in preview] == [
        (wrong.pk, Decimal(50), Decimal(100), False, True)
    ]
    assert Attempt.objects.get(pk=wrong.pk).percent == Decimal(50)
    with pytest.raises(Unprocessable):
        services.regrade(question=question, by=instructor, reason=" ")
    services.regrade(question=question, by=instructor, reason="B is right too")
    wrong.refresh_from_db()
    right.refresh_from_db()
    assert (wrong.percent, wrong.passed, right.percent) == (Decimal(100), True, Decimal(100))
    change = GradeChange.objects.get()
    assert (change.reason, change.old_points, change.new_points, change.key) == (
        "B is right too", Decimal(0), Decimal(1), question.current,
    )  # fmt: skip
    assert names().count("attempt_regraded") == 1
    assert services.preview_regrade(question=question) == []
    assert Enrollment.objects.filter(state="completed").count() == 2


def test_an_override_needs_a_reason_and_survives_regrading(quiz, finish, student, instructor):
    attempt = finish(student, quiz, {1: "b", 2: "no"})
    answer = attempt.answers.get(position=1)
    with pytest.raises(Unprocessable):
        services.override_points(answer=answer, by=instructor, points=Decimal("0.5"), reason="")
    services.override_points(answer=answer, by=instructor, points=Decimal("0.5"), reason="Nearly")
    attempt.refresh_from_db()
    assert attempt.percent == Decimal(25)
    question = Question.objects.filter(quiz=quiz).first()
    content = {"choices": [{"id": "b", "text": "B", "weight": "1"}]}
    services.revise_question(question=question, prompt="Pick", content=content)
    question.refresh_from_db()
    assert services.regrade(question=question, by=instructor, reason="Key") == []


def test_people_grade_questions_have_no_key(make_quiz, instructor):
    quiz = make_quiz(questions=False, essay=True)
    with pytest.raises(Conflict) as refused:
        services.preview_regrade(question=Question.objects.get(quiz=quiz))
    assert refused.value.code == "no_key"


def test_statistics_of_known_attempts(quiz, finish, make_user):
    given = [("a", "secret answer"), ("a", "secret answer"), ("a", "no"), ("b", "no"), (None, "no")]
    for number, (choice, text) in enumerate(given):
        finish(make_user(f"p{number}"), quiz, {1: choice, 2: text})
    assert services.refresh_statistics() == 1
    assert services.refresh_statistics() == 0
    choice, text = QuestionStatistics.objects.order_by("question__position")
    assert (choice.attempts, choice.mean_points, choice.facility) == (5, Decimal("0.6000"), 0.6)
    assert choice.options == {"a": 3, "b": 1}
    # Pearson's r of (1,1,1,0,0) and (1,1,0,0,0), by hand: 0.4 / sqrt(1.2 * 1.2) * 2 = 2/3
    assert choice.discrimination == pytest.approx(2 / 3)
    assert (text.facility, text.options) == (0.4, {})


def test_without_variance_there_is_no_discrimination(quiz, finish, student):
    finish(student, quiz)
    services.compute_statistics(quiz=quiz)
    assert set(QuestionStatistics.objects.values_list("discrimination", flat=True)) == {None}


WORKER = """
import sys, time
import django
django.setup()
from quizzes.services import grading
def die(*args, **kwargs):
    print("grading", flush=True)
    time.sleep(60)
grading.finish = die
from outbox import services
services.relay()
"""


def test_a_worker_killed_while_grading_leaves_it_to_the_next_exactly_once(quiz, start, student, names):
    attempt = start(student, quiz)
    services.save_answer(attempt=attempt, position=1, response="a")
    services.submit_attempt(attempt=attempt)
    settings = connection.settings_dict
    host, port = settings["HOST"], settings["PORT"]
    url = f"postgres://{settings['USER']}:{settings['PASSWORD']}@{host.replace('/', '%2F')}:{port}/{settings['NAME']}"
    env = os.environ | {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "lms.settings"}
    worker = subprocess.Popen([sys.executable, "-c", WORKER], env=env, stdout=subprocess.PIPE, text=True)
    try:
        assert worker.stdout.readline() == "grading\n"
        assert Answer.objects.get(attempt=attempt, position=1).points is None
    finally:
        worker.send_signal(signal.SIGKILL)
        worker.wait()
    assert Attempt.objects.get().state == "submitted"
    deadline = time.monotonic() + 30
    while Attempt.objects.get().state != "graded" and time.monotonic() < deadline:
        outbox.relay()
        time.sleep(0.1)
    attempt.refresh_from_db()
    assert (attempt.state, attempt.points) == ("graded", Decimal(1))
    assert names().count("attempt_graded") == 1
    assert Message.objects.get(topic="quizzes.grade").delivered_at is not None


def test_a_broker_that_never_answers_does_not_delay_a_submit(quiz, start, student, client_of, settings):
    attempt = start(student, quiz)
    with socket.create_server(("127.0.0.1", 0)) as black_hole:  # accepts and never answers
        usual = app.conf.broker_url  # read before the setting changes: Celery reads the settings at first use
        app.conf.broker_url = settings.CELERY_BROKER_URL = f"redis://127.0.0.1:{black_hole.getsockname()[1]}/1"
        try:
            begun = time.monotonic()
            response = client_of(student).post(
                f"/api/v1/attempts/{attempt.public_id}/submission", {}, headers={"Idempotency-Key": "k"}
            )
            took = time.monotonic() - begun
        finally:
            app.conf.broker_url = usual
    assert response.status_code == 200
    assert took < 2
    outbox.relay()
    assert Attempt.objects.get().state == "graded"
