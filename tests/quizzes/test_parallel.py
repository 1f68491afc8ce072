"""The same things done by many at once: real threads, real connections."""

from collections import Counter
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from core.errors import Conflict
from courses import services as courses
from courses.models import Enrollment
from outbox import services as outbox
from outbox.models import Message
from quizzes import scoring, services
from quizzes.models import Answer, Attempt, GradeChange, Submission, SubmissionState
from tests.at_once import at_once
from tests.quizzes.conftest import overdue

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _pool_of_an_api_worker(transactional_db):
    """The product's API has twelve connections a worker; the tests' process has two. Waiting is not what is tested."""
    options = connection.settings_dict["OPTIONS"]
    usual = options["pool"]
    connection.close()
    connection.close_pool()
    options["pool"] = {**usual, "max_size": 12, "timeout": 60}
    yield
    connection.close()
    connection.close_pool()
    options["pool"] = usual


def post(client_of, user, path, key):
    response = client_of(user).post(path, {}, headers={"Idempotency-Key": key})
    return response.status_code, response.json()


@pytest.fixture
def unlimited(settings):
    """The rate limits are others' to test."""
    settings.LIMITS = dict.fromkeys(settings.LIMITS, "100000/60")


def test_fifty_starts_at_once_make_one_attempt(student, quiz, client_of, unlimited):
    courses.enroll(user=student, course=quiz.lesson.section.course)
    path = f"/api/v1/quizzes/{quiz.public_id}/attempts"
    results = at_once([lambda n=n: post(client_of, student, path, f"start-{n}") for n in range(50)])
    assert set(Counter(status for status, _ in results)) <= {200, 201, 409}
    assert Counter(status for status, _ in results)[201] == 1
    assert Attempt.objects.count() == 1
    assert {body["id"] for status, body in results if status < 300} == {str(Attempt.objects.get().public_id)}


def test_starting_and_submitting_over_and_over_never_passes_the_limit(student, quiz):
    courses.enroll(user=student, course=quiz.lesson.section.course)

    def take() -> Any:
        attempt, _ = services.start_attempt(user=student, quiz=quiz)
        return services.submit_attempt(attempt=attempt).number

    results = at_once([take] * 50)
    refused = [result for result in results if isinstance(result, Exception)]
    assert {type(error) for error in refused} <= {Conflict}
    assert {error.code for error in refused} <= {"attempts_used_up"}
    assert sorted(Attempt.objects.values_list("number", flat=True)) == [1, 2, 3]
    assert Attempt.objects.filter(state="in_progress").count() <= 1


def test_one_attempt_submitted_fifty_times_at_once_has_one_result(student, quiz, start, client_of, names, unlimited):
    attempt = start(student, quiz)
    services.save_answer(attempt=attempt, position=1, response="a")
    path = f"/api/v1/attempts/{attempt.public_id}/submission"
    results = at_once([lambda n=n: post(client_of, student, path, f"submit-{n}") for n in range(50)])
    assert {status for status, _ in results} == {200}
    assert all(body == results[0][1] for _, body in results)
    at_once([outbox.relay] * 4)
    assert names().count("attempt_submitted") == 1
    assert names().count("attempt_graded") == 1
    assert Message.objects.filter(topic="quizzes.grade").count() == 1
    attempt.refresh_from_db()
    assert (attempt.state, attempt.points) == ("graded", Decimal(1))


def stored_grade(attempt: Attempt) -> Decimal:
    return sum(
        (
            scoring.points(scoring.fraction(a.version.kind, a.version.content, a.response), a.version.points)
            for a in Answer.objects.filter(attempt=attempt).select_related("version")
        ),
        Decimal(0),
    )


@pytest.mark.parametrize("round_", range(3))
def test_submitting_against_autosaves_grades_what_is_stored(student, quiz, start, names, round_):
    attempt = start(student, quiz)
    saves = [
        lambda r=response: services.save_answer(attempt=Attempt.objects.get(pk=attempt.pk), position=1, response=r)
        for response in ["a", "b"] * 8
    ]
    calls = [*saves, lambda: services.submit_attempt(attempt=Attempt.objects.get(pk=attempt.pk))]
    results = at_once([*calls[:8], calls[-1], *calls[8:-1]])
    refused = [result for result in results if isinstance(result, Exception)]
    assert {getattr(error, "code", error) for error in refused} <= {"attempt_closed"}
    outbox.relay()
    attempt.refresh_from_db()
    accepted = [result for result in results if isinstance(result, Answer)]
    answer = Answer.objects.get(attempt=attempt, position=1)
    assert answer.revision == len(accepted)
    assert (attempt.state, attempt.points) == ("graded", stored_grade(attempt))


@pytest.mark.parametrize("round_", range(3))
def test_submitting_against_expiry_at_the_deadline_ends_once(student, quiz, start, names, round_):
    attempt = start(student, quiz)
    services.save_answer(attempt=attempt, position=2, response="secret answer")
    overdue(attempt, seconds=-0.05)

    def submit() -> Any:
        return services.submit_attempt(attempt=Attempt.objects.get(pk=attempt.pk)).closed_as

    def sweep() -> Any:
        while Attempt.objects.get(pk=attempt.pk).state == "in_progress":
            services.sweep()
        return None

    save = lambda: services.save_answer(attempt=attempt, position=1, response="a")  # noqa: E731
    results = at_once([sweep, sweep, submit, submit, save, save])
    assert not [r for r in results if isinstance(r, Exception) and not isinstance(r, Conflict)]
    at_once([outbox.relay] * 3)
    attempt.refresh_from_db()
    assert (names().count("attempt_submitted") + names().count("attempt_expired"), names().count("attempt_graded")) == (
        1, 1,
    )  # fmt: skip
    assert (attempt.state, attempt.points) == ("graded", stored_grade(attempt))


def test_grading_by_many_workers_happens_once(student, quiz, start, names):
    attempt = start(student, quiz)
    services.save_answer(attempt=attempt, position=1, response="a")
    services.submit_attempt(attempt=attempt)
    at_once([lambda: services.grade_attempt(attempt_id=attempt.pk)] * 8)
    assert (names().count("attempt_graded"), names().count("attempt_passed")) == (1, 1)


def test_two_attempts_of_one_course_graded_at_once_complete_it_once(make_user, quiz, start):
    attempts = [start(make_user(f"p{n}"), quiz) for n in range(6)]
    for attempt in attempts:
        services.save_answer(attempt=attempt, position=1, response="a")
        services.submit_attempt(attempt=attempt)
    at_once([outbox.relay] * 4)
    assert set(Attempt.objects.values_list("state", flat=True)) == {"graded"}
    assert set(Enrollment.objects.values_list("state", flat=True)) == {"completed"}


def test_graders_at_once_each_claim_another_answer(make_user, make_quiz, start, instructor):
    quiz = make_quiz(essay=True)
    for number in range(4):
        attempt = start(make_user(f"p{number}"), quiz)
        services.save_answer(attempt=attempt, position=3, response="text")
        services.submit_attempt(attempt=attempt)
    outbox.relay()
    graders = [make_user(f"g{number}", "instructor") for number in range(6)]
    courses_ = type(quiz.lesson.section.course).objects.filter(pk=quiz.lesson.section.course.pk)
    claimed = at_once([lambda g=g: services.claim_next(by=g, courses=courses_) for g in graders])
    keys = [answer.pk for answer in claimed if answer is not None]
    assert (len(keys), len(set(keys))) == (4, 4)


def test_one_answer_is_graded_by_one_person(make_user, make_quiz, start, instructor):
    quiz = make_quiz(questions=False, essay=True)
    attempt = start(make_user("p"), quiz)
    services.save_answer(attempt=attempt, position=1, response="text")
    services.submit_attempt(attempt=attempt)
    outbox.relay()
    answer = services.claim(answer=attempt.answers.get(), by=instructor)
    results = at_once(
        [lambda p=p: services.grade_answer(answer=answer, by=instructor, points=Decimal(p)) for p in range(4)]
    )
    assert [getattr(r, "code", None) for r in results].count("not_claimed") == 3
    assert GradeChange.objects.count() == 1
    attempt.refresh_from_db()
    assert (attempt.state, attempt.points) == ("graded", GradeChange.objects.get().new_points)


def test_versions_handed_in_at_once_get_numbers_of_their_own_and_one_waits(student, make_assignment):
    assignment = make_assignment(max_versions=4)
    courses.enroll(user=student, course=assignment.lesson.section.course)

    def submit(number: int) -> int:
        return services.submit_assignment(user=student, assignment=assignment, text=f"version {number}").number

    results = at_once([lambda n=n: submit(n) for n in range(12)])
    assert sorted(result for result in results if isinstance(result, int)) == [1, 2, 3, 4]
    assert [error.code for error in results if isinstance(error, Conflict)] == ["versions_used_up"] * 8
    waiting = Submission.objects.filter(state=SubmissionState.WAITING)
    assert list(waiting.values_list("number", flat=True)) == [4]


def test_items_claimed_at_once_go_to_one_grader_each(make_user, make_assignment):
    assignment = make_assignment()
    course = assignment.lesson.section.course
    graders = [make_user(f"grader{n}", "instructor") for n in range(6)]
    for n in range(4):
        person = make_user(f"student{n}")
        courses.enroll(user=person, course=course)
        services.submit_assignment(user=person, assignment=assignment, text="text")
    everything = type(course).objects.filter(pk=course.pk)
    claimed = at_once([lambda by=by: services.claim_next(by=by, courses=everything) for by in graders])
    assert sorted(Counter(item.pk for item in claimed if item is not None).values()) == [1, 1, 1, 1]
    assert claimed.count(None) == 2
