"""Coming into a course, leaving it, and coming back."""

import pytest
from django.db import IntegrityError, transaction

from core.errors import Conflict
from courses import services
from courses.models import Enrollment
from tests.courses.conftest import lessons_of

pytestmark = pytest.mark.django_db(transaction=True)


def history(enrollment: Enrollment) -> list[tuple[str, str]]:
    return list(enrollment.changes.values_list("from_state", "to_state"))


def test_enrolling_twice_gives_the_same_enrollment_and_is_announced_once(student, course, names):
    first = services.enroll(user=student, course=course)
    second = services.enroll(user=student, course=course)
    assert second.pk == first.pk
    assert names().count("enrollment_created") == 1
    assert history(first) == [("", "active")]


@pytest.mark.parametrize("close", ["draft", "archived"])
def test_only_a_published_course_takes_enrollments(student, make_course, close):
    course = make_course(publish=False)
    if close == "archived":
        course = services.archive_course(course=course)
    with pytest.raises(Conflict) as refused:
        services.enroll(user=student, course=course)
    assert refused.value.code == "course_not_open"
    assert Enrollment.objects.count() == 0


def test_dropping_and_coming_back_keeps_progress(student, course, names):
    enrollment = services.enroll(user=student, course=course)
    services.complete_lesson(enrollment=enrollment, lesson=lessons_of(course)[0])
    services.drop(enrollment=enrollment)
    services.drop(enrollment=enrollment)
    back = services.enroll(user=student, course=course)
    assert (back.pk, back.state, back.progress) == (enrollment.pk, "active", 50)
    assert history(back) == [("", "active"), ("active", "dropped"), ("dropped", "active")]
    assert names() == ["enrollment_created", "lesson_completed", "enrollment_dropped", "enrollment_resumed"]


def test_a_completed_course_cannot_be_dropped(student, make_course):
    course = make_course(lessons=1)
    enrollment = services.enroll(user=student, course=course)
    services.complete_lesson(enrollment=enrollment, lesson=lessons_of(course)[0])
    with pytest.raises(Conflict) as refused:
        services.drop(enrollment=enrollment)
    assert refused.value.code == "enrollment_completed"


def test_the_database_itself_refuses_a_second_row(student, course):
    services.enroll(user=student, course=course)
    with pytest.raises(IntegrityError, match="courses_enrollment_once"), transaction.atomic():
        Enrollment.objects.create(user=student, course=course)


@pytest.mark.parametrize("progress", [-1, 101])
def test_the_database_itself_keeps_progress_between_0_and_100(student, course, progress):
    enrollment = services.enroll(user=student, course=course)
    with pytest.raises(IntegrityError, match="courses_enrollment_progress_percent"), transaction.atomic():
        Enrollment.objects.filter(pk=enrollment.pk).update(progress=progress)


def test_nothing_is_announced_when_the_transaction_rolls_back(student, course, names):
    with pytest.raises(RuntimeError), transaction.atomic():
        services.enroll(user=student, course=course)
        raise RuntimeError
    assert "enrollment_created" not in names()
