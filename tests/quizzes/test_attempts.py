"""Taking a quiz: who may start, how long it takes, what counts."""

import datetime
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from core.errors import Conflict, NotFound, Unprocessable
from courses import services as courses
from courses.models import Enrollment, LessonProgress
from outbox import services as outbox
from outbox.models import Message
from quizzes import selectors, services
from quizzes.models import Answer, Attempt, Question, QuestionVersion, Sweep
from tests.quizzes.conftest import SINGLE, overdue

pytestmark = pytest.mark.django_db(transaction=True)


def test_an_attempt_from_start_to_certificate_to_be(student, quiz, finish, names):
    attempt = finish(student, quiz)
    assert (attempt.state, attempt.points, attempt.maximum, attempt.percent, attempt.passed) == (
        "graded", Decimal(2), Decimal(2), Decimal(100), True,
    )  # fmt: skip
    assert names() == ["attempt_started", "attempt_submitted", "attempt_graded", "attempt_passed"]
    assert Enrollment.objects.get().state == "completed"
    assert LessonProgress.objects.get().fraction == 1.0


def test_half_right_can_fail(student, make_quiz, finish, names):
    attempt = finish(student, make_quiz(pass_mark=Decimal(60)), {1: "a", 2: "no"})
    assert (attempt.percent, attempt.passed) == (Decimal(50), False)
    assert names()[-1] == "attempt_failed"
    assert Enrollment.objects.get().state == "active"


def test_starting_again_resumes_the_attempt_in_progress(student, quiz, start):
    attempt = start(student, quiz)
    again, created = services.start_attempt(user=student, quiz=quiz)
    assert (again.pk, created) == (attempt.pk, False)


@pytest.mark.parametrize(
    ("terms", "code"),
    [
        ({"opens_at": timezone.now() + datetime.timedelta(hours=1)}, "quiz_not_open"),
        ({"closes_at": timezone.now() - datetime.timedelta(hours=1)}, "quiz_closed"),
        ({"questions": False}, "no_questions"),
    ],
)
def test_what_keeps_one_from_starting(student, make_quiz, start, terms, code):
    with pytest.raises(Conflict) as refused:
        start(student, make_quiz(**terms))
    assert refused.value.code == code
    assert not Attempt.objects.exists()


def test_attempts_are_limited_and_numbered(student, make_quiz, finish, start):
    quiz = make_quiz(max_attempts=2)
    assert [finish(student, quiz).number, finish(student, quiz).number] == [1, 2]
    with pytest.raises(Conflict) as refused:
        start(student, quiz)
    assert refused.value.code == "attempts_used_up"
    services.accommodate(quiz=quiz, user=student, extra_seconds=0, extra_attempts=1)
    assert start(student, quiz).number == 3


def test_only_people_of_the_course_start(make_user, quiz, student):
    with pytest.raises(NotFound):
        services.start_attempt(user=make_user("stranger"), quiz=quiz)
    enrollment = courses.enroll(user=student, course=quiz.lesson.section.course)
    courses.drop(enrollment=enrollment)
    with pytest.raises(Conflict, match="not active"):
        services.start_attempt(user=student, quiz=quiz)


@pytest.mark.parametrize(
    ("limit", "closes_in", "extra", "expected"),
    [(600, None, 0, 600), (600, 300, 0, 300), (600, 7200, 0, 600), (600, 300, 120, 420), (None, 300, 0, 300),
     (600, 7200, 120, 720), (None, None, 60, None)],
)  # fmt: skip
def test_the_deadline_is_the_earlier_of_limit_and_closing(student, make_quiz, start, limit, closes_in, extra, expected):
    closes = timezone.now() + datetime.timedelta(seconds=closes_in) if closes_in else None
    quiz = make_quiz(time_limit_seconds=limit, closes_at=closes, grace_seconds=7)
    services.accommodate(quiz=quiz, user=student, extra_seconds=extra)
    attempt = start(student, quiz)
    if expected is None:
        assert (attempt.deadline_at, attempt.accepts_until) == (None, None)
    else:
        assert (attempt.deadline_at - attempt.started_at).total_seconds() == pytest.approx(expected, abs=2)
        assert attempt.accepts_until - attempt.deadline_at == datetime.timedelta(seconds=7)


def test_extra_time_reaches_the_attempt_in_progress(student, make_quiz, start):
    quiz = make_quiz(time_limit_seconds=600)
    attempt = start(student, quiz)
    before = attempt.deadline_at
    services.accommodate(quiz=quiz, user=student, extra_seconds=300)
    attempt.refresh_from_db()
    assert attempt.deadline_at - before == datetime.timedelta(seconds=300)


def test_a_moved_closing_moves_the_deadlines_in_progress(student, make_quiz, start):
    quiz = make_quiz(time_limit_seconds=600)
    attempt = start(student, quiz)
    services.update_quiz(quiz=quiz, time_limit_seconds=60)
    attempt.refresh_from_db()
    assert attempt.deadline_at - attempt.started_at == datetime.timedelta(seconds=60)


def test_the_last_save_counts(student, quiz, start):
    attempt = start(student, quiz)
    services.save_answer(attempt=attempt, position=1, response="b")
    saved = services.save_answer(attempt=attempt, position=1, response="a")
    assert (saved.response, saved.revision) == ("a", 2)


def test_what_cannot_be_saved(student, make_user, quiz, start):
    attempt = start(student, quiz)
    with pytest.raises(Unprocessable, match="isn't part of the question"):
        services.save_answer(attempt=attempt, position=1, response="z")
    with pytest.raises(NotFound):
        services.save_answer(attempt=attempt, position=9, response="a")
    services.submit_attempt(attempt=attempt)
    with pytest.raises(Conflict) as refused:
        services.save_answer(attempt=attempt, position=1, response="a")
    assert refused.value.code == "attempt_closed"


def test_after_deadline_and_grace_nothing_is_saved(student, quiz, start):
    attempt = start(student, quiz)
    overdue(attempt)
    with pytest.raises(Conflict) as refused:
        services.save_answer(attempt=attempt, position=1, response="a")
    assert refused.value.code == "deadline_passed"


def test_within_the_grace_period_a_submission_counts(student, make_quiz, start):
    attempt = start(student, make_quiz(time_limit_seconds=600))
    now = timezone.now()
    Attempt.objects.filter(pk=attempt.pk).update(
        deadline_at=now - datetime.timedelta(seconds=2), accepts_until=now + datetime.timedelta(seconds=30)
    )
    assert services.submit_attempt(attempt=attempt).state == "submitted"


def test_submitting_too_late_closes_as_expired_and_grades_what_was_saved(student, quiz, start, names):
    attempt = start(student, quiz)
    services.save_answer(attempt=attempt, position=1, response="a")
    overdue(attempt)
    assert services.submit_attempt(attempt=attempt).closed_as == "expired"
    outbox.relay()
    attempt.refresh_from_db()
    assert (attempt.state, attempt.points) == ("graded", Decimal(1))
    assert "attempt_submitted" not in names()


def test_the_sweep_expires_what_is_overdue_and_nothing_else(make_user, quiz, start, names):
    late, early = start(make_user("late"), quiz), start(make_user("early"), quiz)
    services.save_answer(attempt=late, position=2, response="SECRET  answer")
    overdue(late)
    assert (services.sweep(), services.sweep()) == (1, 0)
    outbox.relay()
    late.refresh_from_db()
    early.refresh_from_db()
    assert (late.state, late.closed_as, late.points, early.state) == ("graded", "expired", Decimal(1), "in_progress")
    assert names().count("attempt_expired") == 1
    assert Sweep.objects.get().expired == 0


def test_a_new_start_after_the_deadline_expires_the_old_attempt(student, quiz, start):
    first = start(student, quiz)
    overdue(first)
    second = start(student, quiz)
    first.refresh_from_db()
    assert (first.state, second.number, second.state) == ("expired", 2, "in_progress")


def test_submitting_again_changes_nothing(student, quiz, finish, names):
    attempt = finish(student, quiz)
    assert services.submit_attempt(attempt=attempt).state == "graded"
    assert Message.objects.filter(topic="quizzes.grade").count() == 1
    assert names().count("attempt_submitted") == 1


def test_the_database_refuses_answers_to_closed_attempts(student, quiz, finish):
    attempt = finish(student, quiz)
    answer = attempt.answers.first()
    for change in ("UPDATE quizzes_answer SET response = '\"b\"' WHERE id = %s",
                   "UPDATE quizzes_answer SET revision = 9 WHERE id = %s"):  # fmt: skip
        with pytest.raises(IntegrityError, match="takes no more answers"), connection.cursor() as cursor:
            cursor.execute(change, [answer.pk])
    with pytest.raises(IntegrityError, match="takes no more answers"), transaction.atomic():
        Answer.objects.create(attempt=attempt, version=answer.version, position=9)


def test_the_database_holds_one_attempt_in_progress_and_each_number_once(student, quiz, start):
    attempt = start(student, quiz)
    fields = {"enrollment": attempt.enrollment, "quiz": quiz, "started_at": timezone.now()}
    with pytest.raises(IntegrityError, match="quizzes_attempt_one_in_progress"), transaction.atomic():
        Attempt.objects.create(number=2, **fields)
    with pytest.raises(IntegrityError, match="quizzes_attempt_number_once"), transaction.atomic():
        Attempt.objects.create(number=1, state="submitted", closed_as="submitted", closed_at=timezone.now(), **fields)
    with pytest.raises(IntegrityError, match="quizzes_attempt_graded_with_result"), transaction.atomic():
        Attempt.objects.create(number=2, state="graded", closed_as="submitted", closed_at=timezone.now(), **fields)


def test_editing_or_deleting_a_question_changes_no_old_attempt(student, quiz, finish):
    attempt = finish(student, quiz)

    def shown():
        again = selectors.attempt_for(student, attempt.public_id)
        return [(a.version.prompt, a.version.content, a.response, a.points) for a in again.answers.all()], again.percent

    before = shown()
    first, second = Question.objects.filter(quiz=quiz)
    services.revise_question(
        question=first, prompt="Pick B", content={"choices": [{"id": "b", "text": "B", "weight": "1"}]}
    )
    services.delete_question(question=second)
    assert shown() == before
    assert Question.objects.filter(quiz=quiz).count() == 1
    services.compute_statistics(quiz=quiz)


def test_a_version_never_changes(quiz):
    with pytest.raises(IntegrityError, match="never changes"):
        QuestionVersion.objects.update(points=5)


def test_deleting_a_question_nobody_was_asked_leaves_nothing(quiz):
    services.delete_question(question=Question.objects.filter(quiz=quiz).first())
    assert QuestionVersion.objects.count() == 1


def test_a_pool_is_drawn_from_anew_for_each_attempt(make_user, make_quiz, start):
    quiz = make_quiz(questions=False)
    pool = services.set_pool(quiz=quiz, name="hard", draw=2)
    for number in range(6):
        services.add_question(quiz=quiz, kind="single_choice", prompt=f"Q{number}", content=SINGLE, pool=pool)
    services.add_question(quiz=quiz, kind="single_choice", prompt="fixed", content=SINGLE)
    drawn = set()
    for number in range(12):
        attempt = start(make_user(f"p{number}"), quiz)
        prompts = [answer.version.prompt for answer in attempt.answers.select_related("version")]
        assert len(prompts) == 3
        assert "fixed" in prompts
        drawn.add(tuple(prompts))
    assert len(drawn) > 1


@pytest.mark.parametrize(("policy", "fraction"), [("highest", 1.0), ("latest", 0.5), ("average", 0.75)])
def test_what_counts_of_several_attempts(student, make_quiz, finish, policy, fraction):
    # The lesson keeps its best result, so what the policy gives is seen with the better attempt first or alone.
    quiz = make_quiz(scoring_policy=policy, pass_mark=Decimal(90))
    recorded = []
    first, second = finish(student, quiz), None
    LessonProgress.objects.update(fraction=None)
    second = finish(student, quiz, {1: "a", 2: "no"})
    recorded = [first.percent, second.percent]
    assert recorded == [Decimal(100), Decimal(50)]
    assert LessonProgress.objects.get().fraction == fraction
