"""The admin of quizzes: lists keep their query count, terms go through the services, what was asked is only seen."""

from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Role
from quizzes import services
from quizzes.models import Attempt, Quiz

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def admin(make_user, client):
    user = make_user("admin", Role.ADMIN)
    user.is_superuser = True
    user.save()
    client.force_login(user)
    return client


@pytest.mark.parametrize("name", ["quiz", "attempt", "questionversion", "gradechange"])
def test_a_change_list_keeps_its_query_count(admin, make_quiz, make_user, finish, instructor, name):
    def grow(first, last):
        for number in range(first, last):
            quiz = make_quiz(title=f"Course {number}")
            attempt = finish(make_user(f"student{number}"), quiz)
            services.override_points(answer=attempt.answers.first(), by=instructor, points=Decimal(0), reason="Why not")

    path = reverse(f"admin:quizzes_{name}_changelist") + "?q=e"

    def queries():
        with CaptureQueriesContext(connection) as taken:
            assert admin.get(path).status_code == 200
        return len(taken)

    grow(0, 2)
    queries()
    few = queries()
    grow(2, 6)
    assert queries() == few


def test_changed_terms_reach_attempts_in_progress(admin, make_quiz, start, student):
    quiz = make_quiz(time_limit_seconds=600)
    attempt = start(student, quiz)
    path = reverse("admin:quizzes_quiz_change", args=[quiz.pk])
    form = admin.get(path).context["adminform"].form
    data = {name: "" if value is None else value for name, value in form.initial.items() if name in form.fields}
    data = {name: value for name, value in data.items() if value is not False}
    for prefix in ("pools", "questions", "accommodations"):
        data |= {f"{prefix}-TOTAL_FORMS": 0, f"{prefix}-INITIAL_FORMS": 0}
    answer = admin.post(path, data | {"time_limit_seconds": 60})
    assert answer.status_code == 302
    attempt.refresh_from_db()
    assert (attempt.deadline_at - attempt.started_at).total_seconds() == 60
    assert Quiz.objects.get().time_limit_seconds == 60


def test_attempts_are_seen_and_not_changed(admin, finish, quiz, student):
    attempt = finish(student, quiz)
    path = reverse("admin:quizzes_attempt_change", args=[attempt.pk])
    assert admin.get(path).status_code == 200
    assert admin.post(path, {"state": "in_progress"}).status_code == 403
    assert Attempt.objects.get().state == "graded"


def test_the_exam_day_page_is_for_those_who_may_see_attempts(admin, client, start, quiz, student):
    start(student, quiz)
    path = reverse("admin:quizzes_attempt_exam_day")
    page = admin.get(path).content.decode()
    assert '<th scope="row">In progress</th><td>1</td>' in page
    client.force_login(student)
    assert client.get(path).status_code == 302
