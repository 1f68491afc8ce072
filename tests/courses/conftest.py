"""People, courses and recorded signals for the tests of courses."""

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import Role, User
from courses import services, signals
from courses.models import Course, Lesson
from tests.announcements import heard


@pytest.fixture
def make_user(db) -> Callable[..., User]:
    def make(name: str = "student", role: str = Role.STUDENT) -> User:
        user = User(email=f"{name}@example.com", name=name.title(), role=role)
        user.set_unusable_password()
        user.save()
        return user

    return make


@pytest.fixture
def student(make_user) -> User:
    return make_user("student")


@pytest.fixture
def make_course(db) -> Callable[..., Course]:
    """A published course with one section holding `lessons` text lessons."""

    def make(title: str = "Biology", *, lessons: int = 2, publish: bool = True, **fields: Any) -> Course:
        course = services.create_course(title=title, **fields)
        section = services.add_section(course=course, title="Week 1")
        for number in range(1, lessons + 1):
            services.add_lesson(section=section, title=f"Lesson {number}", content=f"<p>{number}</p>")
        return services.publish_course(course=course) if publish else course

    return make


@pytest.fixture
def course(make_course) -> Course:
    return make_course()


def lessons_of(course: Course) -> list[Lesson]:
    return list(Lesson.objects.filter(section__course=course).select_related("section").order_by("position"))


@pytest.fixture
def announced():
    """What was announced during the test, as (signal name, facts)."""
    with heard(signals) as said:
        yield said


@pytest.fixture
def names(announced) -> Callable[[], list[str]]:
    return lambda: [name for name, _ in announced]
