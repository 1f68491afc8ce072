"""What waits for those who teach: each number as its definition says."""

import datetime
from decimal import Decimal

import pytest
from django.db.models import F
from django.utils import timezone

from analytics import workload
from analytics.models import InstructorWorkload
from courses import services as courses
from courses.models import Course, CourseStaff, CourseState, Enrollment
from quizzes import services
from quizzes.models import Attempt, GradeChange, Submission

pytestmark = pytest.mark.django_db
DAY = datetime.timedelta(days=1)


def row(user) -> InstructorWorkload:
    return InstructorWorkload.objects.get(user=user)


def hand_in(finish, user, quiz) -> Attempt:
    return finish(user, quiz, {1: "a", 2: "secret answer", 3: "An essay"})


def test_ungraded_items_are_those_of_the_grading_queue_with_the_oldest(instructor, make_user, make_quiz, finish):
    quiz = make_quiz(essay=True)
    attempts = [hand_in(finish, make_user(f"s{number}"), quiz) for number in range(3)]
    oldest = timezone.now() - 3 * DAY
    Attempt.objects.filter(pk=attempts[1].pk).update(started_at=oldest - DAY, closed_at=oldest)
    assert workload.refresh() == 1
    counted = row(instructor)
    assert (counted.courses, counted.active_students, counted.ungraded_items) == (1, 3, 3)
    assert counted.oldest_ungraded_at == oldest
    assert (counted.median_seconds_to_grade, counted.graded_per_week) == (None, 0)


def test_assignments_wait_and_are_graded_as_essays_are(instructor, make_user, make_assignment):
    assignment, student = make_assignment(), make_user("writer")
    courses.enroll(user=student, course=assignment.lesson.section.course)
    submission = services.submit_assignment(user=student, assignment=assignment, text="My work")
    workload.refresh()
    assert (row(instructor).ungraded_items, row(instructor).oldest_ungraded_at) == (1, submission.submitted_at)
    services.claim_submission(submission=submission, by=instructor)
    services.grade_submission(submission=submission, by=instructor, points=Decimal(1))
    Submission.objects.update(submitted_at=F("graded_at") - DAY)
    workload.refresh()
    counted = row(instructor)
    assert (counted.ungraded_items, counted.oldest_ungraded_at) == (0, None)
    assert counted.median_seconds_to_grade == DAY.total_seconds()
    assert counted.graded_per_week == Decimal("0.25")


def test_time_to_grade_is_from_handing_in_to_the_persons_grade(instructor, make_user, make_quiz, finish):
    quiz = make_quiz(essay=True)
    for number, hours in enumerate((1, 2, 3, 4, 10)):
        attempt = hand_in(finish, make_user(f"s{number}"), quiz)
        answer = attempt.answers.get(position=3)
        services.claim(answer=answer, by=instructor)
        services.grade_answer(answer=answer, by=instructor, rubric={"form": Decimal(2), "fact": Decimal(1)})
        closed = GradeChange.objects.get(answer=answer).at - datetime.timedelta(hours=hours)
        Attempt.objects.filter(pk=attempt.pk).update(started_at=closed, closed_at=closed)
    workload.refresh()
    counted = row(instructor)
    assert counted.ungraded_items == 0
    assert counted.oldest_ungraded_at is None
    assert counted.median_seconds_to_grade == pytest.approx(3 * 3600)
    assert counted.p90_seconds_to_grade == pytest.approx((4 + 0.6 * 6) * 3600)
    assert counted.graded_per_week == 5 / 4


def test_grades_of_long_ago_and_students_who_left_do_not_count(instructor, make_user, make_quiz, finish):
    quiz = make_quiz(essay=True)
    gone, asleep, here = (make_user(name) for name in ("gone", "asleep", "here"))
    attempt = hand_in(finish, here, quiz)
    answer = attempt.answers.get(position=3)
    services.claim(answer=answer, by=instructor)
    services.grade_answer(answer=answer, by=instructor, rubric={"form": Decimal(2), "fact": Decimal(1)})
    GradeChange.objects.update(at=timezone.now() - 91 * DAY)
    course = quiz.lesson.section.course
    courses.drop(enrollment=courses.enroll(user=gone, course=course))
    courses.enroll(user=asleep, course=course)
    Enrollment.objects.filter(user=asleep).update(last_activity_at=timezone.now() - 31 * DAY)
    Enrollment.objects.filter(user=here).update(state="active", completed_at=None)
    workload.refresh()
    counted = row(instructor)
    assert (counted.active_students, counted.median_seconds_to_grade, counted.graded_per_week) == (1, None, 0)


def test_everybody_on_the_staff_has_a_row_and_never_waits_for_their_own_answers(
    instructor, make_user, make_quiz, finish
):
    quiz = make_quiz(essay=True)
    assistant = make_user("assistant")
    CourseStaff.objects.create(course=quiz.lesson.section.course, user=assistant, role="teaching_assistant")
    hand_in(finish, assistant, quiz)
    workload.refresh()
    assert (row(instructor).ungraded_items, row(assistant).ungraded_items) == (1, 0)


def test_counting_again_replaces_and_forgets_those_who_teach_nothing_any_more(instructor, make_user, make_quiz):
    make_quiz()
    make_quiz(title="Chemistry")
    workload.refresh()
    assert row(instructor).courses == 2
    Course.objects.filter(title="Chemistry").update(state=CourseState.ARCHIVED)
    workload.refresh()
    assert row(instructor).courses == 1
    CourseStaff.objects.all().delete()
    assert workload.refresh() == 0
    assert InstructorWorkload.objects.count() == 0


def test_it_costs_the_same_number_of_queries_for_many(instructor, make_user, make_quiz, django_assert_num_queries):
    quiz = make_quiz(essay=True)
    for count in (1, 40):
        for number in range(count):
            user = make_user(f"teacher{count}-{number}")
            CourseStaff.objects.create(course=quiz.lesson.section.course, user=user)
        with django_assert_num_queries(4):  # savepoint, statement, clean-up, release
            workload.refresh()
    assert InstructorWorkload.objects.count() == 42
