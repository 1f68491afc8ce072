"""Grading in the browser: claim, grade, go on, give back, override; and what is refused."""

from decimal import Decimal

import pytest

from accounts.models import User
from courses import services as courses
from pages.learning import LESSON_POLICY
from quizzes import services
from quizzes.models import GradeChange, QueueItem
from tests.pages.teaching_world import Work, attempt_of, make_work, submission_of


@pytest.fixture
def work(world) -> Work:
    return make_work(world)


@pytest.fixture
def instructor(world, as_user):
    return as_user(world.people["instructor"])


def test_the_queue_shows_the_oldest_first_and_grading_takes_it_off(work, instructor):
    text = instructor.get(work.path("queue")).text
    assert "2 items wait for a grade, oldest first" in text
    assert text.index("Exam") < text.index("Report")
    page = instructor.post(work.path("grade-next"), follow=True)
    assert page.request["PATH_INFO"] == work.path("grade-answer")
    assert "Because of &lt;i&gt;water&lt;/i&gt;." in page.text
    assert page["Content-Security-Policy"] == LESSON_POLICY
    done = instructor.post(
        work.path("grade-answer"),
        {"rubric-form": "1,5", "rubric-fact": "2", "comment": "Well said.", "next": "1"},
        follow=True,
    )
    assert "The grade is kept." in done.text
    assert done.request["PATH_INFO"] == work.path("grade-submission")
    answer = work.attempt.answers.get(position=2)
    marks = {"form": "1.5000", "fact": "2.0000"}
    assert (float(answer.points), answer.rubric, answer.comment) == (3.5, marks, "Well said.")
    instructor.post(work.path("grade-submission"), {"points": "8"})
    assert QueueItem.objects.count() == 0
    assert "Nothing waits for you." in instructor.post(work.path("grade-next"), follow=True).text


def test_what_was_typed_comes_back_when_the_grade_is_refused(work, instructor):
    instructor.post(work.path("claim-submission"))
    too_many = instructor.post(work.path("grade-submission"), {"points": "11", "comment": "Long and <b>thoughtful</b>"})
    no_number = instructor.post(work.path("grade-submission"), {"points": "ten", "comment": "Long and thoughtful"})
    nothing = instructor.post(work.path("grade-submission"), {"comment": "Long and thoughtful"})
    assert [answer.status_code for answer in (too_many, no_number, nothing)] == [422, 400, 422]
    assert "Points must be within 0..10." in too_many.text
    assert "Long and &lt;b&gt;thoughtful&lt;/b&gt;</textarea>" in too_many.text
    assert 'value="ten"' in no_number.text
    assert QueueItem.objects.count() == 2


def test_a_claimed_item_is_nobody_elses_until_it_is_given_back(world, work, as_user, instructor):
    assistant = as_user(world.people["assistant"])
    instructor.post(work.path("claim-answer"))
    assert "instructor has it" in assistant.get(work.path("queue")).text
    assert "instructor has it" in assistant.get(work.path("grade-answer")).text
    refused = assistant.post(work.path("claim-answer"))
    assert (refused.status_code, "Somebody else is grading" in refused.text) == (409, True)
    assert assistant.post(work.path("grade-answer"), {"points": "1"}).status_code == 409
    assistant.post(work.path("release-answer"))
    assert "instructor has it" in assistant.get(work.path("queue")).text
    instructor.post(work.path("release-answer"))
    assert assistant.post(work.path("claim-answer")).status_code == 302


def test_nobody_sees_or_grades_their_own_work(world, work, instructor):
    teacher = world.people["instructor"]
    courses.enroll(user=teacher, course=world.course)
    attempt, submission = attempt_of(teacher, work.quiz), submission_of(teacher, work.assignment)
    assert "2 items wait for a grade" in instructor.get(work.path("queue")).text
    page = instructor.get(f"/teaching/answers/{attempt.public_id}/2").text
    assert "Nobody grades their own work." in page
    assert "Take it for 30 minutes" not in page
    assert instructor.post(f"/teaching/answers/{attempt.public_id}/2/claim").status_code == 409
    assert instructor.post(f"/teaching/submissions/{submission.public_id}/claim").status_code == 409
    admin = world.people["admin"]
    services.claim(answer=attempt.answers.get(position=2), by=admin)
    services.grade_answer(answer=attempt.answers.get(position=2), by=admin, points=Decimal(1))
    override = {"points": "4", "reason": "I liked it"}
    assert instructor.post(f"/teaching/answers/{attempt.public_id}/2/override", override).status_code == 409
    assert float(attempt.answers.get(position=2).points) == 1


def test_instructors_override_with_a_reason_and_assistants_see_no_form(world, work, as_user, instructor):
    for name in ("answer", "submission"):
        instructor.post(work.path(f"claim-{name}"))
        instructor.post(work.path(f"grade-{name}"), {"points": "1"})
        assert "Change the points" not in as_user(world.people["assistant"]).get(work.path(f"grade-{name}")).text
        assert "Change the points" in instructor.get(work.path(f"grade-{name}")).text
        no_reason = instructor.post(work.path(f"override-{name}"), {"points": "3", "reason": " "})
        assert no_reason.status_code == 400
        done = instructor.post(work.path(f"override-{name}"), {"points": "3", "reason": "Read again"}, follow=True)
        assert "The points are changed." in done.text
    changes = GradeChange.objects.filter(kind="override").values_list("by__name", "reason", "new_points")
    assert [(by, reason, float(points)) for by, reason, points in changes] == [("instructor", "Read again", 3.0)] * 2


def test_an_attempt_leads_to_its_answers_and_says_what_was_chosen(work, instructor):
    text = instructor.get(work.path("learner-attempt")).text
    assert text.count(f'href="/teaching/answers/{work.attempt.public_id}/') == 2
    assert '<p class="handed-in">Gills</p>' in text
    assert "waits for a grade" in text


def test_the_21st_item_is_on_the_second_page(world, work, instructor):
    for number in range(19):
        user = User.objects.create(email=f"more{number}@example.com", name=f"learner {number}")
        courses.enroll(user=user, course=world.course)
        submission_of(user, work.assignment)
    second = instructor.get(work.path("queue") + "?page=2")
    assert second.text.count('<th scope="row">') == 1
