"""The same things done by many threads at once, on real connections."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from courses import services
from courses.models import Course, Enrollment, Lesson, LessonProgress
from tests.at_once import at_once
from tests.courses.conftest import lessons_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _patient_pool(db):
    """Fifty threads share the pool of a command, two connections; here nobody is turned away for waiting."""
    pool = connection.pool
    before, pool.timeout = pool.timeout, 60.0
    yield
    pool.timeout = before


def test_one_person_enrolling_many_times_at_once_has_one_enrollment(student, course, names):
    results = at_once([lambda: services.enroll(user=student, course=course).pk] * 10)
    assert set(results) == {Enrollment.objects.get().pk}
    assert names().count("enrollment_created") == 1


def test_all_lessons_completed_twice_at_once_complete_the_course_once(student, make_course, names):
    course = make_course(lessons=5)
    enrollment = services.enroll(user=student, course=course)
    calls = [
        lambda lesson=lesson: services.complete_lesson(enrollment=enrollment, lesson=lesson).pk
        for lesson in lessons_of(course) * 2
    ]
    assert set(at_once(calls)) == {enrollment.pk}
    enrollment.refresh_from_db()
    assert (enrollment.state, enrollment.progress) == ("completed", 100)
    assert LessonProgress.objects.filter(completed_at__isnull=False).count() == 5
    assert Counter(names())["lesson_completed"] == 5
    assert Counter(names())["course_completed"] == 1


def test_completing_while_the_course_is_recounted_neither_deadlocks_nor_loses_a_lesson(make_user, make_course):
    course = make_course(lessons=2)
    lessons = lessons_of(course)
    people = [services.enroll(user=make_user(f"p{number}"), course=course) for number in range(4)]
    calls: list[Callable[[], Any]] = [
        lambda enrollment=enrollment, lesson=lesson: services.complete_lesson(enrollment=enrollment, lesson=lesson)
        for enrollment in people
        for lesson in lessons
    ]
    calls += [lambda: services.recount_course(course=course)] * 3
    results = at_once(calls)
    assert [result for result in results if isinstance(result, Exception)] == []
    assert set(Enrollment.objects.filter(course=course).values_list("state", "progress")) == {("completed", 100)}


def test_publishing_many_times_at_once_is_announced_once(make_course, names):
    course = make_course(publish=False)
    at_once([lambda: services.publish_course(course=Course.objects.get(pk=course.pk)).pk] * 6)
    assert names().count("course_published") == 1


def test_fifty_calls_by_one_student_for_the_last_seat_make_one_enrollment(student, course):
    Course.objects.filter(pk=course.pk).update(capacity=1)
    results = at_once([lambda: services.enroll(user=student, course=course).pk] * 50)
    assert set(results) == {Enrollment.objects.get().pk}


def test_fifty_students_for_the_last_seat_are_one_enrollment_and_49_refusals(make_user, course, names):
    Course.objects.filter(pk=course.pk).update(capacity=2)
    services.enroll(user=make_user("first"), course=course)
    people = [make_user(f"p{number}") for number in range(50)]
    results = at_once([lambda user=user: services.enroll(user=user, course=course).state for user in people])
    outcomes = Counter(getattr(result, "code", result) for result in results)
    assert outcomes == {"active": 1, "course_full": 49}
    assert Enrollment.objects.count() == 2
    assert names().count("enrollment_created") == 2


def test_approvals_at_once_never_pass_the_capacity(make_user, course):
    Course.objects.filter(pk=course.pk).update(capacity=3, requires_approval=True)
    waiting = [services.enroll(user=make_user(f"p{number}"), course=course) for number in range(10)]
    results = at_once([lambda row=row: services.approve(enrollment=row).state for row in waiting])
    assert Counter(getattr(result, "code", result) for result in results) == {"active": 3, "course_full": 7}


def test_parts_of_a_video_reported_at_once_are_all_kept(student, course):
    lesson = services.add_lesson(section=course.sections.get(), title="Film", kind="video")
    Lesson.objects.filter(pk=lesson.pk).update(duration_seconds=10)
    lesson.refresh_from_db()
    enrollment = services.enroll(user=student, course=course)
    calls = [
        lambda start=start: (
            services.record_watching(enrollment=enrollment, lesson=lesson, ranges=[[start, start + 1]]).pk
        )
        for start in range(10)
    ]
    assert len(set(at_once(calls))) == 1
    row = LessonProgress.objects.get(lesson=lesson)
    assert (row.watched, row.fraction, row.completed_at is not None) == ([[0, 10]], 1.0, True)
