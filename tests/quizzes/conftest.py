"""A course with a quiz, people in it, and what was announced."""

import datetime
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.models import Role, User
from courses import services as courses
from outbox import services as outbox
from quizzes import clock, services, signals
from quizzes.models import Assignment, Attempt, Quiz
from tests.announcements import heard

SINGLE = {"choices": [{"id": "a", "text": "A", "weight": "1", "feedback": "well"}, {"id": "b", "text": "B"}]}
SHORT = {"answers": [{"text": "secret answer"}]}


@pytest.fixture
def make_user(db) -> Callable[..., User]:
    def make(name: str = "student", role: str = Role.STUDENT) -> User:
        user = User(email=f"{name}@example.com", name=name.title(), role=role)
        user.set_unusable_password()
        user.save()
        return user

    return make


@pytest.fixture
def instructor(make_user) -> User:
    return make_user("teacher", Role.INSTRUCTOR)


@pytest.fixture
def student(make_user) -> User:
    return make_user("student")


@pytest.fixture
def make_quiz(instructor) -> Callable[..., Quiz]:
    """The quiz of the one lesson of a published course, with a choice and a short text worth a point each."""

    def make(*, title: str = "Biology", questions: bool = True, essay: bool = False, **terms: Any) -> Quiz:
        course = courses.create_course(title=title, instructors=[instructor])
        section = courses.add_section(course=course, title="Week 1")
        lesson = courses.add_lesson(section=section, title="Exam", kind="quiz")
        quiz = services.create_quiz(lesson=lesson, **{"max_attempts": 3, **terms})
        if questions:
            services.add_question(quiz=quiz, kind="single_choice", prompt="Pick A", content=SINGLE)
            services.add_question(quiz=quiz, kind="short_text", prompt="Type it", content=SHORT, explanation="Because.")
        if essay:
            rubric = {
                "rubric": [{"id": "form", "text": "Form", "points": "2"}, {"id": "fact", "text": "F", "points": "2"}]
            }
            services.add_question(quiz=quiz, kind="essay", prompt="Write", content=rubric, points=Decimal(4))
        courses.publish_course(course=course)
        return quiz

    return make


@pytest.fixture
def quiz(make_quiz) -> Quiz:
    return make_quiz()


@pytest.fixture
def start() -> Callable[..., Attempt]:
    """Enrol somebody and start the quiz."""

    def begin(user: User, quiz: Quiz) -> Attempt:
        courses.enroll(user=user, course=quiz.lesson.section.course)
        return services.start_attempt(user=user, quiz=quiz)[0]

    return begin


@pytest.fixture
def finish(start) -> Callable[..., Attempt]:
    """Start, answer by position, submit and grade."""

    def complete(user: User, quiz: Quiz, answers: dict[int, Any] | None = None) -> Attempt:
        attempt = start(user, quiz)
        for position, response in ({1: "a", 2: "secret answer"} if answers is None else answers).items():
            services.save_answer(attempt=attempt, position=position, response=response)
        services.submit_attempt(attempt=attempt)
        outbox.relay()
        attempt.refresh_from_db()
        return attempt

    return complete


@pytest.fixture
def client_of() -> Callable[[User], APIClient]:
    def login(user: User) -> APIClient:
        client = APIClient()
        client.force_authenticate(user)
        return client

    return login


@pytest.fixture
def announced():
    """What was announced during the test, as (signal name, facts)."""
    with heard(signals) as said:
        yield said


@pytest.fixture
def names(announced) -> Callable[[], list[str]]:
    return lambda: [name for name, _ in announced]


def overdue(attempt: Attempt, seconds: float = 60) -> None:
    """Move an attempt's deadline into the past, as if its time had run out."""
    moment = clock.now() - datetime.timedelta(seconds=seconds)
    Attempt.objects.filter(pk=attempt.pk).update(deadline_at=moment, accepts_until=moment)


@pytest.fixture
def make_assignment(instructor) -> Callable[..., Assignment]:
    """The assignment of the one lesson of a published course."""

    def make(*, title: str = "Chemistry", **terms: Any) -> Assignment:
        course = courses.create_course(title=title, instructors=[instructor])
        section = courses.add_section(course=course, title="Week 1")
        lesson = courses.add_lesson(section=section, title="Report", kind="assignment")
        assignment = services.create_assignment(lesson=lesson, **terms)
        courses.publish_course(course=course)
        return assignment

    return make
