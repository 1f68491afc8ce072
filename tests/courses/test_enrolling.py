"""Coming into a course, leaving it, and coming back."""

import datetime
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from core.errors import Conflict
from courses import services
from courses.models import Course, Enrollment
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


# --- rules of a course ---------------------------------------------------------------------------------------------
def hours(number: float) -> datetime.datetime:
    return timezone.now() + datetime.timedelta(hours=number)


def set_on(course: Course, **fields: Any) -> Course:
    Course.objects.filter(pk=course.pk).update(**fields)
    course.refresh_from_db()
    return course


DATES = [
    ({"enrollment_opens_at": 1}, "enrollment_not_open_yet"),
    ({"enrollment_opens_at": -1}, None),
    ({"enrollment_closes_at": -1}, "enrollment_closed"),
    ({"enrollment_closes_at": 1}, None),
    ({"ends_at": -1}, "enrollment_closed"),
    ({"ends_at": 1, "starts_at": 0.5}, None),
]


@pytest.mark.parametrize(("dates", "code"), DATES)
def test_dates_decide_who_may_enrol_themselves_and_never_bind_staff(make_user, course, dates, code):
    set_on(course, **{name: hours(number) for name, number in dates.items()})
    if code:
        with pytest.raises(Conflict) as refused:
            services.enroll(user=make_user("early"), course=course)
        assert refused.value.code == code
    else:
        assert services.enroll(user=make_user("early"), course=course).state == "active"
    assert services.enroll(user=make_user("late"), course=course, source="staff").state == "active"


def test_prerequisites_are_to_be_completed_first(student, make_course):
    first, second, course = make_course("First", lessons=1), make_course("Second", lessons=1), make_course("Third")
    course.prerequisites.add(first, second)
    enrollment = services.enroll(user=student, course=first)
    services.complete_lesson(enrollment=enrollment, lesson=lessons_of(first)[0])
    services.enroll(user=student, course=second)
    with pytest.raises(Conflict) as refused:
        services.enroll(user=student, course=course)
    assert (refused.value.code, refused.value.extra) == ("prerequisites_missing", {"missing": ["second"]})
    services.complete_lesson(enrollment=Enrollment.objects.get(course=second), lesson=lessons_of(second)[0])
    assert services.enroll(user=student, course=course).state == "active"


def test_a_full_course_takes_nobody_until_somebody_leaves(make_user, course):
    set_on(course, capacity=1)
    seated = services.enroll(user=make_user("first"), course=course)
    second = make_user("second")
    for source in ("self", "staff"):
        with pytest.raises(Conflict) as refused:
            services.enroll(user=second, course=course, source=source)
        assert refused.value.code == "course_full"
    services.drop(enrollment=seated)
    assert services.enroll(user=second, course=course).state == "active"
    with pytest.raises(Conflict):
        services.enroll(user=seated.user, course=course)


def test_with_approval_people_wait_and_are_announced_when_let_in(make_user, course, names):
    set_on(course, requires_approval=True, capacity=1)
    teacher = make_user("teacher")
    waiting = [services.enroll(user=make_user(name), course=course) for name in ("a", "b")]
    assert [row.state for row in waiting] == ["pending", "pending"]
    assert services.enroll(user=waiting[0].user, course=course).state == "pending", "asking twice changes nothing"
    with pytest.raises(Conflict):
        services.complete_lesson(enrollment=waiting[0], lesson=lessons_of(course)[0])
    assert services.approve(enrollment=waiting[0], actor=teacher).state == "active"
    assert services.approve(enrollment=waiting[0], actor=teacher).state == "active"
    with pytest.raises(Conflict) as refused:
        services.approve(enrollment=waiting[1])
    assert refused.value.code == "course_full"
    services.drop(enrollment=waiting[1], actor=teacher)
    with pytest.raises(Conflict) as refused:
        services.approve(enrollment=waiting[1])
    assert refused.value.code == "enrollment_not_pending"
    assert [name for name in names() if name.startswith("enrollment")] == [
        "enrollment_requested",
        "enrollment_requested",
        "enrollment_created",
        "enrollment_declined",
    ]
    assert history(waiting[0]) == [("", "pending"), ("pending", "active")]
    assert waiting[0].changes.last().actor == teacher


def test_enrolling_a_list_reports_each_address_once(make_user, course):
    set_on(course, capacity=2)
    make_user("new"), make_user("late")
    services.enroll(user=make_user("here"), course=course)
    result = services.enroll_many(
        course=course,
        emails=[
            "NEW@example.com",
            " here@example.com",
            "late@example.com",
            "nobody@example.com",
            "new@example.com",
            "",
        ],
    )
    assert result.enrolled == ["new@example.com"]
    assert result.present == ["here@example.com"]
    assert result.refused == {"late@example.com": "course_full", "nobody@example.com": "no_such_person"}
    assert Enrollment.objects.get(user__email="new@example.com").source == "bulk"


def test_enrollments_expire_when_a_dated_course_is_over(make_user, make_course, names):
    dated, selfpaced = make_course("Dated", lessons=1), make_course("Free", lessons=1)
    rows = {}
    for name, course in (("active", dated), ("done", dated), ("free", selfpaced)):
        rows[name] = services.enroll(user=make_user(name), course=course)
    services.complete_lesson(enrollment=rows["done"], lesson=lessons_of(dated)[0])
    set_on(dated, self_paced=False, ends_at=hours(1))
    set_on(selfpaced, ends_at=hours(-1))
    assert services.expire_enrollments() == 0
    set_on(dated, ends_at=hours(-1))
    assert services.expire_enrollments() == 1
    assert services.expire_enrollments() == 0
    states = {name: Enrollment.objects.get(pk=row.pk).state for name, row in rows.items()}
    assert states == {"active": "expired", "done": "completed", "free": "active"}
    assert names().count("enrollment_expired") == 1
