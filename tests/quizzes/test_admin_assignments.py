"""The admin of assignments: what was handed in is only seen; overriding, giving back and quarantine are services."""

from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Role
from courses import services as courses
from quizzes import services
from quizzes.models import GradeChange, Submission, SubmissionFile

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def admin_user(make_user):
    return make_user("admin", Role.ADMIN)


@pytest.fixture
def admin(admin_user, client):
    client.force_login(admin_user)
    return client


@pytest.fixture
def hand_in(make_assignment, make_user):
    def submit(name: str, *, title: str = "Chemistry") -> Submission:
        assignment = make_assignment(title=title)
        person = make_user(name)
        courses.enroll(user=person, course=assignment.lesson.section.course)
        file = SimpleUploadedFile("report.txt", b"text")
        return services.submit_assignment(user=person, assignment=assignment, text="done", files=[file])

    return submit


def graded(submission: Submission, by) -> Submission:
    services.claim_submission(submission=submission, by=by)
    return services.grade_submission(submission=submission, by=by, points=Decimal(40))


def act(admin, action: str, *submissions: Submission, **fields: str) -> str:
    data = {"action": action, "_selected_action": [row.pk for row in submissions], **fields}
    answer = admin.post(reverse("admin:quizzes_submission_changelist"), data, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.parametrize("name", ["assignment", "submission", "submissionfile", "gradechange"])
def test_a_change_list_keeps_its_query_count(admin, hand_in, instructor, name):
    path = reverse(f"admin:quizzes_{name}_changelist") + "?q=e"

    def queries() -> int:
        with CaptureQueriesContext(connection) as taken:
            assert admin.get(path).status_code == 200
        return len(taken)

    def grow(first: int, last: int) -> None:
        for number in range(first, last):
            graded(hand_in(f"student{number}", title=f"Course {number}"), instructor)

    grow(0, 2)
    queries()
    few = queries()
    grow(2, 6)
    assert queries() == few


def test_overriding_tells_what_a_rule_refuses_and_does_the_others(admin, admin_user, hand_in, instructor):
    done, waiting = graded(hand_in("one"), instructor), hand_in("two", title="Physics")
    page = act(admin, "override", done, waiting, points="90", reason="Oral exam")
    assert "1 submissions overridden." in page
    assert "The submission isn&#x27;t graded yet." in page
    assert dict(Submission.objects.values_list("pk", "points")) == {done.pk: Decimal(90), waiting.pk: None}
    change = GradeChange.objects.get(kind="override")
    assert (change.submission, change.by, change.reason) == (done, admin_user, "Oral exam")


@pytest.mark.parametrize(
    ("fields", "told"), [({}, "Give the points"), ({"points": "9"}, "Say why"), ({"points": "x"}, "No action selected")]
)
def test_without_points_or_a_reason_nothing_is_overridden(admin, hand_in, instructor, fields, told):
    done = graded(hand_in("one"), instructor)
    assert told in act(admin, "override", done, **fields)
    assert Submission.objects.get().points == 40


def test_a_claimed_submission_goes_back_to_the_queue(admin, hand_in, instructor, make_user):
    submission = hand_in("one")
    services.claim_submission(submission=submission, by=instructor)
    act(admin, "release", submission)
    submission.refresh_from_db()
    assert (submission.claimed_by, submission.claimed_until) == (None, None)


def test_quarantine_is_for_all_files_of_a_submission_or_for_one(admin, hand_in):
    submission = hand_in("one")
    act(admin, "quarantine", submission)
    file = SubmissionFile.objects.get()
    assert file.quarantined
    data = {"action": "let_out", "_selected_action": [file.pk]}
    assert admin.post(reverse("admin:quizzes_submissionfile_changelist"), data).status_code == 302
    file.refresh_from_db()
    assert not file.quarantined


def test_what_was_handed_in_is_seen_with_files_and_grades_and_not_edited(admin, hand_in, instructor):
    submission = graded(hand_in("one"), instructor)
    path = reverse("admin:quizzes_submission_change", args=[submission.pk])
    page = admin.get(path).content.decode()
    assert "report.txt" in page
    assert "Graded by a person" in page
    assert admin.post(path, {"state": "waiting"}).status_code == 403
    listed = admin.get(reverse("admin:quizzes_submission_changelist"), {"late": "yes"}).content.decode()
    assert str(submission.public_id) not in listed
    listed = admin.get(reverse("admin:quizzes_submission_changelist"), {"late": "no"}).content.decode()
    assert str(submission.public_id) in listed
