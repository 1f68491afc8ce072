"""Completing lessons and courses."""

import datetime
import json
import logging

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from core.errors import Conflict, NotFound, Unprocessable
from courses import services
from courses.models import Course, Enrollment, Lesson, LessonKind, LessonProgress
from tests.courses.conftest import lessons_of

pytestmark = pytest.mark.django_db(transaction=True)


def test_progress_is_the_share_of_required_lessons(student, make_course):
    course = make_course(lessons=3)
    section = course.sections.get()
    services.add_lesson(section=section, title="Extra", required=False)
    services.add_lesson(section=section, title="Not yet", published=False)
    enrollment = services.enroll(user=student, course=course)
    seen = [
        float(services.complete_lesson(enrollment=enrollment, lesson=lesson).progress)
        for lesson in lessons_of(course)
        if lesson.published
    ]
    assert seen == [33.33, 66.67, 100.0, 100.0]


def test_the_last_required_lesson_completes_the_course_once(student, course, names):
    enrollment = services.enroll(user=student, course=course)
    for lesson in lessons_of(course) * 2:
        services.complete_lesson(enrollment=enrollment, lesson=lesson)
    enrollment.refresh_from_db()
    assert (enrollment.state, enrollment.progress) == ("completed", 100)
    assert enrollment.completed_at is not None
    assert names().count("lesson_completed") == 2
    assert names().count("course_completed") == 1


def test_a_course_without_required_lessons_is_never_completed(student, make_course):
    course = make_course(lessons=0)
    lesson = services.add_lesson(section=course.sections.get(), title="Extra", required=False)
    enrollment = services.enroll(user=student, course=course)
    enrollment = services.complete_lesson(enrollment=enrollment, lesson=lesson)
    assert (enrollment.state, enrollment.progress) == ("active", 0)


@pytest.mark.parametrize("kind", [LessonKind.QUIZ, LessonKind.ASSIGNMENT])
def test_a_lesson_with_a_result_cannot_be_marked_done(student, course, kind):
    lesson = services.add_lesson(section=course.sections.get(), title="Test", kind=kind)
    enrollment = services.enroll(user=student, course=course)
    with pytest.raises(Conflict) as refused:
        services.complete_lesson(enrollment=enrollment, lesson=lesson)
    assert refused.value.code == "needs_result"
    assert LessonProgress.objects.count() == 0


def test_a_lesson_of_another_course_or_unpublished_is_not_found(student, course, make_course):
    enrollment = services.enroll(user=student, course=course)
    foreign = lessons_of(make_course("Chemistry"))[0]
    hidden = services.add_lesson(section=course.sections.get(), title="Not yet", published=False)
    for lesson in (foreign, hidden):
        with pytest.raises(NotFound):
            services.complete_lesson(enrollment=enrollment, lesson=lesson)
    assert LessonProgress.objects.count() == 0


def test_after_dropping_nothing_can_be_completed(student, course):
    enrollment = services.drop(enrollment=services.enroll(user=student, course=course))
    with pytest.raises(Conflict) as refused:
        services.complete_lesson(enrollment=enrollment, lesson=lessons_of(course)[0])
    assert refused.value.code == "enrollment_not_active"


@pytest.fixture
def quiz(course) -> Lesson:
    return services.add_lesson(section=course.sections.get(), title="Quiz", kind=LessonKind.QUIZ)


def test_the_best_result_stays_and_a_pass_is_never_undone(student, course, quiz, names):
    enrollment = services.enroll(user=student, course=course)
    seen = []
    for passed, fraction in [(False, 0.4), (True, 0.8), (False, 0.0), (True, 0.9)]:
        services.record_lesson_result(enrollment=enrollment, lesson=quiz, passed=passed, fraction=fraction)
        progress = LessonProgress.objects.get()
        seen.append((progress.fraction, progress.completed_at is not None))
    assert seen == [(0.4, False), (0.8, True), (0.8, True), (0.9, True)]
    assert names().count("lesson_completed") == 1


def test_a_failed_result_of_zero_is_kept_as_zero(student, course, quiz):
    enrollment = services.enroll(user=student, course=course)
    services.record_lesson_result(enrollment=enrollment, lesson=quiz, passed=False, fraction=0)
    assert LessonProgress.objects.get().fraction == 0.0


def test_a_result_after_a_drop_counts_on_return(student, make_course):
    course = make_course(lessons=0)
    quiz = services.add_lesson(section=course.sections.get(), title="Quiz", kind=LessonKind.QUIZ)
    enrollment = services.drop(enrollment=services.enroll(user=student, course=course))
    dropped = services.record_lesson_result(enrollment=enrollment, lesson=quiz, passed=True, fraction=1)
    assert dropped.state == "dropped"
    assert services.enroll(user=student, course=course).state == "completed"


@pytest.mark.parametrize("fraction", [-0.01, 1.01, float("nan")])
def test_a_fraction_outside_0_to_1_is_refused(student, course, quiz, fraction):
    enrollment = services.enroll(user=student, course=course)
    with pytest.raises(ValueError):
        services.record_lesson_result(enrollment=enrollment, lesson=quiz, passed=True, fraction=fraction)


def test_a_result_for_a_text_lesson_is_refused(student, course):
    enrollment = services.enroll(user=student, course=course)
    with pytest.raises(ValueError):
        services.record_lesson_result(enrollment=enrollment, lesson=lessons_of(course)[0], passed=True, fraction=1)


def test_a_new_lesson_lowers_progress_but_leaves_the_completed_completed(make_user, course):
    done = services.enroll(user=make_user("done"), course=course)
    half = services.enroll(user=make_user("half"), course=course)
    first, second = lessons_of(course)
    services.complete_lesson(enrollment=half, lesson=first)
    for lesson in (first, second):
        services.complete_lesson(enrollment=done, lesson=lesson)
    for number in (3, 4):
        services.add_lesson(section=first.section, title=f"Lesson {number}")
    rows = Enrollment.objects.order_by("user__email").values_list("state", "progress")
    assert list(rows) == [("completed", 50), ("active", 25)]


def test_recounting_completes_whoever_has_nothing_left(student, course, names):
    enrollment = services.enroll(user=student, course=course)
    first, second = lessons_of(course)
    services.complete_lesson(enrollment=enrollment, lesson=first)
    Lesson.objects.filter(pk=second.pk).update(published=False)
    assert services.recount_course(course=course) == 1
    assert services.recount_course(course=course) == 0
    enrollment.refresh_from_db()
    assert (enrollment.state, enrollment.progress) == ("completed", 100)
    assert names().count("course_completed") == 1


def test_each_event_writes_one_line_with_public_ids_only(student, make_course, caplog):
    course = make_course(lessons=1)
    lesson = lessons_of(course)[0]
    caplog.clear()
    with caplog.at_level(logging.INFO, logger="courses.events"):
        enrollment = services.enroll(user=student, course=course)
        services.complete_lesson(enrollment=enrollment, lesson=lesson)
    lines = [record for record in caplog.records if record.name == "courses.events"]
    assert [line.event for line in lines] == ["enrollment.created", "lesson.completed", "course.completed"]
    assert {line.course for line in lines} == {"biology"}
    assert {line.person for line in lines} == {str(student.public_id)}
    assert {line.enrollment for line in lines} == {str(enrollment.public_id)}
    assert not any(student.email in str(vars(line)) or student.name in str(vars(line)) for line in lines)


# --- what completes a lesson ---------------------------------------------------------------------------------------
@pytest.fixture
def enrollment(student, course) -> Enrollment:
    return services.enroll(user=student, course=course)


def opened(enrollment: Enrollment, lesson: Lesson, *, seconds_ago: float) -> None:
    services.open_lesson(user=enrollment.user, lesson=lesson)
    moment = timezone.now() - datetime.timedelta(seconds=seconds_ago)
    LessonProgress.objects.filter(lesson=lesson).update(started_at=moment)


@pytest.mark.parametrize("kind", [LessonKind.TEXT, LessonKind.FILE])
def test_a_lesson_with_a_minimum_time_is_not_completed_before_it(enrollment, course, kind):
    lesson = services.add_lesson(section=course.sections.get(), title="Long read", kind=kind)
    Lesson.objects.filter(pk=lesson.pk).update(minimum_seconds=60)
    lesson.refresh_from_db()
    with pytest.raises(Conflict) as refused:
        services.complete_lesson(enrollment=enrollment, lesson=lesson)
    assert (refused.value.code, refused.value.extra) == ("too_soon", {"remaining_seconds": 60})
    opened(enrollment, lesson, seconds_ago=50)
    services.open_lesson(user=enrollment.user, lesson=lesson)
    with pytest.raises(Conflict) as refused:
        services.complete_lesson(enrollment=enrollment, lesson=lesson)
    assert refused.value.extra == {"remaining_seconds": 10}
    opened(enrollment, lesson, seconds_ago=60)
    services.complete_lesson(enrollment=enrollment, lesson=lesson)
    assert LessonProgress.objects.get(lesson=lesson).completed_at is not None


def test_opening_a_lesson_is_noted_for_learners_only(enrollment, course, make_user):
    lesson = lessons_of(course)[0]
    services.open_lesson(user=make_user("stranger"), lesson=lesson)
    assert LessonProgress.objects.count() == 0
    services.open_lesson(user=enrollment.user, lesson=lesson)
    assert LessonProgress.objects.get().completed_at is None


def test_a_lesson_is_closed_before_its_release_and_before_its_course_starts(enrollment, course):
    lesson = lessons_of(course)[0]
    later = timezone.now() + datetime.timedelta(hours=1)
    for where, row in ((Lesson, lesson), (Course, course)):
        field = "available_at" if where is Lesson else "starts_at"
        where.objects.filter(pk=row.pk).update(**{field: later})
        with pytest.raises(Conflict) as refused:
            services.complete_lesson(enrollment=enrollment, lesson=Lesson.objects.get(pk=lesson.pk))
        assert (refused.value.code, refused.value.extra) == ("lesson_not_open", {"opens_at": later.isoformat()})
        where.objects.filter(pk=row.pk).update(**{field: None})
    services.complete_lesson(enrollment=enrollment, lesson=Lesson.objects.get(pk=lesson.pk))


@pytest.fixture
def film(course) -> Lesson:
    lesson = services.add_lesson(section=course.sections.get(), title="Film", kind=LessonKind.VIDEO)
    lesson.duration_seconds = 100
    lesson.save()
    return lesson


def test_a_video_is_complete_at_95_percent_of_distinct_seconds(enrollment, film, names):
    opened(enrollment, film, seconds_ago=200)
    seen = []
    for ranges in ([[0, 50]], [[40, 60], [0, 30]], [[60, 94.9]], [[94.9, 95]], [[95, 100]]):
        row = services.record_watching(enrollment=enrollment, lesson=film, ranges=ranges)
        seen.append((round(row.fraction, 3), row.completed_at is not None))
    assert seen == [(0.5, False), (0.6, False), (0.949, False), (0.95, True), (1.0, True)]
    assert names().count("lesson_completed") == 1
    with pytest.raises(Conflict) as refused:
        services.complete_lesson(enrollment=enrollment, lesson=film)
    assert refused.value.code == "needs_watching"


@pytest.mark.parametrize(
    ("ranges", "code"),
    [
        ([[5, 5]], "invalid_ranges"),
        ([[-1, 5]], "invalid_ranges"),
        ([[0, 102]], "invalid_ranges"),
        ([[0, float("nan")]], "invalid_ranges"),
        ([[0, 100]], "faster_than_time"),
    ],
)
def test_impossible_watching_is_refused_and_leaves_nothing(enrollment, film, ranges, code):
    opened(enrollment, film, seconds_ago=10)
    with pytest.raises(Unprocessable) as refused:
        services.record_watching(enrollment=enrollment, lesson=film, ranges=ranges)
    assert refused.value.code == code
    assert LessonProgress.objects.get().watched == []


def test_a_clients_duration_counts_only_when_the_lesson_has_none(enrollment, film):
    opened(enrollment, film, seconds_ago=100)
    row = services.record_watching(enrollment=enrollment, lesson=film, ranges=[[0, 10]], duration=10)
    assert row.fraction == 0.1
    film.duration_seconds = None
    film.save()
    with pytest.raises(Unprocessable) as refused:
        services.record_watching(enrollment=enrollment, lesson=film, ranges=[[0, 10]])
    assert refused.value.code == "duration_needed"
    row = services.record_watching(enrollment=enrollment, lesson=film, ranges=[[10, 20]], duration=20)
    assert (row.fraction, row.completed_at is not None) == (1.0, True)


def test_recount_progress_reports_drift_and_corrects_it(enrollment, course, capsys):
    services.complete_lesson(enrollment=enrollment, lesson=lessons_of(course)[0])
    call_command("recount_progress")
    assert capsys.readouterr().out == "no drift\n"
    Enrollment.objects.update(progress=99)
    with pytest.raises(CommandError, match="1 enrollments have drifted"):
        call_command("recount_progress")
    assert capsys.readouterr().out == f"biology {enrollment.public_id} stored 99.00 counted 50.00\n"
    row = {"course": "biology", "enrollment": str(enrollment.public_id), "stored": 99.0, "counted": 50.0}
    with pytest.raises(CommandError):
        call_command("recount_progress", "--json")
    assert json.loads(capsys.readouterr().out) == {"drifted": [row], "corrected": False}
    call_command("recount_progress", "--fix", "--course", "biology")
    enrollment.refresh_from_db()
    assert enrollment.progress == 50
